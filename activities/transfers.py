"""One batch of a handover in one transaction: look again, decide, change owners, keep the before-state and proof."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from activities.transfer_ledger import Outcome, done, record, refuse_after_undo
from models.base import EmployeeId
from models.evidence import digest
from models.handover import Transfer, TransferStatus
from store import evidence
from store.tables import tasks
from systems.clients.port import ClientBook, Kind, OwnerChange, OwnerState

TASK = "assign_successor"

RUNNER_UP = "The first choice cannot take it any more: the next in line does."
NOBODY_LEFT = "Neither the first choice nor the next in line can take it any more: the manager holds it and decides."
CLOSED = "It was closed in the meantime and needs no successor."
FOLLOWED = "Its client went to somebody else than proposed, and the deal went with it."
TAKEN = "Somebody gave it to another owner in the meantime: nothing was changed."


@dataclass(frozen=True)
class Order:
    """What every batch of one handover needs. `due_at` is when the manager must have decided."""

    case_id: str
    leaver: EmployeeId
    interim_owner: EmployeeId | None
    default_capacity: int
    due_at: datetime
    at: datetime


def move_clients(connection: Connection, book: ClientBook, order: Order, transfers: Sequence[Transfer]) -> None:
    """Hand over clients with their open items; what was handed over before is skipped."""
    pending = _pending(connection, order, Kind.CLIENT, transfers)
    free = book.free_of(connection, _people(pending), order.default_capacity)
    states = book.client_states(connection, [transfer.id for transfer in pending])
    made = []
    for transfer in pending:
        state = states[transfer.id]
        who = next((one for one in (transfer.successor, transfer.runner_up) if one and free.get(one, 0) > 0), None)
        outcome = _client_outcome(transfer, state, who, order)
        if outcome:
            made.append(outcome)
            if outcome.before and who:
                free[who] -= 1
    changed = [one for one in made if one.before]
    book.reassign_clients(connection, [one.after for one in changed], order.case_id)
    book.assign_collectors(connection, {item: who for one in changed for item, who in one.invoices.items()})
    _conclude(connection, order, Kind.CLIENT, made)


def move_deals(
    connection: Connection,
    book: ClientBook,
    order: Order,
    transfers: Sequence[Transfer],
    clients: Mapping[str, Outcome],
) -> None:
    """Hand over open deals. `clients` are the outcomes of the clients: their deals go where they really went."""
    pending = _pending(connection, order, Kind.OPPORTUNITY, transfers)
    followed = [one.holder for one in clients.values() if one.holder]
    here = book.free_of(connection, [*_people(pending), *followed], order.default_capacity)
    states = book.deal_states(connection, [transfer.id for transfer in pending])
    ended = [_deal_outcome(one, states[one.id], here, clients.get(one.client_id or ""), order) for one in pending]
    made = [one for one in ended if one]
    book.reassign_deals(connection, [one.after for one in made if one.before])
    _conclude(connection, order, Kind.OPPORTUNITY, made)


def move_stray_items(connection: Connection, book: ClientBook, order: Order, clients: Mapping[str, Outcome]) -> None:
    """Give open items that nobody but the leaver would collect to who holds their client, or else to the manager.

    `clients` are the outcomes of the clients: those that somebody else moved or closed may have such items.
    """
    refuse_after_undo(connection, order.case_id)
    kept = [one.id for one in clients.values() if one.before is None]
    made = [
        Outcome(
            kind=Kind.COLLECTOR,
            id=item.id,
            status=TransferStatus.COMPLETED,
            before=OwnerState(id=item.id, owner_id=item.collector_id),
            after=OwnerChange(id=item.id, owner_id=who),
            invoices={item.id: who},
        )
        for item in book.stray_items(connection, order.leaver, kept)
        if (who := item.holder or order.interim_owner)
    ]
    again = done(connection, order.case_id, Kind.COLLECTOR, [one.id for one in made])
    made = [one for one in made if one.id not in again]
    book.assign_collectors(connection, {item: who for one in made for item, who in one.invoices.items()})
    _conclude(connection, order, Kind.COLLECTOR, made)


def _pending(connection: Connection, order: Order, kind: Kind, transfers: Sequence[Transfer]) -> list[Transfer]:
    refuse_after_undo(connection, order.case_id)
    before = done(connection, order.case_id, kind, [transfer.id for transfer in transfers])
    return [transfer for transfer in transfers if transfer.id not in before]


def _people(transfers: Sequence[Transfer]) -> list[EmployeeId]:
    return [who for transfer in transfers for who in (transfer.successor, transfer.runner_up) if who]


def _kept(transfer: Transfer, state: OwnerState, reason: str) -> Outcome:
    after = OwnerChange(id=state.id, owner_id=state.owner_id, interim_owner_id=state.interim_owner_id)
    status = TransferStatus.COMPLETED
    return Outcome(kind=Kind(transfer.kind), id=state.id, status=status, before=None, after=after, reason=reason)


def _client_outcome(transfer: Transfer, state: OwnerState, who: EmployeeId | None, order: Order) -> Outcome | None:
    """None when nobody at all can hold it: it stays as it is, and closing the case will be refused."""
    if not state.active:
        return _kept(transfer, state, CLOSED)
    if order.leaver not in (state.owner_id, state.interim_owner_id):
        return _kept(transfer, state, TAKEN)
    holder = who or order.interim_owner
    if holder is None:
        return None
    after = (
        OwnerChange(id=state.id, owner_id=who)
        if who
        else OwnerChange(id=state.id, owner_id=state.owner_id, interim_owner_id=holder)
    )
    return _changed(transfer, state, after, who, dict.fromkeys(state.invoices, holder))


def _deal_outcome(
    transfer: Transfer, state: OwnerState, here: Mapping[str, int], client: Outcome | None, order: Order
) -> Outcome | None:
    if not state.active:
        return _kept(transfer, state, CLOSED)
    if state.owner_id != order.leaver:
        return _kept(transfer, state, TAKEN)
    if client and client.holder in here and client.holder != order.leaver:
        after = OwnerChange(id=state.id, owner_id=client.holder)
        moved = _changed(transfer, state, after, client.successor, {})
        return moved.model_copy(update={"reason": FOLLOWED}) if moved.reason else moved
    who = next((one for one in (transfer.successor, transfer.runner_up) if one in here), None)
    holder = who or order.interim_owner
    return _changed(transfer, state, OwnerChange(id=state.id, owner_id=holder), who, {}) if holder else None


def _changed(
    transfer: Transfer, state: OwnerState, after: OwnerChange, who: EmployeeId | None, invoices: dict[str, EmployeeId]
) -> Outcome:
    reason = None
    if who != transfer.successor:
        reason = RUNNER_UP if who else NOBODY_LEFT
    status = TransferStatus.COMPLETED if who else TransferStatus.WAITING_MANAGER
    return Outcome(
        kind=Kind(transfer.kind),
        id=state.id,
        status=status,
        before=state,
        after=after,
        invoices=invoices,
        reason=reason,
    )


def _conclude(connection: Connection, order: Order, kind: Kind, made: Sequence[Outcome]) -> None:
    """Effects, tasks for the manager, and one entry of evidence, all in the transaction of the change."""
    if not made:
        return
    record(connection, order.case_id, made, at=order.at)
    # A deal that waits is the manager's own meanwhile; only a client has an owner for the time being.
    rows = [
        {
            "id": f"{order.case_id}/{TASK}/{one.id}",
            "case_id": order.case_id,
            "kind": TASK,
            "subject": one.id,
            "owner_id": one.holder,
            "due_at": order.due_at,
        }
        for one in made
        if one.kind is Kind.CLIENT and one.status is TransferStatus.WAITING_MANAGER
    ]
    if rows:
        connection.execute(insert(tasks).on_conflict_do_nothing(), rows)
    body: dict[str, object] = {
        "kind": kind.value,
        "count": len(made),
        "outcomes": dict(Counter(one.status.value for one in made)),
        "collectors": sum(len(one.invoices) for one in made),
        "digest": digest([[one.id, one.status.value, one.holder] for one in made]),
    }
    evidence.append(connection, order.case_id, "handover.batch", body, at=order.at)
