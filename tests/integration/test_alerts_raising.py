"""From findings to alerts: one a person at a time, an alias for a name, supporting findings only inside a window."""

import re
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from models.warning import AlertState, ProtectionState, RuleId, Severity
from models.warning_policy import Windows
from store import alerts, raising, watchlist
from store.database import Database
from tests.alert_desk import AlertDesk, found
from tests.company import AS_OF, Company

DAY = timedelta(days=1)
NOON = datetime.combine(AS_OF, time(12), tzinfo=UTC)


@pytest.fixture
def desk(database: Database) -> AlertDesk:
    Company.build(database, clients=1)
    return AlertDesk(database)


def test_a_burst_of_a_thousand_events_is_one_alert_with_a_count(desk: AlertDesk) -> None:
    """Three rules see the same thousand events; they are counted once, and nobody gets three alerts."""
    burst = [
        found(rule, severity, events=1000)
        for rule, severity in (
            (RuleId.MASS_EXPORT, Severity.LOW),
            (RuleId.NOVELTY, Severity.LOW),
            (RuleId.OWN_BASELINE, Severity.LOW),
        )
    ]
    alert = desk.row(desk.open(*burst))
    assert alert.events == 1000
    assert (alert.points, alert.severity) == (3, Severity.LOW)
    assert desk.raise_all().opened == desk.raise_all().joined == ()


def test_an_id_shows_an_alias_that_stays_the_same(desk: AlertDesk) -> None:
    first = desk.open()
    with desk.database.begin() as connection:
        alerts.change(connection, first, state=AlertState.DISMISSED)
    second = desk.open(found(day=AS_OF - DAY, key="another"))
    assert re.fullmatch(r"alert-[A-Z0-9]{4}-[A-Z0-9]{4}-20261124", first)
    assert desk.row(first).alias == desk.row(second).alias
    assert second == first.removesuffix("24") + "25", "the next day that is free"
    assert "E1" not in first


def test_more_findings_join_the_alert_that_waits_and_may_make_it_worse(desk: AlertDesk) -> None:
    alert = desk.open(found(severity=Severity.MEDIUM))
    assert desk.row(alert).severity is Severity.MEDIUM
    desk.keep(found(RuleId.SEQUENCE, Severity.HIGH, events=4, first=AS_OF - 3 * DAY))
    assert desk.raise_all().joined == (alert,)
    row = desk.row(alert)
    assert (row.points, row.severity, row.first) == (11, Severity.CRITICAL, AS_OF - 3 * DAY)
    assert desk.evidence(alert) == ["alert.opened", "alert.extended"]


def test_who_was_asked_is_told_again_only_of_a_worse_severity_or_a_new_burst(desk: AlertDesk) -> None:
    alert = desk.open(found(severity=Severity.MEDIUM))
    with desk.database.begin() as connection:
        alerts.change(connection, alert, waiting_on=["H1"])

    def told_after(*more: object) -> int:
        desk.keep(*more)  # type: ignore[arg-type]
        desk.raise_all(AS_OF + 30 * DAY)
        with desk.database.begin() as connection:
            return int(connection.execute(text("SELECT count(*) FROM outbox WHERE kind = 'alert_grew'")).scalar_one())

    assert told_after(found(severity=Severity.MEDIUM, day=AS_OF + DAY)) == 0, "the same burst"
    assert told_after(found(RuleId.CUMULATIVE, Severity.MEDIUM, day=AS_OF + DAY)) == 1, "worse"
    assert told_after(found(severity=Severity.LOW, day=AS_OF + 9 * DAY)) == 2, "a new burst, eight days later"


def test_after_a_decision_new_facts_open_a_new_alert(desk: AlertDesk) -> None:
    first = desk.open()
    with desk.database.begin() as connection:
        alerts.change(connection, first, state=AlertState.CONFIRMED)
    assert desk.open(found(day=AS_OF - DAY)) != first


@pytest.mark.parametrize(("back", "counts"), [(90, True), (91, False)])
def test_supporting_findings_count_90_days_before_a_notice_and_not_91(desk: AlertDesk, back: int, counts: bool) -> None:
    notice = AS_OF - 20 * DAY
    _case(desk.database, notice)
    desk.keep(found(RuleId.CLAIM_WEEKEND, Severity.LOW, day=notice - timedelta(days=back), supporting=True))
    with desk.database.begin() as connection:
        # Looked at on the day of the notice: what counts does not depend on how late a scan comes.
        waiting = raising.people_waiting(connection, notice, Windows())
    assert waiting == (["E1"] if counts else [])


@pytest.mark.parametrize(("on", "counts"), [(30, True), (31, False)])
def test_supporting_findings_count_30_days_after_a_trigger_and_not_31(desk: AlertDesk, on: int, counts: bool) -> None:
    desk.open()
    day = AS_OF + timedelta(days=on)
    desk.keep(found(RuleId.AFTER_HOURS, Severity.LOW, day=day, supporting=True))
    assert bool(desk.raise_all(day).joined) is counts


def test_a_supporting_finding_without_a_trigger_is_kept_and_raises_nothing(desk: AlertDesk) -> None:
    desk.keep(found(RuleId.AFTER_HOURS, Severity.CRITICAL, supporting=True))
    assert desk.raise_all().opened == ()
    with desk.database.begin() as connection:
        watchlist.add(connection, "E1", "H1", "asked by legal", until=AS_OF, at=NOON)
    assert len(desk.raise_all().opened) == 1, "a named person opened the window"


def test_a_supporting_finding_that_stands_together_with_others_later_counts_by_itself(desk: AlertDesk) -> None:
    alone = found(RuleId.AFTER_HOURS, Severity.MEDIUM, supporting=True)
    desk.keep(alone)
    assert desk.raise_all().opened == ()
    desk.keep(alone.model_copy(update={"supporting": False}))
    desk.keep(alone)  # and never sinks again
    assert len(desk.raise_all().opened) == 1


def test_what_people_dismissed_opens_no_window(desk: AlertDesk) -> None:
    alert = desk.open()
    with desk.database.begin() as connection:
        alerts.change(connection, alert, state=AlertState.DISMISSED)
    desk.keep(found(RuleId.AFTER_HOURS, supporting=True))
    assert desk.raise_all().opened == ()


def test_two_scans_at_once_open_one_alert(desk: AlertDesk) -> None:
    desk.keep(found(), found(RuleId.SEQUENCE))
    together, results = Barrier(2), []

    def scan() -> None:
        together.wait()
        results.append(desk.raise_all())

    threads = [Thread(target=scan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(each.opened) for each in results) == 1
    with desk.database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM alerts")).scalar_one() == 1


def test_what_is_shown_never_holds_who_it_is_about(desk: AlertDesk) -> None:
    alert = desk.open(
        found(
            event_ids=("crm/E1/77", "EV-E15"),
            key="mass_export/E1/2026-11-24",
            reason=found().reason.model_copy(update={"params": {"records": "clients of Li Na.xlsx", "day": "x"}}),
        )
    )
    with desk.database.begin() as connection:
        row = alerts.get(connection, alert)
        shown = alerts.shown(row, alerts.findings_of(connection, alert), "Li Na").model_dump_json()
    assert '"E1"' not in shown
    assert "/E1/" not in shown
    assert "Li Na" not in shown
    assert "EV-E15" in shown, "another word is left alone"
    assert shown.count(row.alias) >= 5


def test_a_new_alert_has_no_protection_yet(desk: AlertDesk) -> None:
    row = desk.row(desk.open())
    assert (row.protection, row.protected_until, row.state) == (ProtectionState.NONE, None, AlertState.NEEDS_REVIEW)


def _case(database: Database, notice: date) -> None:
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO cases (id, employee_id, kind, policy_name, policy, plan, phase, started_at) VALUES "
                "('offboarding-E1', 'E1', 'resignation', 'ifrs', '{}', "
                "jsonb_build_object('dates', jsonb_build_object('notice_date', cast(:day AS text))), "
                "'assessing', now())"
            ),
            {"day": notice.isoformat()},
        )
