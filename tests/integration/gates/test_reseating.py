"""Other people answer: delegations, absences, hand-overs, re-assignments, people who leave; and gates with quorums."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import literal, select, update

from activities.approvals import ApprovalActivities
from models.approvals import Ladder, OpenSeat, Remind, Reseat, Reseated, Seat, Verdict
from models.errors import CaseConflict, NotAllowed
from store import cases as case_rows
from store import delegations, nudges, standing
from store.database import Database
from store.delegations import Delegation, DelegationKind
from store.gates import SUPERSEDED
from store.tables import cases, employees
from tests.approval_case import CASE, DUE, OPENED, ROLES, Collecting, opening, policy_with, start_case, text_of
from tests.company import Company
from tests.integration.gates.approvals import LATER, SECRET, URL, approvers, chain, decide, outcome, recorded, row

UNTIL = OPENED + timedelta(days=30)


@pytest.fixture
def wide_desk(database: Database, mailer: Collecting) -> ApprovalActivities:
    """A case whose finance gate asks three people and needs two; there are four."""
    company = start_case(database, policy=policy_with("finance", people=3, quorum=2))
    with database.begin() as connection:
        for key in ("F2", "F3", "F4"):
            office = {"name": f"Office {key}", "role": "finance_reviewer", "region": "East", "manager_id": "D1"}
            company.person(connection, key, email=f"{key.lower()}@example.com", **office)
    return ApprovalActivities(database, mailer, SECRET, URL)


def given(
    database: Database, from_id: str, to_id: str | None, kind: DelegationKind | None = None, **more: object
) -> Delegation:
    """Somebody is away from now on, with or without a delegate; or gives one gate away."""
    usual = DelegationKind.DELEGATION if to_id else DelegationKind.ABSENCE
    fields = {"starts_at": OPENED, "ends_at": UNTIL, "made_by": from_id, "made_at": OPENED, **more}
    made = Delegation.model_validate({"kind": kind or usual, "from_id": from_id, "to_id": to_id, **fields})
    with database.begin() as connection:
        return delegations.make(connection, made)


def given_at(database: Database, kind: DelegationKind, from_id: str, to_id: str, gate: str = "finance") -> Delegation:
    return given(database, from_id, to_id, kind, case_id=CASE, gate=gate, ends_at=None, starts_at=LATER)


def set_status(database: Database, person: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == person).values(values))


def reseat(desk: ApprovalActivities, *gates: str, at: datetime = LATER, **seat: object) -> Reseated:
    """The workflow asks who holds the seats of its open gates by now."""
    usual = {"round": 1, "ladder": Ladder.APPROVER, **seat}
    seats = [OpenSeat.model_validate({"gate": gate, "role": ROLES[gate], **usual}) for gate in gates]
    return desk.reseat(Reseat(case_id=CASE, employee_id="E1", open=tuple(seats), barred=("E1", "H2"), at=at))


# ---- a delegate -----------------------------------------------------------------------------------------------------


def test_a_delegation_covers_what_is_asked_later(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    given(database, "F1", "P1")
    opened = desk.open_gates(opening("finance"))
    assert opened.rounds[0].seats == (Seat(principal="F1", delegate="P1"),)
    assert [len(mailer.to(person)) for person in ("F1", "P1")] == [1, 1]


def test_a_delegation_covers_what_waits_already_with_the_same_deadline(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance", "hr"))
    given(database, "F1", "P1")
    answers = [reseat(desk, "finance", "hr") for _ in range(2)]
    (renewed,) = answers[0].rounds
    assert answers[1] == answers[0], "a retry hears the same"
    assert (renewed.round, renewed.due_at, renewed.approvers) == (2, DUE, ("F1", "P1"))
    assert [row(database, "finance", number).verdict for number in (1, 2)] == [SUPERSEDED, None]
    assert [len(mailer.to(person)) for person in ("F1", "P1")] == [1, 1], "who was asked before gets no second mail"
    assert len(chain(database, "gate.reseated")) == len(chain(database, "delegation.made")) == 1
    assert reseat(desk, "finance", round=2).rounds == ()


def test_a_delegation_that_is_revoked_takes_the_seat_back(desk: ApprovalActivities, database: Database) -> None:
    made = given(database, "F1", "P1")
    desk.open_gates(opening("finance"))
    with database.begin() as connection:
        delegations.revoke(connection, made.id, by="F1", at=LATER)
    (renewed,) = reseat(desk, "finance").rounds
    assert renewed.seats == (Seat(principal="F1"),)
    assert len(chain(database, "delegation.revoked")) == 1


@pytest.mark.parametrize("delegate", ["E1", "H2", "M1"])
def test_a_delegate_who_may_not_decide_is_not_asked(
    desk: ApprovalActivities, database: Database, delegate: str
) -> None:
    given(database, "F1", delegate)
    barred = ("E1", "H2", "M1")  # the leaver, the starter, a chosen successor
    assert approvers(desk.open_gates(opening("finance", barred=barred))) == {"finance": ("F1",)}


def test_who_acts_for_the_leaver_is_barred_and_the_workflow_hears_of_it(
    desk: ApprovalActivities, database: Database
) -> None:
    given(database, "E1", "M1")
    opened = desk.open_gates(opening("sales_manager"))
    assert (approvers(opened), opened.barred) == ({"sales_manager": ("D1",)}, ("M1",))


def test_a_delegation_by_the_leaver_while_the_gate_waits_takes_the_seat_away(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("sales_manager"))
    given(database, "E1", "M1")
    found = reseat(desk, "sales_manager")
    assert (found.rounds[0].approvers, found.barred) == (("D1",), ("M1",))


# ---- somebody else's seat -------------------------------------------------------------------------------------------


def test_an_absence_without_delegate_asks_somebody_else_for_the_whole_time(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("sales_manager"))
    given(database, "M1", None)
    at = datetime(2026, 11, 26, 2, tzinfo=UTC)
    (renewed,) = reseat(desk, "sales_manager", at=at).rounds
    assert renewed.approvers == ("D1",)
    assert renewed.due_at == datetime(2026, 11, 30, 10, tzinfo=UTC), "two working days after that Thursday"
    assert len(mailer.to("D1")) == 1


def test_who_left_or_leaves_is_replaced(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("sales_manager"))
    set_status(database, "M1", status="leaving")
    assert reseat(desk, "sales_manager").rounds[0].approvers == ("D1",)


def test_a_hand_over_leaves_the_seat_with_its_owner_and_a_reassignment_does_not(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    given_at(database, DelegationKind.HANDED_OVER, "F1", "P1")
    (handed,) = reseat(desk, "finance").rounds
    assert (handed.seats, handed.due_at) == ((Seat(principal="F1", delegate="P1"),), DUE)
    given_at(database, DelegationKind.REASSIGNED, "F1", "P2")
    (moved,) = reseat(desk, "finance", round=2).rounds
    assert moved.seats == (Seat(principal="P2"),)
    assert len(mailer.to("P2")) == len(chain(database, "gate.handed_over")) == len(chain(database, "gate.reassigned"))
    assert approvers(desk.open_gates(opening("finance", round=4, at=LATER))) == {"finance": ("P2",)}


def test_a_gate_whose_people_are_all_gone_is_named_and_keeps_its_round(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("legal"))
    for person in ("L1", "H1"):
        set_status(database, person, status="left")
    found = reseat(desk, "legal")
    assert (found.missing, found.rounds) == (("legal",), ())
    assert row(database, "legal").closed_at is None


def test_a_person_with_an_open_departure_is_not_asked_whatever_an_import_says(
    desk: ApprovalActivities, database: Database
) -> None:
    with database.begin() as connection:
        copied = [column for column in cases.columns if column.name not in {"id", "employee_id"}]
        theirs = select(literal("offboarding-F1"), literal("F1"), *copied)
        names = ["id", "employee_id", *(column.name for column in copied)]
        connection.execute(cases.insert().from_select(names, theirs))
    assert approvers(desk.open_gates(opening("finance"))) == {"finance": ("H1",)}, "not F1, who is `active` by the row"


# ---- several people -------------------------------------------------------------------------------------------------


def test_several_people_are_asked_and_who_has_voted_keeps_the_seat(
    wide_desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    asked = opening("finance")
    three = asked.model_copy(update={"asks": (asked.asks[0].model_copy(update={"people": 3}),)})
    assert approvers(wide_desk.open_gates(three)) == {"finance": ("F1", "F2", "F3")}
    wide_desk.record_decisions(recorded(decide(database).message()))
    set_status(database, "F2", status="left")
    (renewed,) = reseat(wide_desk, "finance", people=3, voted=(Seat(principal="F1"),)).rounds
    assert renewed.approvers == ("F1", "F3", "F4")
    assert [len(mailer.to(person)) for person in ("F1", "F3", "F4")] == [1, 1, 1], "whoever voted is not asked again"
    wide_desk.remind(Remind(case_id=CASE, gate="finance", round=2, number=1, voted=("F1",), at=LATER))
    assert [len(mailer.to(person)) for person in ("F1", "F3", "F4")] == [1, 2, 2]


def test_fewer_people_than_wanted_are_enough_while_they_can_reach_the_quorum(
    wide_desk: ApprovalActivities, database: Database
) -> None:
    for person in ("F3", "F4"):
        set_status(database, person, status="left")
    asked = opening("finance")
    three = asked.model_copy(update={"asks": (asked.asks[0].model_copy(update={"people": 3}),)})
    assert approvers(wide_desk.open_gates(three)) == {"finance": ("F1", "F2")}
    set_status(database, "F2", status="left")
    (renewed,) = reseat(wide_desk, "finance", people=3).rounds
    assert renewed.approvers == ("F1", "H1"), "the fallback role fills what the quorum needs, and no more"


def test_an_escalation_keeps_the_votes_and_asks_above_the_silent(
    wide_desk: ApprovalActivities, database: Database
) -> None:
    asked = opening("finance")
    three = asked.model_copy(update={"asks": (asked.asks[0].model_copy(update={"people": 3}),)})
    wide_desk.open_gates(three)
    wide_desk.record_decisions(recorded(decide(database).message()))
    second = opening("finance", round=2, ladder=Ladder.ESCALATION, at=DUE, due_at=DUE + timedelta(days=4))
    again = second.asks[0].model_copy(update={"people": 3, "kept": (Seat(principal="F1"),)})
    (risen,) = wide_desk.open_gates(second.model_copy(update={"asks": (again,)})).rounds
    assert risen.seats[0] == Seat(principal="F1")
    assert set(risen.approvers) == {"F1", "D1", "F4"}, "not those who were silent"


def test_asking_the_same_people_again_is_a_silence_of_the_round_before(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    second = opening("finance", round=2, at=DUE, due_at=DUE + timedelta(days=2))
    held = second.model_copy(update={"asks": (second.asks[0].model_copy(update={"same_people": True}),)})
    assert approvers(desk.open_gates(held)) == {"finance": ("F1",)}
    assert row(database, "finance").verdict is Verdict.TIMED_OUT
    assert len(mailer.to("F1")) == 2


def test_a_vote_at_another_gate_takes_the_seat_unless_the_policy_counts_by_gate(
    database: Database, mailer: Collecting
) -> None:
    start_case(database)
    desk = ApprovalActivities(database, mailer, SECRET, URL)
    set_status(database, "H1", extra_roles=["finance_reviewer"])
    set_status(database, "F1", status="left")
    assert approvers(desk.open_gates(opening("finance", "it"))) == {"finance": ("H1",), "it": ("I1",)}
    set_status(database, "F1", status="active")
    set_status(database, "I1", status="left")
    found = reseat(desk, "it")
    assert found.rounds[0].approvers == ("H1",), "nobody has voted yet"
    decide(database, by="H1")
    assert reseat(desk, "it", round=2).missing == ("it",)


# ---- what is refused ------------------------------------------------------------------------------------------------


def test_a_delegation_that_makes_no_sense_is_refused_and_changes_nothing(database: Database) -> None:
    Company.build(database, clients=0)
    set_status(database, "P3", status="left")
    given(database, "P1", "P2")
    with pytest.raises(NotAllowed, match="themselves"):
        given(database, "F1", "F1")
    wrong = {
        "not active": {"to_id": "P3"},
        "ends after it starts": {"to_id": "M1", "ends_at": OPENED},
        "180 days": {"to_id": "M1", "ends_at": OPENED + timedelta(days=181)},
        "P1 has given their own questions away": {"to_id": "P1"},
    }
    for sentence, fields in wrong.items():
        with pytest.raises(CaseConflict, match=sentence):
            given(database, "F1", **fields)  # type: ignore[arg-type]
    with pytest.raises(CaseConflict, match="P1 has a delegation or an absence for that time already"):
        given(database, "P1", None, starts_at=UNTIL - timedelta(days=1), ends_at=UNTIL + timedelta(days=9))
    given(database, "P1", None, starts_at=UNTIL, ends_at=UNTIL + timedelta(days=9))
    with database.begin() as connection:
        assert delegations.active(connection, ["F1", "P1"], OPENED).keys() == {"P1"}
        assert {each.kind for each in delegations.of_person(connection, "P1", OPENED)} == set(delegations.LASTING)
        with pytest.raises(CaseConflict, match="could be revoked"):
            delegations.revoke(connection, "none", by="P1", at=LATER)


def test_a_delegation_nudges_the_cases_where_the_person_is_asked_and_their_own(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    given(database, "F1", "P1")
    given(database, "E1", "P2")
    given(database, "I1", "P3")
    with database.begin() as connection:
        waiting = nudges.untold(connection)
        assert [each.case_id for each in waiting] == [CASE, CASE]
        nudges.mark_told(connection, [each.id for each in waiting], LATER)
        assert nudges.untold(connection) == []
        set_gone = update(employees).where(employees.c.id == "F1").values(status="left")
        connection.execute(set_gone)
        nudges.put_where_somebody_left(connection, LATER)
        assert [each.why for each in nudges.untold(connection)] == ["import"]


def test_a_new_plan_frees_the_gate_that_was_sent_back(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance", "hr"))
    said = decide(database, verdict=Verdict.SENT_BACK, note="the clients of the north belong to P2")
    ended = outcome(verdict=Verdict.SENT_BACK)
    desk.record_decisions(recorded(said.message(), outcomes=(ended,)))
    assert row(database, "finance").verdict is Verdict.SENT_BACK
    assert [body["verdict"] for body in chain(database, "gate.sent_back")] == ["sent_back"]
    assert "the clients of the north belong to P2" in text_of(mailer.to("H2")[0])
    with database.begin() as connection:
        case = case_rows.get(connection, CASE)
        facts = standing.standing_of(connection, case, "hr", row(database, "hr"), at=LATER)
    assert facts.sent_back
