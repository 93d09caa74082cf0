"""Figures of a report that can be followed: to their parts and to the open items behind them."""

from collections.abc import Mapping
from difflib import get_close_matches

from sqlalchemy import Connection

from models.ageing import AgeingPolicy
from models.amounts import ZERO, plain
from models.errors import Refused
from models.explanation import ExplainedItem, Explanation
from models.figures import Figure, figures_of
from models.figures_behind import Behind, adds_to, behind, singly_assessed
from models.report import CaseReport, ReportReceivables
from reports.money_items import MOST, opened_figures
from store import audited_items, cases

OTHERS = "receivables.others."
NAMED_ONCE = "clients."  # there are as many of these as clients: one pattern stands for all


def opened(connection: Connection, report: CaseReport) -> dict[str, Behind]:
    """The items that the figures of the report's page open to."""
    money = report.receivables
    if money is None:
        return {}
    items = audited_items.read(connection, report.case.id, money.audit)
    return behind(opened_figures(money), items, money, _ageing(connection, report), MOST)


def explain(connection: Connection, report: CaseReport, name: str) -> Explanation:
    """Open one figure. Raises Refused for a name that the report does not have, with those that it has."""
    money = report.receivables
    if money is None:
        raise Refused(
            "version {version} of the report of {case!r} holds no receivables: nothing is open, or they are unknown",
            version=report.version,
            case=report.case.id,
        )
    figures = figures_of(money)
    if name not in figures:
        raise _unknown(name, figures)
    figure = figures[name]
    items = _items(connection, report, money, figure.items_of) if figure.items_of else ()
    return Explanation(
        case_id=report.case.id,
        version=report.version,
        policy=f"{report.policy.name} {report.policy.version}",
        as_of=money.as_of,
        source=money.source,
        figure=figure,
        items=items,
        items_total=plain(sum((each.counts for each in items), ZERO)) if figure.items_of else None,
    )


def _items(
    connection: Connection, report: CaseReport, money: ReportReceivables, base: str
) -> tuple[ExplainedItem, ...]:
    """The items of a figure that is a sum of items, in the order of the source."""
    ageing, singly = _ageing(connection, report), singly_assessed(money)
    return tuple(
        ExplainedItem.of(item, added.amount, money.as_of)
        for item in audited_items.read(connection, report.case.id, money.audit)
        for added in adds_to(item, money, ageing, singly)
        if added.figure == base
    )


def _ageing(connection: Connection, report: CaseReport) -> AgeingPolicy:
    """The policy that is pinned to the case: that of the files may be newer."""
    return cases.get(connection, report.case.id).policy.ageing


def _unknown(name: str, figures: Mapping[str, Figure]) -> Refused:
    near = get_close_matches(name, figures, n=3)
    every = ", ".join(dict.fromkeys(_pattern(each) for each in figures))
    if not near:
        return Refused("the report has no figure {figure!r}. It has: {figures}", figure=name, figures=every)
    return Refused(
        "the report has no figure {figure!r}. Nearest: {near}. It has: {figures}",
        figure=name,
        near=", ".join(near),
        figures=every,
    )


def _pattern(name: str) -> str:
    """A name as it stands in a list: clients in one entry, and other currencies, whose figures are the same, too."""
    if name.startswith(OTHERS):
        return f"{OTHERS}<currency>.<figure>"
    start, found, client = name.partition(NAMED_ONCE)
    return f"{start}{NAMED_ONCE}<id>.{client.rsplit('.', 1)[1]}" if found else name
