"""Protection: export rights are suspended for a while and come back exactly; a case or another alert may take over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from activities.access import AccessActivities
from activities.protection import ProtectionActivities
from models.access import Grade, LockRequest
from models.case import CaseRequest, Phase, SeparationKind
from models.errors import CaseConflict, Unavailable
from models.handover import UndoRequest
from models.planning import plan_case
from models.warning import AlertState, ProtectionState, ProtectRequest, Severity
from store import alerts, cases, evidence, people
from store.database import Database
from store.policies import load_policy
from systems.access.postgres import PostgresAccessDirectory
from tests.alert_desk import AlertDesk, early_policy, found
from tests.company import AS_OF, Company
from tests.integration.lockdown.directory import Recording, refuse

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
CASE = "offboarding-E1"
EXPORT = {"crm-1", "erp-1"}


class Hall:
    """Everything that a protection needs; the policy enforces unless a test says otherwise."""

    def __init__(self, database: Database, home: Path) -> None:
        self.desk = AlertDesk(database)
        self.directory = Recording(PostgresAccessDirectory(database))
        self.policy = early_policy(home, mode='"enforce"', hours="24")
        self.protection = ProtectionActivities(database, self.directory, self.policy, pause=lambda seconds: None)
        self.access = AccessActivities(database, self.directory, pause=lambda seconds: None)
        self.database = database

    def protect(self, alert: str) -> ProtectionState:
        return self.protection.protect(ProtectRequest(alert_id=alert, at=NOON)).state

    def end(self, alert: str) -> ProtectionState:
        return self.protection.end_protection(ProtectRequest(alert_id=alert, at=NOON)).state

    def open_case(self) -> None:
        """A case of E1 begins, as `plan_case` writes it."""
        asked = CaseRequest(
            case_id=CASE,
            employee_id="E1",
            kind=SeparationKind.RESIGNATION,
            last_working_day=AS_OF + timedelta(days=30),
            policy="ifrs",
        )
        policy = load_policy("ifrs")
        with self.database.begin() as connection:
            plan = plan_case(asked, people.get(connection, "E1"), policy, NOON)
            cases.create(connection, asked, policy, plan, at=datetime.now(UTC))
            evidence.append(connection, CASE, "case.started", {}, at=NOON)

    def lock(self) -> None:
        self.access.lock_access(LockRequest(case_id=CASE, employee_id="E1", grades=tuple(Grade)))

    def withdraw(self) -> None:
        self.access.restore_access(UndoRequest(case_id=CASE, employee_id="E1"))
        self.end_case(Phase.WITHDRAWN)

    def end_case(self, phase: Phase) -> None:
        with self.database.begin() as connection:
            cases.set_phase(connection, CASE, phase, ended_at=datetime.now(UTC))

    def suspended(self) -> set[str]:
        query = "SELECT id FROM entitlements WHERE employee_id = 'E1' AND state = 'suspended'"
        with self.database.begin() as connection:
            return set(connection.execute(text(query)).scalars())


@pytest.fixture
def hall(database: Database, tmp_path: Path) -> Hall:
    Company.build(database, clients=1)
    return Hall(database, tmp_path)


def test_would_have_writes_it_down_and_does_nothing(hall: Hall) -> None:
    """The policy as it ships."""
    alert, before = hall.desk.open(), hall.desk.rights()
    audit_only = ProtectionActivities(hall.database, hall.directory)
    done = audit_only.protect(ProtectRequest(alert_id=alert, at=NOON))
    assert (done.state, done.rights, done.until) == (ProtectionState.WOULD_HAVE, 2, NOON + timedelta(hours=168))
    assert hall.end(alert) is ProtectionState.WOULD_HAVE
    assert hall.directory.changes == []
    assert hall.desk.rights() == before
    assert hall.desk.evidence(alert) == ["alert.opened", "protection.would_have"]


def test_export_rights_go_and_come_back_exactly_as_they_were(hall: Hall) -> None:
    hall.directory.real.suspend("erp-1")  # taken by somebody else before: it must stay so
    alert, before = hall.desk.open(), hall.desk.rights()
    assert hall.protect(alert) is ProtectionState.SUSPENDED
    assert hall.suspended() == EXPORT
    assert hall.desk.row(alert).protected_until == NOON + timedelta(hours=24)
    assert hall.end(alert) is ProtectionState.GIVEN_BACK
    assert hall.desk.rights() == before
    assert hall.end(alert) is ProtectionState.GIVEN_BACK
    assert hall.directory.changes == [("suspend", "crm-1"), ("restore", "crm-1")]
    assert hall.desk.evidence(alert).count("protection.given_back") == 1


def test_a_right_that_resists_is_counted_and_tried_again(hall: Hall) -> None:
    alert, before = hall.desk.open(), hall.desk.rights()
    hall.directory.before = refuse("suspend", "erp-1")
    first = hall.protection.protect(ProtectRequest(alert_id=alert, at=NOON))
    assert (first.rights, first.open) == (1, 1)
    hall.directory.before = lambda verb, right: None
    second = hall.protection.protect(ProtectRequest(alert_id=alert, at=NOON + timedelta(hours=1)))
    assert (second.rights, second.open, second.until) == (2, 0, first.until), "the deadline does not move"
    hall.directory.before = refuse("restore", "crm-1")
    with pytest.raises(Unavailable, match="1 rights were given back, 1 not yet"):
        hall.end(alert)
    assert hall.desk.row(alert).protection is ProtectionState.SUSPENDED
    hall.directory.before = lambda verb, right: None
    assert hall.end(alert) is ProtectionState.GIVEN_BACK
    assert hall.desk.rights() == before


@pytest.mark.parametrize("locked_first", [True, False], ids=["case locks first", "alert lapses first"])
def test_a_case_takes_the_rights_over_and_its_withdrawal_gives_all_back(hall: Hall, locked_first: bool) -> None:
    alert, before = hall.desk.open(), hall.desk.rights()
    hall.protect(alert)
    hall.open_case()
    steps: list[Callable[[], object]] = [hall.lock, lambda: hall.end(alert)]
    for step in steps if locked_first else reversed(steps):
        step()
    assert hall.desk.row(alert).protection is ProtectionState.LEFT_TO_CASE
    assert len(hall.suspended()) == 10
    hall.withdraw()
    assert hall.desk.rights() == before
    with hall.database.begin() as connection:
        assert evidence.verify(connection, alert)[1] is None
        assert evidence.verify(connection, CASE)[1] is None
    assert "protection.taken_over" in hall.desk.evidence(CASE)


def test_a_case_that_was_withdrawn_leaves_the_protection_to_its_deadline(hall: Hall) -> None:
    alert, before = hall.desk.open(), hall.desk.rights()
    hall.protect(alert)
    hall.open_case()
    hall.withdraw()  # before it had locked anything
    assert hall.suspended() == EXPORT
    assert hall.end(alert) is ProtectionState.GIVEN_BACK
    assert hall.desk.rights() == before


@pytest.mark.parametrize("state", [AlertState.NEEDS_REVIEW, AlertState.CONFIRMED])
def test_what_a_withdrawn_case_gave_back_no_alert_says_to_hold(hall: Hall, state: AlertState) -> None:
    alert, before = hall.desk.open(), hall.desk.rights()
    hall.protect(alert)
    with hall.database.begin() as connection:
        alerts.change(connection, alert, state=state, told_at=hall.desk.row(alert).opened_at)
    hall.open_case()
    hall.lock()
    hall.directory.before = refuse("restore", "erp-1")
    with pytest.raises(Unavailable):
        hall.withdraw()
    assert hall.desk.row(alert).protection is ProtectionState.SUSPENDED, "not all is back yet"
    with pytest.raises(CaseConflict):
        hall.protect(alert)  # what is back already must not go again
    hall.directory.before = lambda verb, right: None
    hall.withdraw()
    assert hall.desk.rights() == before
    assert hall.desk.row(alert).protection is ProtectionState.GIVEN_BACK
    with hall.database.begin() as connection:
        assert alert in alerts.untold(connection), "its workflow hears of it"
        assert evidence.verify(connection, alert)[1] is None
    changes = list(hall.directory.changes)
    assert hall.protect(alert) is ProtectionState.GIVEN_BACK
    assert hall.end(alert) is ProtectionState.GIVEN_BACK
    hall.withdraw()
    assert hall.directory.changes == changes
    assert hall.desk.evidence(alert).count("protection.given_back") == 1


def test_an_alert_with_a_right_that_the_case_never_saw_goes_on_holding_it(hall: Hall) -> None:
    alert = hall.desk.open()
    hall.protect(alert)
    hall.open_case()
    hall.access._rights.take(CASE, next(right for right in hall.access._rights.of("E1") if right.id == "crm-1"))
    hall.withdraw()
    assert hall.suspended() == {"erp-1"}
    assert hall.desk.row(alert).protection is ProtectionState.SUSPENDED
    assert hall.end(alert) is ProtectionState.GIVEN_BACK
    assert hall.suspended() == set()


def test_nothing_comes_back_to_somebody_whose_case_was_closed(hall: Hall) -> None:
    alert = hall.desk.open()
    hall.protect(alert)
    hall.open_case()
    hall.lock()
    hall.end_case(Phase.CLOSED)
    assert hall.end(alert) is ProtectionState.LEFT_TO_CASE
    assert len(hall.suspended()) == 10


def test_where_a_case_is_open_there_is_nothing_to_protect(hall: Hall) -> None:
    alert = hall.desk.open()
    hall.open_case()
    assert hall.protect(alert) is ProtectionState.LEFT_TO_CASE
    assert hall.directory.changes == []


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_of_two_alerts_the_last_one_gives_back(hall: Hall, first_to_end: int) -> None:
    before = hall.desk.rights()
    pair = [hall.desk.open()]
    hall.protect(pair[0])
    with hall.database.begin() as connection:
        alerts.change(connection, pair[0], state=AlertState.CONFIRMED)
    pair.append(hall.desk.open(found(severity=Severity.CRITICAL, day=AS_OF - timedelta(days=1))))
    hall.protect(pair[1])
    ending, staying = pair[first_to_end], pair[1 - first_to_end]
    assert hall.end(ending) is ProtectionState.LEFT_TO_ALERT
    assert hall.suspended() == EXPORT
    assert hall.end(staying) is ProtectionState.GIVEN_BACK
    assert hall.desk.rights() == before


def test_nothing_is_taken_for_an_alert_that_was_dismissed_meanwhile(hall: Hall) -> None:
    alert = hall.desk.open()
    with hall.database.begin() as connection:
        alerts.change(connection, alert, state=AlertState.DISMISSED)
    assert hall.protect(alert) is ProtectionState.NONE
    assert hall.directory.changes == []


def test_a_right_that_came_back_while_the_case_looked_is_taken_by_the_case(hall: Hall) -> None:
    """The case reads `suspended`, the alert gives back, the case goes on: it must not believe what it read."""
    alert, before = hall.desk.open(), hall.desk.rights()
    hall.protect(alert)

    def lapse_in_between(verb: str, right: str) -> None:
        if (verb, right) == ("read", "crm-1"):
            hall.directory.after = lambda verb, right: None
            assert hall.end(alert) is ProtectionState.GIVEN_BACK
            hall.open_case()

    hall.directory.after = lapse_in_between
    hall.access._rights.take(CASE, hall.access._rights.of("E1")[0])
    assert "crm-1" in hall.suspended()
    hall.access.restore_access(UndoRequest(case_id=CASE, employee_id="E1"))
    assert hall.desk.rights() == before


def test_the_evidence_of_an_alert_holds_no_id_of_a_right(hall: Hall) -> None:
    """Ids of rights are often built from the id of the person."""
    alert = hall.desk.open()
    hall.protect(alert)
    with hall.database.begin() as connection:
        bodies = str([entry.body for entry in evidence.read(connection, alert)])
    assert "access.lock" in hall.desk.evidence(alert)
    assert not any(right in bodies for right in EXPORT)
