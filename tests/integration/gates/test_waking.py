"""What waits moves when the clock begins or ends a delegation, and when somebody comes for a gate that found nobody."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from activities.approvals import ApprovalActivities
from models.errors import NobodyToAsk, Unavailable, UnknownCase
from services.nudging import nudge
from store import delegations, nudges
from store.database import Database
from store.delegations import Delegation, DelegationKind
from store.tables import employees, vacancies
from systems.intake.load import import_folder
from tests.approval_case import CASE, OPENED, opening
from tests.integration.gates.approvals import LATER

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def given(database: Database, starts_at: datetime, made_at: datetime = OPENED, to: str | None = "P1") -> Delegation:
    """F1 is away for a day."""
    made = Delegation(
        kind=DelegationKind.DELEGATION if to else DelegationKind.ABSENCE,
        from_id="F1",
        to_id=to,
        starts_at=starts_at,
        ends_at=starts_at + DAY,
        made_by="F1",
        made_at=made_at,
    )
    with database.begin() as connection:
        return delegations.make(connection, made)


def why(database: Database, *, told: bool = True) -> list[str]:
    """Why the case must look again, by what nobody has told it yet."""
    with database.begin() as connection:
        waiting = nudges.untold(connection)
        if told:
            nudges.mark_told(connection, [each.id for each in waiting], LATER)
    assert {each.case_id for each in waiting} <= {CASE}
    return [each.why for each in waiting]


def due(database: Database, at: datetime) -> list[str]:
    """What the clock alone brings at a moment."""
    with database.begin() as connection:
        delegations.nudge_what_is_due(connection, at)
    return why(database)


@pytest.mark.parametrize("to", ["P1", None])
def test_a_delegation_or_an_absence_tells_when_it_begins_and_when_it_ends(
    desk: ApprovalActivities, database: Database, to: str | None
) -> None:
    desk.open_gates(opening("finance", "hr"))
    made = given(database, OPENED + DAY, to=to)
    why(database)
    assert made.ends_at
    assert due(database, made.starts_at - timedelta(seconds=1)) == []
    assert due(database, made.starts_at) == ["a delegation begins"]
    assert due(database, made.starts_at + HOUR) == []
    assert due(database, made.ends_at) == ["a delegation ends"]
    assert due(database, made.ends_at + DAY) == []


def test_one_that_begins_at_once_or_is_revoked_tells_once(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    made = given(database, OPENED)
    assert why(database) == ["delegation.made"]
    assert due(database, OPENED + HOUR) == []
    with database.begin() as connection:
        delegations.revoke(connection, made.id, by="F1", at=OPENED + HOUR)
    assert why(database) == ["delegation.revoked"]
    assert due(database, OPENED + 2 * DAY) == []


async def test_the_hook_looks_at_the_clock(desk: ApprovalActivities, database: Database) -> None:
    async def nobody() -> None:
        raise Unavailable("no engine in this test")

    desk.open_gates(opening("finance"))
    now = datetime.now(UTC)
    given(database, now - timedelta(seconds=1), made_at=now - HOUR)
    why(database)
    assert await nudge(database, nobody) == 0  # type: ignore[arg-type]  (it never returns)
    assert why(database) == ["a delegation begins"]


def leave(database: Database, *people: str, status: str = "left") -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id.in_(people)).values(status=status))


def vacant(database: Database) -> list[str]:
    with database.begin() as connection:
        return sorted(connection.execute(select(vacancies.c.gate)).scalars())


def bring(folder: Path, name: str) -> None:
    """One more person in finance, as the source sends them."""
    with (folder / "employees.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["employee_id", "name", "role", "status", "region", "hired_on"])
        writer.writerow(["F7", name, "finance_reviewer", "active", "East", "2020-01-01"])


def test_an_import_that_brings_the_missing_person_wakes_the_case(
    desk: ApprovalActivities, database: Database, tmp_path: Path
) -> None:
    leave(database, "F1", "H1")
    with pytest.raises(NobodyToAsk, match="finance_reviewer"):
        desk.open_gates(opening("finance"))
    assert vacant(database) == ["finance"]
    bring(tmp_path, "Zhao Min")
    import_folder(database, tmp_path)
    assert why(database) == ["import"]
    import_folder(database, tmp_path)
    assert why(database) == [], "the same files change nothing"
    assert desk.open_gates(opening("finance")).rounds[0].approvers == ("F7",)
    assert vacant(database) == []
    bring(tmp_path, "Zhao Ming")
    import_folder(database, tmp_path)
    assert why(database) == [], "nobody is missed any more"


def test_the_end_of_an_absence_wakes_a_gate_that_found_nobody(desk: ApprovalActivities, database: Database) -> None:
    leave(database, "H1")
    absence = given(database, OPENED, to=None)
    why(database)
    with pytest.raises(NobodyToAsk):
        desk.open_gates(opening("finance", at=OPENED + HOUR))
    assert absence.ends_at
    assert due(database, absence.ends_at) == ["a delegation ends"]


def test_a_case_that_nobody_knows_is_refused_as_such(desk: ApprovalActivities, database: Database) -> None:
    with pytest.raises(UnknownCase):
        desk.open_gates(opening("finance").model_copy(update={"case_id": "offboarding-E9"}))
    assert vacant(database) == []
