"""Deadlines and reminders fall into the working hours of whoever is asked: 调休, holidays, clocks that change."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from activities.approvals import ApprovalActivities
from models.approvals import GateRound
from store.database import Database
from store.tables import employees
from tests.approval_case import Collecting, opening, policy_with, start_case
from tests.integration.gates.approvals import SECRET, URL

CHINA = {"country": "CN", "time_zone": "Asia/Shanghai"}
NEW_YORK = {"country": "US", "time_zone": "America/New_York"}
BERLIN = {"country": "DE", "time_zone": "Europe/Berlin"}
NOWHERE, UNKNOWN = {"country": "", "time_zone": "UTC"}, {"country": "XX", "time_zone": "No/Where"}


def move(database: Database, person: str, place: dict[str, str]) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == person).values(place))


def asked(desk: ApprovalActivities, gate: str, at: datetime, *, due_at: datetime | None = None) -> GateRound:
    wanted = opening(gate, at=at)
    asks = (wanted.asks[0].model_copy(update={"due_at": due_at, "people": 3}),)
    (opened,) = desk.open_gates(wanted.model_copy(update={"asks": asks})).rounds
    return opened


@pytest.mark.parametrize(
    ("place", "at", "due_at"),
    [
        # Two working days from Friday noon: Saturday 10 October 2026 makes up for the holiday in China alone.
        (CHINA, datetime(2026, 10, 9, 4, tzinfo=UTC), datetime(2026, 10, 12, 10, tzinfo=UTC)),
        (BERLIN, datetime(2026, 10, 9, 10, tzinfo=UTC), datetime(2026, 10, 13, 16, tzinfo=UTC)),
        # Monday 12 October 2026 is Columbus Day.
        (NEW_YORK, datetime(2026, 10, 9, 16, tzinfo=UTC), datetime(2026, 10, 14, 22, tzinfo=UTC)),
        # The clocks of Berlin go back on 25 October, those of New York on 1 November: 18:00 there stays 18:00.
        (BERLIN, datetime(2026, 10, 23, 10, tzinfo=UTC), datetime(2026, 10, 27, 17, tzinfo=UTC)),
        (NEW_YORK, datetime(2026, 10, 30, 16, tzinfo=UTC), datetime(2026, 11, 3, 23, tzinfo=UTC)),
        # Somebody without a country is asked by the policy's own calendar, the one of a country nobody knows as well.
        (NOWHERE, datetime(2026, 10, 30, 16, tzinfo=UTC), datetime(2026, 11, 3, 23, tzinfo=UTC)),
        (UNKNOWN, datetime(2026, 10, 30, 16, tzinfo=UTC), datetime(2026, 11, 3, 23, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_deadline_is_the_end_of_a_working_day_where_the_approver_works(
    desk: ApprovalActivities, database: Database, place: dict[str, str], at: datetime, due_at: datetime
) -> None:
    move(database, "F1", place)
    opened = asked(desk, "finance", at)
    assert opened.due_at == due_at
    assert len(opened.reminders_at) == 2
    assert all(at < moment < due_at for moment in opened.reminders_at)
    assert opened == asked(desk, "finance", at), "a retry hears the same"


def test_the_planned_deadline_is_kept_at_home_and_ends_the_same_day_elsewhere(
    desk: ApprovalActivities, database: Database
) -> None:
    at, planned = datetime(2026, 11, 24, 2, tzinfo=UTC), datetime(2026, 11, 26, 10, tzinfo=UTC)
    assert asked(desk, "hr", at, due_at=planned).due_at == planned
    move(database, "F1", BERLIN)
    assert asked(desk, "finance", at, due_at=planned).due_at == datetime(2026, 11, 26, 17, tzinfo=UTC)
    move(database, "I1", NEW_YORK)  # that Thursday is Thanksgiving there
    assert asked(desk, "it", at, due_at=planned).due_at == datetime(2026, 11, 27, 23, tzinfo=UTC)


def test_the_earliest_of_several_people_sets_the_deadline(database: Database, mailer: Collecting) -> None:
    company = start_case(database, policy=policy_with("finance", people=3))
    with database.begin() as connection:
        for key, place in (("F2", NEW_YORK), ("F3", BERLIN)):
            company.person(connection, key, name=key, role="finance_reviewer", manager_id="D1", **place)
    desk = ApprovalActivities(database, mailer, SECRET, URL)
    opened = asked(desk, "finance", datetime(2026, 10, 8, 10, tzinfo=UTC))
    assert set(opened.approvers) == {"F1", "F2", "F3"}
    assert opened.due_at == datetime(2026, 10, 10, 10, tzinfo=UTC), "the Saturday on which China works"


def test_a_gate_may_have_reminders_of_its_own(database: Database, mailer: Collecting) -> None:
    start_case(database, policy=policy_with("finance", reminders=("0.25", "0.5", "0.75")))
    desk = ApprovalActivities(database, mailer, SECRET, URL)
    assert len(asked(desk, "finance", datetime(2026, 11, 24, 2, tzinfo=UTC)).reminders_at) == 3
