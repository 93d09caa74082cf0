"""One visit through a link: everything that the page shows, read in one transaction, and the state that it is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from models.approvals import Refusal, Verdict
from models.people import Employee
from models.report import CaseReport
from store import cases, decisions, gates, people, reports
from store.cases import CaseRow
from store.decisions import DecisionState, StoredDecision
from store.gates import GateRow
from store.links import Link, Purpose, open_link
from store.reports import ReportHead
from web.problems import Problem, of_refusal


class State(StrEnum):
    """States of a page that are no problem. Every other state is a `Problem`."""

    OPEN = "open"
    MINE = "mine"  # this person's decision counts
    STORED = "stored"  # this person's decision is stored and not yet confirmed
    FOLLOW = "follow"  # a link that only shows


@dataclass(frozen=True)
class Visit:
    """`asked` is the round that the page is about, `newest` the newest round of every gate, `rounds` those of this one.

    `contact` started the case and answers questions. `names` are those of everybody whom the page mentions.
    `report` is the head only: the whole document of a big book takes a second to read.
    """

    link: Link
    state: State | Problem
    reader: Employee
    leaver: Employee
    contact: Employee | None
    case: CaseRow
    asked: GateRow
    rounds: tuple[GateRow, ...]
    newest: tuple[GateRow, ...]
    own: StoredDecision | None
    report: ReportHead
    names: dict[str, str]
    now: datetime


def read(connection: Connection, secret: str, token: str, now: datetime) -> Visit:
    """Open a link and read its page. Raises LinkInvalid and LinkExpired."""
    link = open_link(connection, secret, token, at=now)
    case = cases.get(connection, link.case_id)
    rounds = [row for row in gates.all_of(connection, link.case_id) if row.gate == link.gate]
    newest = gates.newest_of(connection, link.case_id)
    own = _own_decision(connection, link, max(rounds, key=lambda row: row.round))
    state = standing(link, rounds, own, ended=case.ended_at is not None, now=now)
    asked = max(rounds, key=lambda row: row.round) if state is State.OPEN else _round(rounds, link.round)
    mentioned = {person for row in (*newest, *rounds) for person in (*row.approvers, row.decided_by) if person}
    return Visit(
        link=link,
        state=state,
        reader=people.get(connection, link.approver_id),
        leaver=people.get(connection, case.employee_id),
        contact=_contact(connection, case, link),
        case=case,
        asked=asked,
        rounds=tuple(rounds),
        newest=tuple(newest),
        own=own,
        report=reports.head(connection, link.case_id, asked.report_version),
        names=people.names(connection, mentioned),
        now=now,
    )


def whole_report(connection: Connection, visit: Visit) -> CaseReport:
    """The document that the page of a visit shows the head of."""
    return reports.load(connection, visit.link.case_id, visit.report.version)


def standing(
    link: Link, rounds: Sequence[GateRow], own: StoredDecision | None, *, ended: bool, now: datetime
) -> State | Problem:
    """The state of a page. `rounds` are all rounds of the gate, `own` is this person's decision in the link's round.

    What the person did comes first, then what happened to the question, then time. The rules are those of
    `models.approvals.judge`; this says them before anybody presses a button.
    """
    current = max(rounds, key=lambda row: row.round)
    if link.purpose is Purpose.FOLLOW:
        return State.FOLLOW
    if own is not None and not (ended and own.state is DecisionState.STORED):
        return _state_of(own)
    if current.verdict in (Verdict.APPROVED, Verdict.DECLINED):
        return Problem.ALREADY_DECIDED
    if ended:
        return Problem.NOT_OPEN
    return _state_of_question(link, current, _round(rounds, link.round), now)


def _state_of(own: StoredDecision) -> State | Problem:
    if own.state is DecisionState.REFUSED:
        return of_refusal(own.refusal or Refusal.NOT_OPEN)
    return State.MINE if own.state is DecisionState.COUNTED else State.STORED


def _state_of_question(link: Link, current: GateRow, asked: GateRow, now: datetime) -> State | Problem:
    if link.approver_id not in current.approvers:
        return Problem.NOT_AN_APPROVER
    if current.report_digest != asked.report_digest or current.verdict == gates.SUPERSEDED:
        return Problem.REPORT_CHANGED
    if current.closed_at is not None or now > current.due_at:
        return Problem.LATE
    return State.OPEN


def _own_decision(connection: Connection, link: Link, newest: GateRow) -> StoredDecision | None:
    """What the person did in the newest round when asked there, else in the round of the link."""
    for number in dict.fromkeys((newest.round, link.round)):
        key = decisions.decision_id(link.case_id, link.gate, number, link.approver_id)
        if found := decisions.get(connection, key):
            return found
    return None


def _round(rounds: Sequence[GateRow], number: int) -> GateRow:
    return next(row for row in rounds if row.round == number)


def _contact(connection: Connection, case: CaseRow, link: Link) -> Employee | None:
    """Whom to call: who started the case, unless that is the reader."""
    if case.requested_by is None or case.requested_by == link.approver_id:
        return None
    return people.get(connection, case.requested_by)
