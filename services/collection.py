"""What people do about money that is to be collected: look, send letters, write down what clients answered."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Connection, select
from temporalio.client import Client
from temporalio.service import RPCError

from activities.clearing import LOOK, workflow_of
from models.approvers import line_above
from models.base import CaseId, ClientId, EmployeeId, Value
from models.clearing import calendar_of
from models.collection import BalanceConfirmation, CollectionOutcome, ConfirmationState, FollowUp
from models.collection_rights import refusal_to_record
from models.errors import OffboardError, Refused
from models.open_items import LedgerKey
from models.people import Employee
from store import cases, chart, collection, confirmations, evidence, people
from store.cases import CaseRow
from store.database import Database
from store.tables import clients
from store.tables import evidence as evidence_table

# What the evidence calls an answer.
ANSWERED = {
    ConfirmationState.CONFIRMED: "confirmation.confirmed",
    ConfirmationState.DISPUTED: "confirmation.disputed",
}


class CollectionView(Value):
    """How the money of a case stands: plans with dates, letters, commission held, and what the follow-up brought.

    `confirmed` of `asked` letters were confirmed; `rate` is None where no client was asked.
    """

    case_id: CaseId
    employee_id: EmployeeId
    follow_up: FollowUp
    asked: int
    confirmed: int
    rate: Decimal | None
    outcome: CollectionOutcome | None


class Recorded(Value):
    """What a letter says now."""

    letter: BalanceConfirmation
    by: EmployeeId


def show(database: Database, case_id: str) -> CollectionView:
    """Everything about the money of a case after its hand-over. Raises UnknownCase."""
    with database.begin() as connection:
        case = cases.get(connection, case_id)
        found = collection.follow_up(connection, case_id) or FollowUp()
        outcome = _newest_outcome(connection, case_id)
    return CollectionView(
        case_id=case.id,
        employee_id=case.employee_id,
        follow_up=found,
        asked=len(found.confirmations),
        confirmed=found.confirmed,
        rate=found.rate,
        outcome=outcome,
    )


def mark_sent(database: Database, case_id: str, client: str, by: str, currency: str | None = None) -> Recorded:
    """The letter went to the client today; an answer is expected within the policy's working days.

    `client` and `by` are ids or exact names. Raises UnknownCase, UnknownEmployee, NotAllowed, and Refused for a client
    that is not asked, or has answered.
    """
    at = datetime.now(UTC)
    with database.begin() as connection:
        case, letter, person = _letter(connection, case_id, client, by, currency)
        if letter.state in (ConfirmationState.CONFIRMED, ConfirmationState.DISPUTED):
            raise Refused("{client} has answered already: nothing was changed", client=letter.client)
        days = case.policy.collection.answer_working_days
        due_at = calendar_of(person, case.policy).add_working_days(at, days)
        account = LedgerKey(letter.client, letter.currency)
        confirmations.set_sent(connection, case.id, account, person.id, at=at, due_at=due_at)
        return _recorded(connection, letter, person, "confirmation.sent", at)


def record_answer(
    database: Database,
    case_id: str,
    client: str,
    by: str,
    *,
    admitted: Decimal | None,
    note: str = "",
    currency: str | None = None,
) -> Recorded:
    """Write down what a client answered: `admitted` is what they say to owe, None for exactly what the letter says.

    A later answer takes the place of an earlier one. Raises as `mark_sent`, and Refused for a negative amount, or for a
    dispute about nothing.
    """
    at = datetime.now(UTC)
    with database.begin() as connection:
        _, letter, person = _letter(connection, case_id, client, by, currency)
        if admitted is not None and (admitted < 0 or admitted == letter.amount):
            raise Refused(
                "the letter says {amount}: a dispute names another amount, zero or more; nothing was changed",
                amount=letter.amount,
            )
        state = ConfirmationState.CONFIRMED if admitted is None else ConfirmationState.DISPUTED
        said = letter.amount if admitted is None else admitted
        confirmations.set_answer(connection, letter, state, said, note.strip(), person.id, at=at)
        return _recorded(connection, letter, person, ANSWERED[state], at)


async def look_again(client: Client, case_id: str) -> bool:
    """Let the follow-up of a case look now; False when nobody can be told, and then it looks within a working day."""
    try:
        await client.get_workflow_handle(workflow_of(case_id)).signal(LOOK)
    except (RPCError, OffboardError):
        return False
    return True


def _letter(
    connection: Connection, case_id: str, client: str, by: str, currency: str | None
) -> tuple[CaseRow, BalanceConfirmation, Employee]:
    """The letter that is meant, locked, and the person, who may."""
    case = cases.get(connection, case_id)
    mine = {key for key, _ in _ids_of(connection, client)}
    every = [each for each in confirmations.of_case(connection, case.id) if each.client in mine]
    meant = [each for each in every if currency in (None, each.currency)]
    if not meant:
        raise Refused(
            "the client {client} is not asked to confirm a balance in case {case}: "
            "`offboard collection show {case}` lists those that are",
            client=client,
            case=case.id,
        )
    if len(meant) > 1:
        raise Refused(
            "{client} has letters in several currencies: name one with --currency, of {currencies}",
            client=client,
            currencies=", ".join(each.currency for each in meant),
        )
    letter = confirmations.get(connection, case.id, LedgerKey(meant[0].client, meant[0].currency)) or meant[0]
    person = people.find(connection, by)
    plans = {plan.account: plan.collector for plan in collection.plans_of(connection, case.id)}
    collector = plans.get(LedgerKey(letter.client, letter.currency))
    above = list(line_above(chart.around(connection, [collector], []), [collector])) if collector else []
    if refusal := refusal_to_record(person, case.employee_id, collector, above):
        raise refusal
    return case, letter, person


def _recorded(
    connection: Connection, letter: BalanceConfirmation, person: Employee, kind: str, at: datetime
) -> Recorded:
    account = LedgerKey(letter.client, letter.currency)
    now = confirmations.get(connection, letter.case_id, account) or letter
    facts: dict[str, object] = {"client": letter.client, "amount": _sum(letter.amount, letter.currency)}
    if now.state is ConfirmationState.DISPUTED and now.answered_amount is not None:
        facts["answered_amount"] = _sum(now.answered_amount, letter.currency)
    evidence.append(connection, letter.case_id, kind, facts, at=at, actor=person.id)
    return Recorded(letter=now, by=person.id)


def _sum(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": str(amount), "currency": currency}


def _ids_of(connection: Connection, client: str) -> list[tuple[ClientId, str]]:
    rows = connection.execute(
        select(clients.c.id, clients.c.name).where((clients.c.id == client) | (clients.c.name == client))
    )
    found = [(row.id, row.name) for row in rows]
    return [each for each in found if each[0] == client] or found


def _newest_outcome(connection: Connection, case_id: str) -> CollectionOutcome | None:
    figures = (evidence_table.c.case_id == case_id) & (evidence_table.c.kind == "collection.figures")
    query = select(evidence_table.c.body).where(figures).order_by(evidence_table.c.seq.desc()).limit(1)
    body = connection.execute(query).scalar_one_or_none()
    return CollectionOutcome.model_validate(body) if body else None
