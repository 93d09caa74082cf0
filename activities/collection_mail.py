"""The mails to those who collect what clients owe, put together when they leave."""

from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import Connection, select

from models.case import Phase
from models.collection import ConfirmationState, MilestoneState
from reports.collection_letter import CollectionFacts, DebtLine, collection_letter
from reports.language import language
from reports.messages import envelope, mail_id, one_line, zone_of
from store import cases, collection, confirmations, people, sending
from store.collection import PlanRow
from store.outbox import MessageKind, OutboxMessage
from store.tables import clients


def collection_mail(connection: Connection, message: OutboxMessage, host: str, *, at: datetime) -> EmailMessage | None:
    """The mail; None when it is no longer true: the case was withdrawn, or nothing of it is open any more."""
    case = cases.get(connection, message.case_id)
    told = message.tidings
    collector = told.by or message.recipient_id
    plans = [plan for plan in collection.plans_of(connection, case.id) if plan.collector == collector]
    lines = _lines(connection, message, plans)
    if case.phase is Phase.WITHDRAWN or not lines:
        sending.drop(connection, message.id)
        return None
    recipient = people.get(connection, message.recipient_id)
    names = people.names(connection, {case.employee_id, collector})
    facts = CollectionFacts(
        kind=message.kind,
        case_id=case.id,
        leaver=one_line(names[case.employee_id]),
        collector=one_line(names[collector]),
        is_own=collector == recipient.id,
        due_at=told.at,
        lines=lines,
        letters=_letters(connection, case.id, plans),
    )
    return envelope(
        recipient,
        collection_letter(facts, language(recipient.language), zone_of(recipient)),
        message_id=mail_id(message.id, host),
        thread_id=mail_id(message.thread, host),
        sent_at=at,
    )


def _lines(connection: Connection, message: OutboxMessage, plans: Iterable[PlanRow]) -> tuple[DebtLine, ...]:
    """What the mail is about, the largest amount first."""
    told = message.tidings
    found: list[DebtLine] = []
    every = list(plans)
    names = _names(connection, {plan.client for plan in every})
    silent = _silent(connection, message.case_id) if message.kind is MessageKind.COLLECT_SILENT else set()
    for plan in every:
        dates = [each for each in plan.milestones if told.at is None or each.due_at == told.at]
        if message.kind is MessageKind.COLLECT_SILENT:
            dates = list(plan.milestones[-1:]) if plan.account in silent else []
        elif message.kind is MessageKind.COLLECT_MISSED:
            dates = [each for each in dates if each.state is MilestoneState.MISSED]
        else:
            dates = [each for each in dates if each.state is MilestoneState.OPEN]
        if dates:
            left = dates[0].open_then if dates[0].open_then is not None else plan.open_now
            found.append(
                DebtLine(
                    client=one_line(names.get(plan.client, plan.client)),
                    currency=plan.currency,
                    audited=plan.audited,
                    left=left,
                    at_most=dates[0].at_most,
                    due_at=dates[0].due_at,
                )
            )
    return tuple(sorted(found, key=lambda each: (each.currency, -(each.left or each.audited), each.client)))


def _letters(connection: Connection, case_id: str, plans: Iterable[PlanRow]) -> int:
    """How many letters of these plans were not sent yet."""
    mine = {plan.account for plan in plans}
    due = (each for each in confirmations.of_case(connection, case_id) if each.state is ConfirmationState.DUE)
    return sum((each.client, each.currency) in mine for each in due)


def _silent(connection: Connection, case_id: str) -> set[tuple[str, str]]:
    every = confirmations.of_case(connection, case_id)
    return {(each.client, each.currency) for each in every if each.state is ConfirmationState.SILENT}


def _names(connection: Connection, ids: set[str]) -> dict[str, str]:
    rows = connection.execute(select(clients.c.id, clients.c.name).where(clients.c.id.in_(ids)))
    return {row.id: row.name for row in rows}
