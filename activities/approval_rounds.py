"""How a round of a gate is opened and its people reminded: rows, links, evidence, messages in one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from activities.messages import Links
from models.approvals import Ask, GateRound, Ladder, OpenGates, Remind, Verdict
from models.approvers import Choice, Question, choose
from models.planning import calendar_for
from models.working_days import WorkCalendar
from store import chart, effects, evidence, gates, outbox, people
from store.cases import CaseRow
from store.gates import GateRow
from store.links import Purpose
from store.outbox import MessageKind, Tidings


def open_round(connection: Connection, links: Links, case: CaseRow, asked: OpenGates, ask: Ask) -> GateRound:
    """Ask one person for one gate; a round that is there already stays as it is. Raises NobodyToAsk.

    Deadline and reminders fall into the working hours of the leaver's country, in every round.
    """
    calendar = calendar_for(people.get(connection, case.employee_id), case.policy)
    row = gates.of_round(connection, case.id, ask.gate, ask.round)
    if row is None:
        choice = _choose(connection, case, asked, ask)
        row = GateRow(
            case_id=case.id,
            gate=ask.gate,
            round=ask.round,
            approvers=(choice.approver,),
            due_at=ask.due_at or _deadline(calendar, case, ask, asked.at),
            report_version=asked.report_version,
            report_digest=asked.report_digest,
            opened_at=asked.at,
        )
        _write_round(connection, links, row, ask, choice)
    return GateRound(
        ladder=ask.ladder,
        reminders_at=_reminders(calendar, case, row),
        **row.model_dump(include=set(GateRound.model_fields)),
    )


def _deadline(calendar: WorkCalendar, case: CaseRow, ask: Ask, at: datetime) -> datetime:
    rule = next(gate for gate in case.policy.gates if gate.gate == ask.gate)
    days = rule.working_days if ask.ladder is Ladder.APPROVER else rule.escalation_working_days
    return calendar.add_working_days(at, days)


def _reminders(calendar: WorkCalendar, case: CaseRow, row: GateRow) -> tuple[datetime, ...]:
    moments = {calendar.fraction(row.opened_at, row.due_at, share) for share in case.policy.reminders}
    return tuple(sorted(moment for moment in moments if row.opened_at < moment < row.due_at))


def _choose(connection: Connection, case: CaseRow, asked: OpenGates, ask: Ask) -> Choice:
    before = gates.of_round(connection, case.id, ask.gate, ask.round - 1)
    silent = before.approvers if before and ask.ladder is not Ladder.APPROVER else ()
    others = (row for row in gates.newest_of(connection, case.id) if row.gate != ask.gate)
    question = Question(
        role=ask.role,
        ladder=ask.ladder,
        leaver=case.employee_id,
        fallback_role=case.policy.fallback_role,
        barred=frozenset(asked.barred) | {person for person in (case.requested_by,) if person},
        silent=silent,
        busy=frozenset(person for row in others for person in row.approvers),
    )
    around = chart.around(connection, {case.employee_id, *silent}, {ask.role, case.policy.fallback_role})
    return choose(question, around)


def _write_round(connection: Connection, links: Links, row: GateRow, ask: Ask, choice: Choice) -> None:
    # A step up the ladder is the answer to a silence; the first step again means that the question itself changed.
    ended_as = gates.SUPERSEDED if ask.ladder is Ladder.APPROVER else Verdict.TIMED_OUT
    gates.open_round(connection, row)
    ended = gates.end_earlier_rounds(connection, row, ended_as, at=row.opened_at)
    body: dict[str, object] = {
        "gate": row.gate,
        "round": row.round,
        "ladder": ask.ladder.value,
        "found_as": choice.found_as.value,
        "approvers": list(row.approvers),
        "due_at": row.due_at.isoformat(),
        "report_version": row.report_version,
        "report_digest": row.report_digest,
        "ended_rounds": {str(number): str(ended_as) for number in ended},
    }
    evidence.append(connection, row.case_id, "gate.opened", body, at=row.opened_at)
    kind = MessageKind.ASK if ask.ladder is Ladder.APPROVER else MessageKind.ESCALATION
    tidings = Tidings(gate=row.gate, round=row.round, ladder=choice.found_as)
    for person in row.approvers:
        links.url(connection, row, person, Purpose.DECIDE)
        outbox.put(connection, row.case_id, person, kind, tidings, key=f"{row.gate}/{row.round}", at=row.opened_at)


def remind_round(connection: Connection, row: GateRow, asked: Remind) -> None:
    """Queue one numbered reminder to everybody who was asked, once."""
    key = f"{row.gate}/{row.round}/{asked.number}"
    body: dict[str, Any] = {"gate": row.gate, "round": row.round, "number": asked.number}

    def do() -> tuple[None, dict[str, Any]]:
        for person in row.approvers:
            tidings = Tidings(gate=row.gate, round=row.round)
            outbox.put(connection, row.case_id, person, MessageKind.REMINDER, tidings, key=key, at=asked.at)
        evidence.append(connection, row.case_id, "gate.reminded", {**body, "approvers": [*row.approvers]}, at=asked.at)
        return None, body

    effects.once(connection, f"{row.case_id}/reminder/{key}", case_id=row.case_id, request=body, at=asked.at, do=do)
