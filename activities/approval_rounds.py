"""How a round of a gate is opened and its people reminded: rows, links, evidence, messages in one transaction."""

from collections.abc import Collection
from typing import Any, Literal

from sqlalchemy import Connection

from activities.approval_people import Vacancy, fill, silent_before
from activities.approval_times import deadline, reminders
from activities.event_news import tell_opened, tell_reminded
from activities.messages import Links
from models.approvals import Ask, GateRound, Ladder, OpenGates, OpenSeat, Remind, Reseat, Seat, Verdict
from models.approvers import Choice
from models.base import EmployeeId
from store import effects, evidence, gates, outbox
from store.cases import CaseRow
from store.gates import GateRow
from store.links import Purpose
from store.outbox import MessageKind, Tidings

# Evidence of a new round: somebody is asked, or only the people changed.
OPENED, RESEATED = "gate.opened", "gate.reseated"


def open_round(connection: Connection, links: Links, case: CaseRow, asked: OpenGates, ask: Ask) -> GateRound:
    """Ask people for one gate; a round that is there already stays as it is. Raises NobodyToAsk."""
    row = gates.of_round(connection, case.id, ask.gate, ask.round)
    if row is None:
        choice = fill(connection, case, _vacancy(connection, case, asked, ask), asked.at)
        due_at = deadline(
            connection, case, ask.gate, ask.ladder, _waiting(choice.seats, ask.kept), at=asked.at, planned=ask.due_at
        )
        row = GateRow(
            case_id=case.id,
            gate=ask.gate,
            round=ask.round,
            approvers=choice.approvers,
            seats=choice.seats,
            ladder=ask.ladder,
            due_at=due_at,
            report_version=asked.report_version,
            report_digest=asked.report_digest,
            opened_at=asked.at,
        )
        # A step up the ladder is the answer to a silence, and so is the same question to the same people.
        silence = ask.same_people or ask.ladder is not Ladder.APPROVER
        _write_round(connection, row, choice, OPENED, Verdict.TIMED_OUT if silence else gates.SUPERSEDED)
        _invite(connection, links, row, choice, _waiting(row.seats, ask.kept), known=())
    return row.round_message(reminders(connection, case, row, _waiting(row.seats, ask.kept)))


def reseat_round(
    connection: Connection, links: Links, case: CaseRow, asked: Reseat, seat: OpenSeat
) -> GateRound | None:
    """Ask who answers at an open gate by now. None when these are the people of its round. Raises NobodyToAsk.

    The deadline stays, but for people who are asked because somebody is gone, absent or replaced: they get all of it.
    """
    if repeated := gates.of_round(connection, case.id, seat.gate, seat.round + 1):
        return repeated.round_message(reminders(connection, case, repeated, _waiting(repeated.seats, seat.voted)))
    before = gates.of_round(connection, case.id, seat.gate, seat.round)
    if before is None or before.ended is not None:
        return None
    choice = fill(connection, case, _vacancy_of(connection, asked, seat, before), asked.at)
    if {*choice.seats} == {*before.seats}:
        return None
    waiting = _waiting(choice.seats, seat.voted)
    newcomers = {each.principal for each in choice.seats} - {each.principal for each in before.seats}
    afresh = deadline(connection, case, seat.gate, seat.ladder, waiting, at=asked.at) if newcomers else before.due_at
    renewed = {
        "round": seat.round + 1,
        "seats": choice.seats,
        "approvers": choice.approvers,
        "due_at": afresh,
        "opened_at": asked.at,
        "closed_at": None,
        "verdict": None,
    }
    row = before.model_copy(update=renewed)
    _write_round(connection, row, choice, RESEATED, gates.SUPERSEDED)
    _invite(connection, links, row, choice, waiting, known=before.approvers)
    return row.round_message(reminders(connection, case, row, waiting))


def remind_round(connection: Connection, row: GateRow, asked: Remind) -> None:
    """Queue one numbered reminder to everybody whose seat has not voted, once."""
    key = f"{row.gate}/{row.round}/{asked.number}"
    body: dict[str, Any] = {"gate": row.gate, "round": row.round, "number": asked.number}
    voted = [seat for seat in row.seats if {*seat.holders()} & {*asked.voted}]
    people = [person for seat in _waiting(row.seats, voted) for person in seat.holders()]

    def do() -> tuple[None, dict[str, Any]]:
        for person in people:
            tidings = Tidings(gate=row.gate, round=row.round)
            outbox.put(connection, row.case_id, person, MessageKind.REMINDER, tidings, key=key, at=asked.at)
        evidence.append(connection, row.case_id, "gate.reminded", {**body, "approvers": people}, at=asked.at)
        tell_reminded(connection, row, people, asked.number, asked.at)
        return None, body

    effects.once(connection, f"{row.case_id}/reminder/{key}", case_id=row.case_id, request=body, at=asked.at, do=do)


def _vacancy(connection: Connection, case: CaseRow, asked: OpenGates, ask: Ask) -> Vacancy:
    before = gates.of_round(connection, case.id, ask.gate, ask.round - 1)
    waiting = _waiting(before.seats, ask.kept) if before else ()
    silent = tuple(person for seat in waiting for person in seat.holders()) if ask.ladder is not Ladder.APPROVER else ()
    return Vacancy(
        gate=ask.gate,
        role=ask.role,
        ladder=ask.ladder,
        people=ask.people,
        kept=ask.kept,
        first=tuple(seat.principal for seat in waiting) if ask.same_people else (),
        silent=silent,
        before=before,
        barred=frozenset(asked.barred),
        decided=asked.decided,
    )


def _vacancy_of(connection: Connection, asked: Reseat, seat: OpenSeat, before: GateRow) -> Vacancy:
    """As many seats as there were: a change of people makes a gate neither wider nor narrower by itself."""
    return Vacancy(
        gate=seat.gate,
        role=seat.role,
        ladder=seat.ladder,
        people=len(before.seats),
        kept=seat.voted,
        first=tuple(each.principal for each in _waiting(before.seats, seat.voted)),
        silent=silent_before(connection, before),
        before=before,
        barred=frozenset(asked.barred),
        decided=asked.decided,
    )


def _waiting(seats: Collection[Seat], voted: Collection[Seat]) -> tuple[Seat, ...]:
    """The seats that have no vote yet."""
    done = {seat.principal for seat in voted}
    return tuple(seat for seat in seats if seat.principal not in done)


def _write_round(
    connection: Connection, row: GateRow, choice: Choice, kind: str, ended_as: Verdict | Literal["superseded"]
) -> None:
    gates.open_round(connection, row)
    ended = gates.end_earlier_rounds(connection, row, ended_as, at=row.opened_at)
    body: dict[str, object] = {
        "gate": row.gate,
        "round": row.round,
        "ladder": row.ladder.value,
        "found_as": choice.found_as.value,
        "approvers": list(row.approvers),
        "seats": [seat.model_dump() for seat in row.seats],
        "due_at": row.due_at.isoformat(),
        "report_version": row.report_version,
        "report_digest": row.report_digest,
        "ended_rounds": {str(number): str(ended_as) for number in ended},
    }
    evidence.append(connection, row.case_id, kind, body, at=row.opened_at)
    tell_opened(connection, row)


def _invite(
    connection: Connection,
    links: Links,
    row: GateRow,
    choice: Choice,
    waiting: Collection[Seat],
    known: Collection[EmployeeId],
) -> None:
    """Everybody who may vote gets a link, and word unless they are `known` to have it."""
    kind = MessageKind.ASK if row.ladder is Ladder.APPROVER else MessageKind.ESCALATION
    tidings = Tidings(gate=row.gate, round=row.round, ladder=choice.found_as)
    for seat in waiting:
        for person in seat.holders():
            links.url(connection, row, person, Purpose.DECIDE)
            if person not in known:
                told = MessageKind.HANDED_OVER if person == seat.delegate else kind
                key = f"{row.gate}/{row.round}"
                outbox.put(connection, row.case_id, person, told, tidings, key=key, at=row.opened_at)
