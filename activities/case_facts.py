"""What a message about a case is about, read from our books when it leaves."""

from collections.abc import Iterator

from sqlalchemy import Connection

from activities.links import Links
from models.approvals import Seat, Verdict
from models.errors import UnknownCase
from reports.letters import Facts, Sum, VoteLine
from store import cases, decisions, gates, people, questions, reports, sending
from store.cases import CaseRow
from store.gates import GateRow
from store.links import Purpose
from store.outbox import ASKING, MessageKind, OutboxMessage
from store.questions import Question

DECIDING = (*ASKING, MessageKind.REFUSED, MessageKind.ANSWER)


def facts_of(connection: Connection, links: Links, message: OutboxMessage) -> Facts | None:
    """The facts; None when the message is settled meanwhile: nobody is asked for what is decided or who has voted."""
    case = cases.get(connection, message.case_id)
    row = _round_of(connection, message)
    if message.kind in ASKING:
        row = _still_asked(connection, case, row, message)
        if row is None:
            sending.drop(connection, message.id)
            return None
    return _Reading(connection, links, case, message, row).facts()


def _round_of(connection: Connection, message: OutboxMessage) -> GateRow | None:
    told = message.tidings
    if told.gate is None or told.round is None:
        return None
    return gates.of_round(connection, message.case_id, told.gate, told.round)


def _still_asked(connection: Connection, case: CaseRow, row: GateRow | None, message: OutboxMessage) -> GateRow | None:
    """The round to ask about: that of the message, or the one that replaced it while the message waited."""
    if row is None or case.ended_at:
        return None
    if row.closed_at:
        now = gates.current(connection, row.case_id, row.gate)
        if now is None or now.closed_at or sending.asked_in(connection, message, now.round):
            return None
        row = now
    seats = [seat for seat in row.seats if message.recipient_id in seat.holders()]
    voted = {vote.principal for vote in decisions.votes(connection, row)}
    return row if any(seat.principal not in voted for seat in seats) else None


class _Reading:
    """One look at the books for one message."""

    def __init__(
        self, connection: Connection, links: Links, case: CaseRow, message: OutboxMessage, row: GateRow | None
    ) -> None:
        self._connection = connection
        self._links = links
        self._case = case
        self._message = message
        self._row = row

    def facts(self) -> Facts:
        """All of it."""
        message, case, row = self._message, self._case, self._row
        told = message.tidings
        decided = decisions.get(self._connection, told.decision_id) if told.decision_id else None
        question = questions.get(self._connection, told.question_id) if told.question_id else None
        votes = self._votes() if message.kind is MessageKind.DECIDED else ()
        silent = self._silent() if message.kind is MessageKind.ESCALATION else ()
        principal = self._seat() if message.kind in ASKING else decided.for_id if decided else None
        by = _speaker(message, question) or told.by
        wanted = {case.employee_id, by, principal, *silent, *(each for vote in votes for each in vote[:2])}
        names = people.names(self._connection, {person for person in wanted if person})
        plan = next((gate for gate in case.plan.gates if gate.gate == told.gate), None)
        return Facts(
            kind=message.kind,
            case_id=case.id,
            leaver=names[case.employee_id],
            last_working_day=case.plan.dates.last_working_day,
            link=self._link(),
            gate=told.gate or "",
            ladder=told.ladder,
            due_at=row.due_at if row else None,
            money=_money_at_risk(self._connection, row) if row and message.kind in ASKING else None,
            silent=", ".join(names.get(person, person) for person in silent),
            principal=names.get(principal, principal) if principal else "",
            people=len(row.seats) if row else 1,
            needed=plan.needed if plan else 1,
            votes=tuple(
                VoteLine(by=names.get(who, who), principal=names.get(seat, seat) if seat != who else "", verdict=said)
                for who, seat, said in votes
            ),
            verdict=told.verdict if message.kind is MessageKind.DECIDED else None,
            by=names.get(by, by) if by else "",
            at=told.at,
            note=decided.note if decided else "",
            question=question.text if question else "",
            answer=(question.answer or "") if question else "",
            refusal=told.refusal,
            phase=told.phase,
        )

    def _link(self) -> str | None:
        message = self._message
        if message.kind is MessageKind.QUESTION:
            return self._links.inbox  # there they may answer it
        linked = self._row or next(iter(gates.newest_of(self._connection, self._case.id)), None)
        purpose = Purpose.DECIDE if message.kind in DECIDING else Purpose.FOLLOW
        return self._links.url(self._connection, linked, message.recipient_id, purpose) if linked else None

    def _seat(self) -> str | None:
        """Whose seat the recipient holds for somebody else; None where they hold one of their own."""
        held = [seat for seat in self._row.seats if self._message.recipient_id in seat.holders()] if self._row else []
        own = any(seat.principal == self._message.recipient_id for seat in held)
        return None if own or not held else held[0].principal

    def _silent(self) -> tuple[str, ...]:
        """Who was asked before and is not any more: who voted keeps the seat."""
        row = self._row
        before = gates.of_round(self._connection, row.case_id, row.gate, row.round - 1) if row else None
        if row is None or before is None:
            return ()
        return tuple(_principals(before.seats, without=row.seats))

    def _votes(self) -> tuple[tuple[str, str, Verdict], ...]:
        """Who voted, in whose seat, and what; only where several people were asked."""
        if self._row is None or len(self._row.seats) == 1:
            return ()
        cast = decisions.votes(self._connection, self._row)
        return tuple((vote.by, vote.principal, vote.verdict) for vote in cast)


def _speaker(message: OutboxMessage, question: Question | None) -> str | None:
    """Who asked the question that a message tells, or answered it."""
    if question is None:
        return None
    return question.answered_by if message.kind is MessageKind.ANSWER else question.asked_by


def _principals(seats: tuple[Seat, ...], without: tuple[Seat, ...]) -> Iterator[str]:
    kept = {seat.principal for seat in without}
    return (seat.principal for seat in seats if seat.principal not in kept)


def _money_at_risk(connection: Connection, row: GateRow) -> tuple[Sum, ...] | None:
    """What the report of the round says is owed; None while it could not be read."""
    try:
        report = reports.load(connection, row.case_id, row.report_version)
    except UnknownCase:
        return None
    if report.receivables is None:
        return None
    return tuple(
        Sum(currency=each.currency, total=each.total, overdue=each.overdue)
        for each in (report.receivables, *report.receivables.others)
        if each.open_items
    )
