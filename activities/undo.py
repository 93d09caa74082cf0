"""Walking a handover back: every owner as it was, except where somebody has decided otherwise since."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from activities.transfer_ledger import Outcome, one_at_a_time
from models.evidence import digest
from models.handover import UndoSummary
from store import evidence
from store.tables import effects
from systems.clients.port import ClientBook, Kind, OwnerChange


def give_back(
    connection: Connection, book: ClientBook, case_id: str, made: Sequence[Outcome], *, at: datetime
) -> UndoSummary:
    """Undo some transfers in one transaction. Those undone before are counted, not touched again.

    A transfer counts as restored when its client or deal, or the item that it was about, has its old owner back;
    items of a client whose collector somebody changed since are named in the evidence.
    """
    one_at_a_time(connection, case_id)
    before = _undone(connection, case_id, made)
    pending = [one for one in made if _key(case_id, one) not in before]
    given: set[tuple[Kind, str]] = set()
    for kind in (Kind.OPPORTUNITY, Kind.CLIENT):
        steps = [_step(one) for one in pending if one.kind is kind]
        given |= {(kind, one) for one in book.give_back(connection, kind, steps, case_id)}
    items = [step for one in pending for step in _items(one)]
    given |= {(Kind.COLLECTOR, item) for item in book.give_back(connection, Kind.COLLECTOR, items, case_id)}
    restored = {_key(case_id, one): (one.kind, one.id) in given for one in pending}
    _record(connection, case_id, pending, restored, at)
    if pending:
        stayed = sorted(f"{one.kind.value}/{one.id}" for one in pending if not restored[_key(case_id, one)])
        kept = sorted(after.id for after, _ in items if (Kind.COLLECTOR, after.id) not in given)
        body: dict[str, object] = {
            "restored": sum(restored.values()),
            "left": stayed,
            "items_left": kept,
            "digest": digest(sorted(restored)),
        }
        evidence.append(connection, case_id, "handover.undone", body, at=at)
    every = [*before.values(), *restored.values()]
    return UndoSummary(restored=sum(every), left=len(every) - sum(every))


def _key(case_id: str, outcome: Outcome) -> str:
    return f"{case_id}/undo/{outcome.kind.value}/{outcome.id}"


def _step(outcome: Outcome) -> tuple[OwnerChange, OwnerChange]:
    return outcome.after, outcome.earlier


def _items(outcome: Outcome) -> list[tuple[OwnerChange, OwnerChange]]:
    if outcome.kind is Kind.COLLECTOR:
        return [_step(outcome)]
    before = outcome.before.invoices if outcome.before else {}
    return [
        (OwnerChange(id=item, owner_id=who), OwnerChange(id=item, owner_id=before[item]))
        for item, who in outcome.invoices.items()
    ]


def _undone(connection: Connection, case_id: str, made: Sequence[Outcome]) -> dict[str, bool]:
    keys = [_key(case_id, one) for one in made]
    rows = connection.execute(select(effects.c.key, effects.c.result).where(effects.c.key.in_(keys)))
    return {row.key: bool(row.result["restored"]) for row in rows}


def _record(
    connection: Connection, case_id: str, pending: Sequence[Outcome], restored: dict[str, bool], at: datetime
) -> None:
    rows = [
        {
            "key": _key(case_id, one),
            "case_id": case_id,
            "request_hash": digest({"kind": one.kind.value, "id": one.id}),
            "before": one.after.model_dump(mode="json"),
            "result": {"restored": restored[_key(case_id, one)]},
            "at": at,
        }
        for one in pending
    ]
    if rows:
        connection.execute(effects.insert(), rows)
