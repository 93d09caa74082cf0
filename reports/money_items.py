"""The lists of open items that figures open to on a page."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from models.figures import Figure, figures_of
from models.figures_behind import Behind
from models.open_items import OpenItem
from models.report import ReportReceivables
from reports.blocks import Cell, Column, Row, Section, Table
from reports.debtors_table import top_debtors
from reports.money_outlook import CALLS_SHOWN
from reports.money_words import ITEM_KINDS
from reports.writer import Writer

MOST = 200  # items of one list on a page; the command has them all


def opened_figures(money: ReportReceivables) -> list[str]:
    """The figures that a page opens: all that are sums of items, of clients those that the page names."""
    named = {each.client for audit in money.currencies for each in top_debtors(audit)}
    named |= {each.client for audit in money.currencies for each in audit.clients if each.singly}
    named |= {each.client for each in (money.forecast.clients if money.forecast else ())[:CALLS_SHOWN]}
    return [name for name, figure in figures_of(money).items() if figure.items_of == name and _is_shown(name, named)]


def anchors(opened: Mapping[str, Behind]) -> dict[str, str]:
    """An anchor for every figure that has items."""
    return {name: f"items-{number}" for number, (name, found) in enumerate(opened.items(), 1) if found.items}


def item_lists(writer: Writer, opened: Mapping[str, Behind]) -> Iterator[Section]:
    """A list for every figure that has an anchor."""
    money = writer.report.receivables
    if money is None:
        return
    figures = figures_of(money)
    for name, anchor in writer.anchors.items():
        yield _list(writer, money, figures[name], opened[name], anchor)


def _list(writer: Writer, money: ReportReceivables, figure: Figure, found: Behind, anchor: str) -> Section:
    total = writer.money(found.amount, figure.currency)
    items = writer.count("{n} open item", "{n} open items", found.items)
    text = [
        writer.text(
            "{formula} {items}, together {total}.", formula=writer.why(figure.formula), items=items, total=total
        )
    ]
    if (hidden := found.items - len(found.largest)) > 0:
        command = f"offboard report {writer.report.case.id} --version {writer.report.version} --explain {figure.name}"
        text.append(
            writer.count(
                "{n} more item is left out here; `{command}` lists all of them.",
                "{n} more items are left out here; `{command}` lists all of them.",
                hidden,
                command=command,
            )
        )
    columns = (
        Column(writer.text("Document"), 4),
        Column(writer.text("Client"), 5),
        Column(writer.text("Issued"), 3),
        Column(writer.text("Due"), 3),
        Column(writer.text("Days past due"), 2, numeric=True),
        Column(writer.text("Open"), 4, numeric=True),
        Column(writer.text("Counts here"), 4, numeric=True),
    )
    rows = tuple(_row(writer, money, item, amount) for item, amount in found.largest)
    table = Table(caption=figure.name, columns=columns, rows=rows, empty="")
    return Section(
        anchor, writer.text("Behind {figure}", figure=f"{figure.name} = {total}"), text=tuple(text), tables=(table,)
    )


def _row(writer: Writer, money: ReportReceivables, item: OpenItem, amount: Decimal) -> Row:
    late = (money.as_of - item.due_on).days
    number = writer.text("instalment {n}", n=item.instalment) if item.instalment else ""
    notes = tuple(note for note in (writer.word(ITEM_KINDS, item.kind), number) if note)
    return Row(
        (
            Cell(item.document, notes),
            Cell(writer.client(item.client_id)),
            Cell(writer.day(item.issued_on)),
            Cell(writer.day(item.due_on)),
            Cell(writer.number(max(0, late))),
            Cell(writer.money(item.outstanding, item.currency)),
            Cell(writer.money(amount, item.currency)),
        )
    )


def _is_shown(name: str, clients: set[str]) -> bool:
    _, _, client = name.partition("clients.")
    return not client or client.rsplit(".", 1)[0] in clients
