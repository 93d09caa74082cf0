"""What the indicators are given from the database: the people asked for, their peers, and no more than is needed."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, insert, text

from early_warning.activity import load_activity
from early_warning.indicators.finder import find
from models.activity import EventKind
from models.case import Phase
from models.warning import RuleId
from store.database import Database
from store.policies import load_warning_policy
from store.tables.behaviour import MONTHS, activity_days, activity_events, expense_claims, watchlist
from tests.company import AS_OF, Company

POLICY = load_warning_policy()
NOON = time(12, tzinfo=UTC)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def did(connection: Connection, day: date, kind: EventKind, records: int = 1, who: str = "E1") -> None:
    values = {"employee_id": who, "day": day, "kind": kind, "events": 1, "records": records}
    connection.execute(insert(activity_days).values(updated_at=datetime.combine(day, NOON), **values))


@pytest.fixture
def company(database: Database) -> Company:
    """Li Na, five peers, and somebody far away."""
    made = Company.build(database, clients=0, peers=5)
    with database.begin() as connection:
        made.person(connection, "Z9", name="Far Away", role="salesperson", manager_id="D1", department="Sales West")
        for who in ("E1", "P1", "Z9"):
            for back in range(0, 100, 2):
                did(connection, ago(back), EventKind.LOGIN, who=who)
    return made


def test_peers_are_read_and_nobody_else(company: Company) -> None:
    with company.database.begin() as connection:
        frames = load_activity(connection, ["E1"], AS_OF, POLICY)
    people = dict(zip(frames.people["employee_id"], frames.people["asked"], strict=True))
    assert people == {"E1": True, "P1": False, "P2": False, "P3": False, "P4": False, "P5": False}
    assert set(frames.days["employee_id"]) == {"E1", "P1"}


def test_who_has_no_team_is_compared_with_the_same_role(company: Company) -> None:
    with company.database.begin() as connection:
        frames = load_activity(connection, ["Z9"], AS_OF, POLICY)
    assert set(frames.people["employee_id"]) == {"E1", "P1", "P2", "P3", "P4", "P5", "Z9"}


def test_an_export_is_found_for_who_is_asked_for_only(company: Company) -> None:
    with company.database.begin() as connection:
        for who in ("E1", "P1"):
            did(connection, AS_OF, EventKind.EXPORT, 501, who)
        found = find(load_activity(connection, ["E1"], AS_OF, POLICY), POLICY, AS_OF).findings
        team = find(load_activity(connection, ["E1", "P1"], AS_OF, POLICY), POLICY, AS_OF).findings
    assert {one.employee_id for one in found if one.rule is RuleId.MASS_EXPORT} == {"E1"}
    assert {one.employee_id for one in team if one.rule is RuleId.MASS_EXPORT} == {"E1", "P1"}
    assert [one for one in team if one.employee_id == "E1"] == found


def test_single_events_are_read_of_who_took_all_four_steps(company: Company) -> None:
    steps = (EventKind.EXPORT, EventKind.RENAME, EventKind.SHARE, EventKind.DELETE)
    with company.database.begin() as connection:
        connection.execute(text(f"CREATE TABLE {MONTHS}.rest PARTITION OF activity_events DEFAULT"))
        for number, kind in enumerate(steps):
            for who in ("E1", "Z9") if number else ("E1",):
                did(connection, ago(3), kind, who=who)
                at = datetime.combine(ago(3), NOON) + timedelta(hours=number)
                values = {"id": f"{who}-{number}", "occurred_at": at, "employee_id": who, "kind": kind, "item": "a.csv"}
                connection.execute(insert(activity_events).values(**values))
        frames = load_activity(connection, ["E1", "Z9"], AS_OF, POLICY)
    assert list(frames.events["id"]) == ["E1-0", "E1-1", "E1-2", "E1-3"]
    assert [one.rule for one in find(frames, POLICY, AS_OF).findings] == [RuleId.SEQUENCE]


def test_a_wish_of_a_named_person_opens_the_past(company: Company) -> None:
    with company.database.begin() as connection:
        did(connection, ago(95), EventKind.EXPORT, 700)
        before = find(load_activity(connection, ["E1"], AS_OF, POLICY), POLICY, AS_OF).findings
        wish = {"employee_id": "E1", "since": ago(5), "until": ago(-20), "by_id": "H1", "reason": "left a copy behind"}
        connection.execute(insert(watchlist).values(**wish))
        frames = load_activity(connection, ["E1"], AS_OF, POLICY)
    assert before == []
    assert frames.triggers.to_numpy().tolist() == [["E1", "watchlist", ago(5)]]
    assert [one.day for one in find(frames, POLICY, AS_OF).findings] == [ago(95)]


@pytest.mark.parametrize(
    ("phase", "notice", "known"),
    [(Phase.ASSESSING, ago(30), True), (Phase.ASSESSING, ago(31), False), (Phase.WITHDRAWN, ago(3), False)],
)
def test_a_notice_opens_the_past_unless_it_was_withdrawn(
    phase: Phase, notice: date, known: bool, company: Company
) -> None:
    with company.database.begin() as connection:
        company.insert(
            connection, "cases", id="offboarding-E1", employee_id="E1", kind="resignation", policy_name="standard",
            policy={}, plan={"dates": {"notice_date": str(notice)}}, phase=phase,
            started_at=datetime.combine(notice, NOON),
        )  # fmt: skip
        triggers = load_activity(connection, ["E1"], AS_OF, POLICY).triggers
    assert triggers.to_numpy().tolist() == ([["E1", "notice", notice]] if known else [])


def test_claims_are_read_with_their_cents(company: Company) -> None:
    claim = {"spent_on": ago(3), "claimed_on": ago(1), "category": "dinner", "amount": Decimal("949.99")}
    with company.database.begin() as connection:
        connection.execute(insert(expense_claims).values(id="X1", employee_id="E1", currency="CNY", **claim))
        frames = load_activity(connection, ["E1"], AS_OF, POLICY)
    assert list(frames.claims["amount"]) == [Decimal("949.99")]
    assert RuleId.CLAIM_UNDER_LIMIT in {one.rule for one in find(frames, POLICY, AS_OF).findings}
