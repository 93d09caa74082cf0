"""One visit to the page of a gate: everything that it shows, read in one transaction, and the state that it is in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from models.approvals import Refusal, Verdict, Via, Vote
from models.errors import LinkInvalid, UnknownCase
from models.people import Employee
from models.reasons import Reason
from models.report import CaseReport
from models.report_changes import changes
from store import decisions, delegations, gates, people, questions, reports
from store.cases import CaseRow
from store.decisions import DecisionState, StoredDecision
from store.delegations import Delegation, DelegationKind
from store.gates import GateRow
from store.links import Link, Purpose, open_link
from store.questions import Question
from store.reports import ReportHead
from web.door.hearing import Hearing, hear
from web.gate.substitutes import substitutes
from web.problems import Problem, of_refusal


class State(StrEnum):
    """States of a page that are no problem. Every other state is a `Problem`."""

    OPEN = "open"
    SIGN_IN = "sign_in"  # open, and a link is not enough to answer
    MINE = "mine"  # this person's decision counts
    STORED = "stored"  # this person's decision is stored and not yet confirmed
    FOLLOW = "follow"  # a link that only shows


@dataclass(frozen=True)
class Visit:
    """`asked` is the round that the page is about, `newest` the newest round of every gate.

    `link` is the one that was followed; who is signed in visits as by their newest one, and `via` says so. `contact`
    started the case and answers questions. `names` are those of everybody whom the page mentions. `report` is the head
    only: the whole document of a big book takes a second to read. `differences` are to the version that this person
    saw before, `seen_version`. `votes` are those of every gate that waits; `handed_over` is what this person gave on,
    `substitutes` whom they may give it to.
    """

    link: Link
    via: Via
    state: State | Problem
    reader: Employee
    leaver: Employee
    contact: Employee | None
    hearing: Hearing
    asked: GateRow
    newest: tuple[GateRow, ...]
    report: ReportHead
    newest_version: int
    seen_version: int | None
    differences: tuple[Reason, ...]
    votes: dict[str, tuple[Vote, ...]]
    questions: tuple[Question, ...]
    handed_over: Delegation | None
    substitutes: tuple[Employee, ...]
    names: dict[str, str]
    now: datetime

    @property
    def case(self) -> CaseRow:
        """The case."""
        return self.hearing.case

    @property
    def rounds(self) -> tuple[GateRow, ...]:
        """All rounds of the gate."""
        return self.hearing.rounds

    @property
    def own(self) -> StoredDecision | None:
        """This person's answer."""
        return self.hearing.own

    @property
    def may_take_back(self) -> bool:
        """True while the person's vote counts and the gate waits for others."""
        hearing = self.hearing
        voted = self.state is State.MINE and hearing.current.closed_at is None and hearing.ended is None
        return voted and hearing.refusal(hearing.decision(Verdict.TAKEN_BACK), self.via) is None


def read(connection: Connection, secret: str, token: str, now: datetime, *, signed_in_as: str | None = None) -> Visit:
    """Open a link and read its page. Raises LinkInvalid and LinkExpired.

    For somebody who is signed in, a link of their own is opened with the rights of the session; the state of a link of
    somebody else is `wrong_person`.
    """
    link = open_link(connection, secret, token, at=now)
    if signed_in_as and signed_in_as != link.approver_id:
        return _visit(connection, secret, link, Via.LINK, now, state=Problem.WRONG_PERSON)
    return _visit(connection, secret, link, Via.SESSION if signed_in_as else Via.LINK, now)


def for_person(connection: Connection, case_id: str, gate: str, person_id: str, now: datetime, *, secret: str) -> Visit:
    """The page of a gate for somebody who is signed in. Raises UnknownCase unless they were asked there."""
    rounds = [row for row in gates.rounds_of(connection, case_id, gate) if person_id in row.approvers]
    if not rounds:
        raise UnknownCase("there is no case {case!r}: `offboard list` shows all of them", case=case_id)
    link = Link(
        case_id=case_id,
        gate=gate,
        round=max(row.round for row in rounds),
        approver_id=person_id,
        purpose=Purpose.DECIDE,
        expires_at=now,
    )
    return _visit(connection, secret, link, Via.SESSION, now)


def whole_report(connection: Connection, visit: Visit) -> CaseReport:
    """The document that the page of a visit shows the head of."""
    return reports.load(connection, visit.link.case_id, visit.report.version)


def _visit(
    connection: Connection, secret: str, link: Link, via: Via, now: datetime, *, state: Problem | None = None
) -> Visit:
    hearing = hear(connection, link.case_id, link.gate, link.approver_id, now=now, key=secret)
    if hearing is None:  # a link is made with its round, and rounds are kept for ever
        raise LinkInvalid("this link is not one of ours, or it was cut or changed on its way; nothing was changed.")
    found = state or _state_of(hearing, link, via)
    linked = next(row for row in hearing.rounds if row.round == link.round)
    asked = hearing.asked if found in {State.OPEN, State.SIGN_IN, State.MINE, State.STORED} else linked
    newest = tuple(gates.newest_of(connection, link.case_id))
    asked_here = tuple(questions.of_case(connection, link.case_id, link.gate))
    handed_over = _handed_over(connection, link, now)
    seen, differences = _differences(connection, hearing) if found in {State.OPEN, State.SIGN_IN} else (None, ())
    contact = hearing.case.requested_by
    return Visit(
        link=link,
        via=via,
        state=found,
        reader=people.get(connection, link.approver_id),
        leaver=people.get(connection, hearing.case.employee_id),
        contact=people.get(connection, contact) if contact and contact != link.approver_id else None,
        hearing=hearing,
        asked=asked,
        newest=newest,
        report=reports.head(connection, link.case_id, asked.report_version),
        newest_version=reports.versions(connection, link.case_id)[-1].version,
        seen_version=seen,
        differences=differences,
        votes=decisions.votes_at(connection, link.case_id, [row for row in newest if not row.closed_at], key=secret),
        questions=asked_here,
        handed_over=handed_over,
        substitutes=substitutes(connection, hearing) if found is State.OPEN else (),
        names=people.names(connection, _mentioned(hearing, newest, asked_here, handed_over)),
        now=now,
    )


def _state_of(hearing: Hearing, link: Link, via: Via) -> State | Problem:
    """The state of a page: what the person did comes first, then what happened to the question, then time."""
    if link.purpose is Purpose.FOLLOW:
        return State.FOLLOW
    asked_about = next(row for row in hearing.rounds if row.round == link.round).report_digest
    own, over = hearing.own, hearing.case.ended_at is not None
    if own and own.report_digest == asked_about and not (over and own.state is DecisionState.STORED):
        if own.state is DecisionState.REFUSED:
            return of_refusal(own.refusal or Refusal.NOT_OPEN)
        return State.MINE if own.state is DecisionState.COUNTED else State.STORED
    decision = hearing.decision(Verdict.APPROVED, for_id=hearing.for_id, digest=asked_about)
    refusal = hearing.refusal(decision, via)
    if refusal is Refusal.SIGN_IN_NEEDED:
        return State.SIGN_IN
    return of_refusal(refusal) if refusal else State.OPEN


def _differences(connection: Connection, hearing: Hearing) -> tuple[int | None, tuple[Reason, ...]]:
    """The version that the person saw before the one that they are asked about now, and what is different."""
    asked = hearing.asked
    seen = [row.report_version for row in hearing.rounds if hearing.person in row.approvers and row.round < asked.round]
    before = max((version for version in seen if version < asked.report_version), default=None)
    if before is None:
        return None, ()
    old, new = (reports.load(connection, hearing.case.id, version) for version in (before, asked.report_version))
    return before, changes(old, new)


def _handed_over(connection: Connection, link: Link, now: datetime) -> Delegation | None:
    given = (each for each in delegations.of_gate(connection, link.case_id, link.gate, now))
    own = [each for each in given if each.from_id == link.approver_id and each.kind is DelegationKind.HANDED_OVER]
    return own[-1] if own else None


def _mentioned(
    hearing: Hearing, newest: tuple[GateRow, ...], asked: tuple[Question, ...], handed_over: Delegation | None
) -> set[str]:
    found: set[str | None] = {handed_over.to_id} if handed_over else set()
    for row in (*newest, *hearing.rounds):
        found.update((*row.approvers, *(seat.principal for seat in row.seats), row.decided_by))
    for vote in hearing.standing.votes:
        found.update((vote.by, vote.principal))
    for each in asked:
        found.update((each.asked_by, each.answered_by))
    return {person for person in found if person}
