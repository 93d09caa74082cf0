"""An alert and a case of the same person: they find each other, and the report says what was copied."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from activities.alert_records import record
from activities.look_back import exfiltration, look_back
from models.case import CaseRequest, SeparationKind
from models.planning import plan_case
from models.risk import DomainStatus
from models.warning import AlertState, RuleId, Severity
from store import alert_decisions, alerts, cases, evidence, people
from store.database import Database
from store.policies import load_policy
from tests.alert_desk import AlertDesk, early_policy, found
from tests.company import AS_OF, Company

CASE = "offboarding-E1"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
DAY = timedelta(days=1)


class Meeting:
    """A desk of alerts and a case of E1."""

    def __init__(self, database: Database) -> None:
        self.desk = AlertDesk(database)
        self.database = database

    def feed(self, newest: date, records: int = 3, person: str = "P1") -> None:
        """Somebody exported a few records on a day, so that the feed is known to live."""
        statement = (
            "INSERT INTO activity_days (employee_id, day, kind, destination, events, records, updated_at) "
            "VALUES (:person, :day, 'export', '', 1, :records, now())"
        )
        with self.database.begin() as connection:
            connection.execute(text(statement), {"person": person, "day": newest, "records": records})

    def open_case(self) -> None:
        asked = CaseRequest(
            case_id=CASE,
            employee_id="E1",
            kind=SeparationKind.RESIGNATION,
            last_working_day=AS_OF + 30 * DAY,
            policy="ifrs",
        )
        policy = load_policy("ifrs")
        with self.database.begin() as connection:
            plan = plan_case(asked, people.get(connection, "E1"), policy, NOON)
            cases.create(connection, asked, policy, plan, at=NOON)
            evidence.append(connection, CASE, "case.started", {}, at=NOON)

    def look(self) -> None:
        with self.database.begin() as connection:
            look_back(connection, cases.get(connection, CASE), None, at=NOON)

    def decide(self, alert: str, to: AlertState) -> None:
        with self.database.begin() as connection:
            stored = alert_decisions.accept(connection, alert, to, "H1", "why", at=NOON)
            assert record(connection, stored.message(), at=NOON).counted

    def domain(self) -> tuple[DomainStatus, int | None, list[str]]:
        with self.database.begin() as connection:
            found = exfiltration(connection, cases.get(connection, CASE), None)
        return found.status, None if found.score is None else int(found.score), [each.code for each in found.reasons]


@pytest.fixture
def meeting(database: Database) -> Meeting:
    Company.build(database, clients=1)
    return Meeting(database)


def test_a_confirmed_alert_joins_the_open_case_in_both_chains(meeting: Meeting) -> None:
    alert = meeting.desk.open()
    meeting.open_case()
    meeting.decide(alert, AlertState.CONFIRMED)
    assert meeting.desk.row(alert).case_id == CASE
    assert "alert.joined" in meeting.desk.evidence(CASE)
    assert meeting.desk.evidence(alert)[-1] == "alert.joined_case"
    with meeting.database.begin() as connection:
        assert alerts.shown(meeting.desk.row(alert)).joined_case
        assert "E1" not in str([entry.body for entry in evidence.read(connection, alert)])


def test_a_confirmed_alert_stands_until_a_case_is_opened(meeting: Meeting) -> None:
    alert = meeting.desk.open(found(day=AS_OF - 40 * DAY))
    meeting.decide(alert, AlertState.CONFIRMED)
    assert meeting.desk.row(alert).case_id is None
    meeting.open_case()
    meeting.look()
    meeting.look()
    assert meeting.desk.row(alert).case_id == CASE
    assert meeting.desk.evidence(CASE).count("alert.joined") == 1


def test_without_a_feed_there_is_no_data_and_a_case_is_as_it_was(meeting: Meeting) -> None:
    meeting.open_case()
    assert meeting.domain()[0] is DomainStatus.NO_DATA
    meeting.look()
    assert meeting.domain()[0] is DomainStatus.NO_DATA
    assert meeting.desk.evidence(CASE) == ["case.started"]


def test_before_the_look_and_with_a_silent_feed_it_is_unknown_and_never_zero(meeting: Meeting) -> None:
    meeting.feed(AS_OF - 30 * DAY)
    meeting.open_case()
    assert meeting.domain()[:2] == (DomainStatus.UNKNOWN, 50)
    meeting.look()
    status, score, reasons = meeting.domain()
    assert (status, score) == (DomainStatus.UNKNOWN, 50)
    assert reasons[0].startswith("Activity was last reported on {day}")


def test_nothing_found_is_zero_and_says_so(meeting: Meeting) -> None:
    meeting.feed(AS_OF)
    meeting.open_case()
    meeting.look()
    status, score, reasons = meeting.domain()
    assert (status, score) == (DomainStatus.ASSESSED, 0)
    assert reasons == ["Activity was read from {since} to {until}, and nothing stood out."]


def test_the_look_back_finds_what_no_scan_has_seen(meeting: Meeting) -> None:
    meeting.feed(AS_OF - DAY, records=2500, person="E1")
    meeting.feed(AS_OF)
    meeting.open_case()
    meeting.look()
    status, score, _ = meeting.domain()
    assert status is DomainStatus.ASSESSED
    assert score is not None
    assert score > 0


@pytest.mark.parametrize(
    ("severity", "state", "score"),
    [
        (Severity.HIGH, AlertState.NEEDS_REVIEW, 55),
        (Severity.CRITICAL, AlertState.NEEDS_REVIEW, 66),
        (Severity.HIGH, AlertState.CONFIRMED, 67),
        (Severity.CRITICAL, AlertState.CONFIRMED, 85),
        (Severity.MEDIUM, AlertState.CONFIRMED, 40),
        (Severity.CRITICAL, AlertState.DISMISSED, 0),
    ],
)
def test_the_score_is_what_people_said_of_it(
    meeting: Meeting, severity: Severity, state: AlertState, score: int
) -> None:
    """Only what a person confirmed lifts the total of a case, at 67 and at 85."""
    meeting.feed(AS_OF)
    alert = meeting.desk.open(found(severity=severity))
    if state is not AlertState.NEEDS_REVIEW:
        meeting.decide(alert, state)
    meeting.open_case()
    meeting.look()
    assert meeting.domain()[:2] == (DomainStatus.ASSESSED, score)


def test_the_reasons_are_those_of_the_rules(meeting: Meeting) -> None:
    meeting.feed(AS_OF)
    meeting.desk.open(found(), found(RuleId.CLAIM_ROUND, Severity.HIGH, supporting=True))
    meeting.open_case()
    meeting.look()
    reasons = meeting.domain()[2]
    assert reasons == ["Not decided by people yet: {count}.", "Exported {records} client records on {day}."]


def test_claims_for_expenses_say_nothing_about_copying(meeting: Meeting) -> None:
    meeting.feed(AS_OF)
    meeting.desk.keep(found(RuleId.CLAIM_SPLIT, Severity.CRITICAL, supporting=True))
    meeting.open_case()
    meeting.look()
    assert meeting.domain()[1] == 0


def test_a_case_with_a_folder_of_policies_looks_by_that_policy(meeting: Meeting, tmp_path: Path) -> None:
    """A window of one day: what lies before it is not read."""
    early_policy(tmp_path, before_trigger="1")
    meeting.feed(AS_OF)
    meeting.desk.keep(found(day=AS_OF - 2 * DAY))
    meeting.open_case()
    with meeting.database.begin() as connection:
        look_back(connection, cases.get(connection, CASE), tmp_path, at=NOON)
    assert meeting.domain()[1] == 0
