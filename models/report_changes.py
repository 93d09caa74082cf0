"""What a new version of a report changes, and whether approvals given for the old one still stand (features D28)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from models.access import ResultClass
from models.amounts import ZERO, plain
from models.handover import TransferStatus
from models.policy import Material
from models.reasons import Reason, because
from models.report import CaseReport, ReportReceivables, ReportTransfer

Key = tuple[str, str | None]


class _Owed(NamedTuple):
    currency: str
    total: Decimal
    overdue: Decimal
    reconciled: bool


def is_material(before: CaseReport | None, after: CaseReport, limits: Material) -> bool:
    """True when approvals given for `before` must be asked for again.

    That is: another level, a total that moved by more points than the limit, other unknowns, money that changed by a
    greater share than the limit (of the amount before), or another successor for something that is not handed over
    yet. A transfer that was carried out is not material.
    """
    if before is None or before.level is not after.level or set(before.unknowns) != set(after.unknowns):
        return True
    if abs(after.score - before.score) > limits.score:
        return True
    return _money_moved(before, after, limits.money) or bool(_other_successors(before, after))


def changes(before: CaseReport | None, after: CaseReport) -> tuple[Reason, ...]:
    """The differences between two versions in words; empty for a first version or when nothing differs."""
    if before is None:
        return ()
    return tuple(
        [
            *_result_changes(before, after),
            *_knowledge_changes(before, after),
            *_money_changes(before, after),
            *_handover_changes(before, after),
            *_control_changes(before, after),
        ]
    )


def _result_changes(before: CaseReport, after: CaseReport) -> Iterator[Reason]:
    if before.score != after.score:
        yield because("The score went from {before} to {after}.", before=plain(before.score), after=plain(after.score))
    if before.level is not after.level:
        yield because("The level went from {before} to {after}.", before=before.level.value, after=after.level.value)


def _knowledge_changes(before: CaseReport, after: CaseReport) -> Iterator[Reason]:
    for name in before.unknowns:
        if name not in after.unknowns:
            yield because("Now known: {domain}.", domain=name)
    for name in after.unknowns:
        if name not in before.unknowns:
            yield because("No longer known: {domain}.", domain=name)


def _money_changes(before: CaseReport, after: CaseReport) -> Iterator[Reason]:
    old, new = before.receivables, after.receivables
    if old is None or new is None:
        return
    if old.currency != new.currency:
        yield because("The main currency went from {before} to {after}.", before=old.currency, after=new.currency)
    for then, now in _pairs(old, new):
        yield from _currency_changes(then, now)


def _currency_changes(then: _Owed, now: _Owed) -> Iterator[Reason]:
    if then.total != now.total:
        yield because(
            "Open receivables went from {before} to {after} {currency}.",
            before=then.total,
            after=now.total,
            currency=now.currency,
        )
    if then.overdue != now.overdue:
        yield because(
            "The overdue amount went from {before} to {after} {currency}.",
            before=then.overdue,
            after=now.overdue,
            currency=now.currency,
        )
    if then.reconciled != now.reconciled:
        yield because(
            "The open items in {currency} agree with the ledger now."
            if now.reconciled
            else "The open items in {currency} no longer agree with the ledger.",
            currency=now.currency,
        )


def _handover_changes(before: CaseReport, after: CaseReport) -> Iterator[Reason]:
    completed = _completed(after) - _completed(before)
    if completed > 0:
        yield because("Transfers carried out since then: {count}.", count=completed)
    if others := _other_successors(before, after):
        yield because("Transfers with another successor than before: {count}.", count=len(others))


def _control_changes(before: CaseReport, after: CaseReport) -> Iterator[Reason]:
    locked = _locked(after) - _locked(before)
    if locked > 0:
        yield because("Rights seen locked since then: {count}.", count=locked)
    ended = {each.gate for each in before.approvals if each.verdict}
    news = [each for each in after.approvals if each.verdict and each.gate not in ended]
    if news:
        yield because("Approvals that ended since then: {count}.", count=len(news))


def _money_moved(before: CaseReport, after: CaseReport, limit: Decimal) -> bool:
    old, new = before.receivables, after.receivables
    if old is None or new is None:
        return old is not new
    if old.currency != new.currency:
        return True
    pairs = [pair for then, now in _pairs(old, new) for pair in ((then.total, now.total), (then.overdue, now.overdue))]
    return any(abs(now - then) > limit * abs(then) for then, now in pairs)


def _pairs(old: ReportReceivables, new: ReportReceivables) -> list[tuple[_Owed, _Owed]]:
    """Every currency of either version, the main ones first; one that is not there owes nothing and agrees."""
    then, now = (
        {each.currency: _Owed(each.currency, each.total, each.overdue, each.reconciled) for each in report.currencies}
        for report in (old, new)
    )
    nothing = [_Owed(currency, ZERO, ZERO, True) for currency in {**now, **then}]
    return [(then.get(each.currency, each), now.get(each.currency, each)) for each in nothing]


def _other_successors(before: CaseReport, after: CaseReport) -> list[Key]:
    """What has another proposed successor than before, came new or fell out, and is not handed over yet."""
    if before.clients is None or after.clients is None:
        return []
    old, new = _transfers(before), _transfers(after)
    return [key for key in {**old, **new} if _differs(old.get(key), new.get(key))]


def _differs(old: ReportTransfer | None, new: ReportTransfer | None) -> bool:
    if new is None:
        return old is not None and old.status != TransferStatus.COMPLETED
    return new.status != TransferStatus.COMPLETED and (old is None or old.successor != new.successor)


def _transfers(report: CaseReport) -> dict[Key, ReportTransfer]:
    if report.clients is None:
        return {}
    every = (*report.clients.transfers, *report.clients.opportunity_transfers)
    return {("opportunity", each.opportunity) if each.opportunity else ("client", each.client): each for each in every}


def _completed(report: CaseReport) -> int:
    return sum(each.status == TransferStatus.COMPLETED for each in _transfers(report).values())


def _locked(report: CaseReport) -> int:
    steps = report.access.steps if report.access else ()
    return len({step.entitlement_id for step in steps if step.result is ResultClass.OBSERVED})
