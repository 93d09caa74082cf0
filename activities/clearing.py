"""At the hand-over: who collects what each client owes, by when, which clients are asked, which commission is held."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from activities import collectors
from activities.engine import start_or_wake, wake
from models.base import EmployeeId
from models.clearing import calendar_of, milestones_of, portion_of
from models.collection import BalanceConfirmation, CollectionRequest, ConfirmationState
from models.open_items import LedgerKey
from models.receivables import ClientReceivables, ReceivableAudit
from store import cases, collection, commission_holds, confirmations, evidence, people
from store.cases import CaseRow
from store.collection import PlanRow
from store.tables import audited_items, clients

LOOK = "look"


def workflow_of(case_id: str) -> str:
    """The id of the workflow that follows the money of a case."""
    return f"collection-{case_id.removeprefix(cases.PREFIX)}"


def begin(connection: Connection, case_id: str, at: datetime) -> int:
    """Make the plans, letters and holds that the newest audit of a case asks for; returns how many plans are new.

    What was made before stays: a repeat and a later audit only add what is missing. A client for whom nobody is there
    gets no plan, which keeps the case from closing.
    """
    found = collection.newest_audit(connection, case_id)
    if found is None:
        return 0
    digest, audit = found
    case = cases.get(connection, case_id, lock=True)
    plans = collection.add(connection, _plans(connection, case, audit, at))
    letters = confirmations.add(connection, _letters(connection, case, digest, audit))
    exposed = audit.commission
    held = exposed.hold if exposed and exposed.may_hold else ()
    holds = commission_holds.add(connection, case_id, held, at=at)
    if plans or letters or holds:
        facts: dict[str, object] = {"plans": plans, "letters": letters, "holds": holds, "audit": digest}
        evidence.append(connection, case_id, "collection.planned", facts, at=at)
    return plans


def follow(connection: Connection, case_id: str) -> CollectionRequest | None:
    """What `start` needs, when there is anything to follow."""
    case = cases.get(connection, case_id)
    plans = any(plan.ended_at is None for plan in collection.plans_of(connection, case_id))
    held = any(each.released_at is None for each in commission_holds.of_case(connection, case_id))
    return CollectionRequest(case_id=case_id, employee_id=case.employee_id) if plans or held else None


def start(request: CollectionRequest | None) -> None:
    """Let the workflow that follows the money look now: the one that runs, else a new one, since a later audit may know
    of more than one that has ended. From an activity that runs in a thread.
    """
    if request:
        start_or_wake("Collection", request, workflow_of(request.case_id), LOOK, "follows what the clients owe")


def without_collector(connection: Connection, case_id: str, leaver: EmployeeId) -> int:
    """How many open items of the newest audit nobody collects who is still there, whatever system they live in."""
    found = collection.newest_audit(connection, case_id)
    if found is None:
        return 0
    who = {plan.account: plan.collector for plan in collection.plans_of(connection, case_id)}
    left = {person for person, status in collectors.gone(connection, who.values()).items() if status == "left"}
    there = {account for account, person in who.items() if person not in left and person != leaver}
    return sum(debt.open_items for account, debt in _debts(found[1]) if account not in there)


def end(connection: Connection, case_id: str, at: datetime) -> None:
    """The leaver stays: plans and dates end, and commission is held back no longer."""
    plans = collection.void(connection, case_id, at=at)
    held = [each.commission for each in commission_holds.of_case(connection, case_id)]
    released = commission_holds.release(connection, case_id, held, at=at)
    if plans or released:
        facts: dict[str, object] = {"plans": plans, "released": released}
        evidence.append(connection, case_id, "collection.voided", facts, at=at)


def tell(case_id: str) -> None:
    """Let the workflow that follows the money look again now; from an activity that runs in a thread."""
    wake(workflow_of(case_id), LOOK)


def _debts(audit: ReceivableAudit) -> Iterator[tuple[LedgerKey, ClientReceivables]]:
    for each in audit.currencies:
        for debt in each.clients:
            if debt.open_items:
                yield LedgerKey(debt.client, each.currency), debt


def _plans(connection: Connection, case: CaseRow, audit: ReceivableAudit, at: datetime) -> Iterator[PlanRow]:
    known = {plan.account for plan in collection.plans_of(connection, case.id)}
    debts = {account: debt for account, debt in _debts(audit) if account not in known}
    if not debts:
        return
    ids = {account.client for account in debts}
    holders, spare = collectors.holders_of(connection, ids, case.employee_id), None
    if ids - holders.keys():
        spare = collectors.stand_in(connection, case.employee_id)
    shares = collection.shares_of(connection, ids)
    keys = _keys(connection, ids)
    calendars = {
        person: calendar_of(people.get(connection, person), case.policy)
        for person in sorted({*holders.values(), *([spare] if spare else [])})
    }
    for account, debt in debts.items():
        who = holders.get(account.client) or spare
        if who is None or account.client not in keys:
            continue
        yield PlanRow(
            case_id=case.id,
            client=account.client,
            currency=account.currency,
            collector=who,
            audited=debt.total,
            milestones=milestones_of(
                account.client, account.currency, debt.total, case.policy.collection, calendars[who], at
            ),
            portion=portion_of(keys[account.client], debt.portion, shares.get(account.client, ()), case.employee_id),
            made_at=at,
        )


def _letters(
    connection: Connection, case: CaseRow, digest: str, audit: ReceivableAudit
) -> Iterator[BalanceConfirmation]:
    """One letter an account that owes enough: about all that the client owes, whoever's client it is."""
    whole = func.sum(audited_items.c.whole)
    rows = connection.execute(
        select(audited_items.c.client_id, audited_items.c.currency, whole.label("owed"))
        .where(audited_items.c.case_id == case.id, audited_items.c.digest == digest)
        .group_by(audited_items.c.client_id, audited_items.c.currency)
        .having((whole >= case.policy.collection.confirm_from) & (whole > 0))
        .order_by(audited_items.c.client_id, audited_items.c.currency)
    )
    for row in rows:
        yield BalanceConfirmation(
            case_id=case.id,
            client=row.client_id,
            currency=row.currency,
            as_of=audit.as_of,
            amount=row.owed,
            state=ConfirmationState.DUE,
        )


def _keys(connection: Connection, ids: set[str]) -> dict[str, str]:
    rows = connection.execute(select(clients.c.id, clients.c.source_key).where(clients.c.id.in_(ids)))
    return {row.id: row.source_key for row in rows}
