"""Events come in once however they are delivered, and the roll-up is what a count from scratch would be."""

import csv
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Date, DateTime, Text, cast, column, func, literal, select, text, values

from models.activity import EventKind
from models.errors import PolicyError, UnknownEmployee
from models.working_days import WorkCalendar
from store import activity
from store.database import Database
from store.policies import SHIPPED, load_warning_policy
from store.roll_up import add_events, people_adrift, rebuild
from store.tables.behaviour import activity_days, activity_events
from systems.intake.load import import_folder
from systems.intake.recount import recount
from systems.intake.report import FilesRefused, ImportReport, TableCounts
from tests.company import Company

HOURS = load_warning_policy().after_hours
PEOPLE = {"E1": ("CN", "Asia/Shanghai"), "U1": ("US", "America/New_York"), "N1": ("", "Pacific/Auckland")}
START, END = datetime(2026, 9, 25, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)
ALWAYS, EVER = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Event:
    """One row of activity_events.csv."""

    id: str
    employee_id: str = "E1"
    at: datetime = datetime(2026, 11, 3, 3, tzinfo=UTC)
    kind: str = "export"
    records: int = 10
    item: str = ""
    destination: str = ""

    def row(self) -> list[str]:
        return [
            self.id, self.employee_id, self.at.isoformat(), self.kind, str(self.records), self.item, self.destination,
        ]  # fmt: skip


@pytest.fixture
def company(database: Database) -> Company:
    company = Company.build(database, clients=0, peers=1)
    with database.begin() as connection:
        for key, (country, zone) in PEOPLE.items():
            if key != "E1":
                company.person(connection, key, name=key, role="salesperson", country=country, time_zone=zone)
    return company


def deliver(database: Database, folder: Path, events: Sequence[Event], *, dry_run: bool = False) -> ImportReport:
    write(folder, events)
    return import_folder(database, folder, dry_run=dry_run)


def write(folder: Path, events: Sequence[Event]) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "activity_events.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["event_id", "employee_id", "occurred_at", "kind", "records", "item", "destination"])
        rows.writerows(event.row() for event in events)


def faults(database: Database, folder: Path, events: Sequence[Event]) -> list[str]:
    """What the import complains of, after making sure that it wrote nothing."""
    before = contents(database)
    with pytest.raises(FilesRefused) as refused:
        deliver(database, folder, events)
    assert contents(database) == before
    return [f"{fault.line}:{fault.column}: {fault.sentence()}" for fault in refused.value.report.faults]


def contents(database: Database) -> tuple[int, dict[tuple[object, ...], tuple[int, int, int]]]:
    """How many events are kept, and the roll-up by cell."""
    with database.begin() as connection:
        kept = connection.execute(select(func.count()).select_from(activity_events)).scalar_one()
        cells = connection.execute(select(activity_days)).all()
    return kept, {
        (row.employee_id, row.day, row.kind, row.destination): (row.events, row.records, row.after_hours)
        for row in cells
    }


def counted(events: Sequence[Event]) -> dict[tuple[object, ...], tuple[int, int, int]]:
    """The same count, made one event at a time in plain Python."""
    found: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for event in {event.id: event for event in events}.values():
        country, zone = PEOPLE[event.employee_id]
        local = event.at.astimezone(ZoneInfo(zone))
        works = WorkCalendar(country, zone, time(18)).is_working_day(local.date()) if country else local.weekday() < 5
        late = local.time() >= HOURS[0] or local.time() < HOURS[1]
        cell = found[event.employee_id, local.date(), event.kind, event.destination]
        for place, more in enumerate((1, event.records, int(late or not works or event.kind == "after_hours"))):
            cell[place] += more
    return {cell: (events, records, after) for cell, (events, records, after) in found.items()}


EVENTS = st.lists(
    st.builds(
        Event,
        id=st.uuids().map(str),
        employee_id=st.sampled_from(sorted(PEOPLE)),
        at=st.datetimes(START.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC)),
        kind=st.sampled_from(["export", "login", "after_hours"]),
        records=st.integers(0, 3),
        destination=st.sampled_from(["", "gmail.com"]),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda event: event.id,
)


def test_times_that_nobody_means_are_faults_of_their_rows(company: Company, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    events = [
        Event("A", at=datetime(1900, 1, 1, tzinfo=UTC)),
        Event("B", at=datetime(1989, 12, 31, 23, 59, tzinfo=UTC)),
        Event("C", at=now - timedelta(days=1)),
        Event("D", at=now + timedelta(days=1, hours=23)),
        Event("E", at=now + timedelta(days=3)),
        Event("F", at=datetime(2199, 1, 1, tzinfo=UTC)),
    ]
    assert faults(company.database, tmp_path, events) == [
        "2:occurred_at: is before the year 1990",
        "3:occurred_at: is before the year 1990",
        "6:occurred_at: is more than two days in the future",
        "7:occurred_at: is more than two days in the future",
    ]
    assert deliver(company.database, tmp_path, events[2:4]).tables["activity_events"].new == 2


def test_one_import_does_not_span_more_than_twenty_years(company: Company, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old, older = (Event(str(days), at=now - timedelta(days=days)) for days in (7300, 7310))
    assert faults(company.database, tmp_path, [older, old, Event("N", at=now)]) == [
        "2:occurred_at: is more than 240 months before the newest event of this import"
    ]
    assert deliver(company.database, tmp_path, [old, Event("N", at=now)]).tables["activity_events"].new == 2
    assert deliver(company.database, tmp_path, [older]).tables["activity_events"].new == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, data=st.data())
def test_any_split_and_repetition_of_deliveries_counts_every_event_once(
    company: Company, tmp_path: Path, events: list[Event], data: st.DataObject
) -> None:
    database = company.database
    with database.begin() as connection:
        connection.execute(text("TRUNCATE activity_events, activity_days"))
    given_out = data.draw(st.lists(st.lists(st.sampled_from(events), min_size=1, max_size=60), max_size=3))
    for delivery in (*given_out, events):
        deliver(database, tmp_path, delivery)
    assert contents(database) == (len(events), counted(events))
    with database.begin() as connection:
        assert people_adrift(connection, ALWAYS, EVER, HOURS) == []
        rebuild(connection, ALWAYS, EVER, HOURS)
    assert contents(database)[1] == counted(events)


def test_days_and_off_hours_are_those_of_the_place_of_the_person(company: Company, tmp_path: Path) -> None:
    moments = {
        "evening": Event("1", "E1", datetime(2026, 11, 3, 12, tzinfo=UTC)),  # 20:00 in Shanghai
        "afternoon": Event("2", "E1", datetime(2026, 11, 3, 11, 59, tzinfo=UTC)),
        "next day": Event("3", "E1", datetime(2026, 11, 3, 16, tzinfo=UTC)),
        "morning there": Event("4", "U1", datetime(2026, 11, 3, 14, tzinfo=UTC)),  # 9:00 in New York
        "golden week": Event("5", "E1", datetime(2026, 10, 1, 3, tzinfo=UTC)),
        "made up for it": Event("6", "E1", datetime(2026, 10, 10, 3, tzinfo=UTC)),  # a Saturday on which China works
        "saturday there": Event("7", "U1", datetime(2026, 10, 10, 15, tzinfo=UTC)),
        "no country": Event("8", "N1", datetime(2026, 10, 1, 0, tzinfo=UTC)),
    }
    deliver(company.database, tmp_path, list(moments.values()))
    _, cells = contents(company.database)
    assert {(str(cell[0]), str(cell[1])): (events, after) for cell, (events, _, after) in cells.items()} == {
        ("E1", "2026-11-03"): (2, 1), ("E1", "2026-11-04"): (1, 1), ("U1", "2026-11-03"): (1, 0),
        ("E1", "2026-10-01"): (1, 1), ("E1", "2026-10-10"): (1, 0), ("U1", "2026-10-10"): (1, 1),
        ("N1", "2026-10-01"): (1, 0),
    }  # fmt: skip


def test_what_comes_again_is_unchanged_and_of_an_address_only_the_domain_stays(
    company: Company, tmp_path: Path
) -> None:
    event = Event("1", destination="Li Na <li.na@GMail.com>", kind="mail_out", item="a.xlsx")
    assert deliver(company.database, tmp_path, [event, event]).tables["activity_events"] == TableCounts(
        read=2, new=1, unchanged=1
    )
    again = deliver(company.database, tmp_path, [replace(event, destination="gmail.com"), Event("2")])
    assert again.tables["activity_events"] == TableCounts(read=2, new=1, unchanged=1)
    with company.database.begin() as connection:
        kept = connection.execute(select(activity_events.c.destination).where(activity_events.c.id == "1"))
        assert kept.scalars().all() == ["gmail.com"]


def test_a_file_without_a_column_says_nothing_about_it(company: Company, tmp_path: Path) -> None:
    deliver(company.database, tmp_path, [Event("1", item="a.xlsx", records=7)])
    (tmp_path / "activity_events.csv").write_text(
        "event_id,employee_id,occurred_at,kind\n1,E1,2026-11-03T11:00:00+08:00,export\n2,E1,2026-11-03T11:00:00+08:00,export"
    )
    assert import_folder(company.database, tmp_path).tables["activity_events"] == TableCounts(
        read=2, new=1, unchanged=1
    )
    assert contents(company.database)[1]["E1", date(2026, 11, 3), "export", ""] == (2, 8, 0)


def test_the_hours_of_the_company_count(company: Company, tmp_path: Path) -> None:
    own = tmp_path / "policies" / "early_warning"
    own.mkdir(parents=True)
    shipped = (SHIPPED / "early_warning" / "standard.toml").read_text(encoding="utf-8")
    changed = shipped.replace("after_hours = [20:00:00, 07:00:00]", "after_hours = [12:00:00, 13:00:00]")
    (own / "standard.toml").write_text(changed, encoding="utf-8")
    noon, night = datetime(2026, 11, 3, 4, tzinfo=UTC), datetime(2026, 11, 2, 18, tzinfo=UTC)  # 12:00, and 2:00 of it
    write(tmp_path, [Event("1", at=noon), Event("2", at=noon + timedelta(hours=1)), Event("3", at=night)])
    import_folder(company.database, tmp_path, policy_dir=tmp_path / "policies")
    assert contents(company.database)[1]["E1", date(2026, 11, 3), "export", ""] == (3, 30, 1)


def test_overlapping_files_of_a_log_are_one_log(company: Company, tmp_path: Path) -> None:
    """As another system writes them: no ids, names in place of ids, local times, words of its own."""
    (tmp_path / "mapping.toml").write_text(
        "".join(
            f'''
            [[source]]
            file = "{name}.csv"
            table = "activity_events"
            time_zone = "Asia/Shanghai"
            date_format = "%Y-%m-%d %H:%M"
            [source.columns]
            event_id = {{ made_from = ["Who", "When", "What"] }}
            employee_id = {{ column = "Who", by = "name" }}
            occurred_at = "When"
            kind = {{ column = "What", values = {{ "导出" = "export" }} }}
            destination = "To"
            '''
            for name in ("monday", "tuesday")
        ),
        encoding="utf-8",
    )
    for name, days in (("monday", (2, 3)), ("tuesday", (3, 4))):
        lines = "".join(f"Li Na,2026-11-0{day} 10:00,导出,wang@QQ.com\n" for day in days)
        (tmp_path / f"{name}.csv").write_text(f"Who,When,What,To\n{lines}", encoding="gb18030")
    report = import_folder(company.database, tmp_path, tmp_path / "mapping.toml")
    assert report.tables["activity_events"] == TableCounts(read=4, new=3, unchanged=1)
    assert contents(company.database)[1] == {
        ("E1", date(2026, 11, day), "export", "qq.com"): (1, 1, 0) for day in (2, 3, 4)
    }


@pytest.mark.parametrize(
    "other",
    [
        Event("1", "U1"), Event("1", kind="print"), Event("1", records=11), Event("1", item="a"),
        Event("1", destination="x.example"), Event("1", at=datetime(2026, 10, 3, 3, tzinfo=UTC)),
    ],
    ids=["person", "kind", "records", "item", "destination", "another month"],
)  # fmt: skip
def test_the_same_id_with_other_content_is_a_fault(company: Company, tmp_path: Path, other: Event) -> None:
    inside = "3:event_id: was given before in this import and said something else"
    assert faults(company.database, tmp_path, [Event("1"), other, Event("2")]) == [inside]
    deliver(company.database, tmp_path, [Event("1")])
    held = "3:event_id: is the id of an event that we hold and that says something else"
    assert faults(company.database, tmp_path, [Event("1"), other]) == [inside, held]


def test_bad_events_are_named_and_nothing_is_written(company: Company, tmp_path: Path) -> None:
    found = faults(
        company.database,
        tmp_path,
        [Event("1"), Event("2", "E99"), Event("3", kind="singing"), Event("4", records=-1), Event("")],
    )
    assert [fault.split(":")[:2] for fault in found] == [
        ["3", "employee_id"], ["4", "kind"], ["5", "records"], ["6", "event_id"],
    ]  # fmt: skip
    deliver(company.database, tmp_path, [Event("1")], dry_run=True)
    assert contents(company.database) == (0, {})
    with company.database.begin() as connection:
        assert (
            connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'activity_months'")).scalar_one()
            == 0
        )


def test_imports_at_once_count_every_event_once(company: Company, tmp_path: Path) -> None:
    def event(number: int) -> Event:
        at = datetime(2025, 1 + number % 12, 5, 3, tzinfo=UTC)
        return Event(str(number), sorted(PEOPLE)[number % 3], at)

    folders = [[event(number) for number in range(start, start + 150)] for start in (0, 50, 100)]
    failures: list[BaseException] = []

    def run(number: int, events: list[Event]) -> None:
        try:
            deliver(company.database, tmp_path / str(number), events)
        except BaseException as failed:
            failures.append(failed)

    threads = [threading.Thread(target=run, args=each) for each in enumerate(folders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert contents(company.database) == (250, counted([event(number) for number in range(250)]))


def test_writers_that_know_nothing_of_each_other_count_every_event_once(company: Company) -> None:
    """Without the queue of the importer: the same events in the same new months, from four transactions at once."""
    lines = [(str(number), sorted(PEOPLE)[number % 3], date(2025, 1 + number % 12, 9)) for number in range(240)]
    ready = threading.Barrier(4)
    failures: list[BaseException] = []

    def run(order: int) -> None:
        given = values(column("id", Text), column("employee_id", Text), column("day", Date), name="given").data(
            lines[::order]
        )
        rows = select(
            given.c.id, cast(given.c.day, DateTime(timezone=True)).label("occurred_at"), given.c.employee_id,
            literal("print").label("kind"), literal(2).label("records"), literal("").label("item"),
            literal("").label("destination"),
        ).subquery()  # fmt: skip
        try:
            with company.database.begin() as connection:
                ready.wait(20)
                add_events(connection, rows, HOURS)
        except BaseException as failed:
            failures.append(failed)

    threads = [threading.Thread(target=run, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    events = [Event(key, who, datetime.combine(day, time(), UTC), "print", 2) for key, who, day in lines]
    assert contents(company.database) == (240, counted(events))


def test_a_damaged_roll_up_is_found_and_mended(company: Company, tmp_path: Path) -> None:
    events = [Event(str(n), who, datetime(2026, 11, 3, n, tzinfo=UTC)) for n, who in enumerate(("E1", "U1", "N1"))]
    deliver(company.database, tmp_path, events)
    with company.database.begin() as connection:
        connection.execute(text("UPDATE activity_days SET records = records + 1 WHERE employee_id = 'U1'"))
        connection.execute(text("DELETE FROM activity_days WHERE employee_id = 'N1'"))
        assert people_adrift(connection, ALWAYS, EVER, HOURS) == ["N1", "U1"]
        rebuild(connection, ALWAYS, EVER, HOURS, ["N1"])
        assert people_adrift(connection, ALWAYS, EVER, HOURS) == ["U1"]
        rebuild(connection, date(2026, 11, 4), EVER, HOURS)
        assert people_adrift(connection, ALWAYS, EVER, HOURS) == ["U1"]
        rebuild(connection, date(2026, 11, 2), date(2026, 11, 3), HOURS)
        assert people_adrift(connection, ALWAYS, EVER, HOURS) == []
    assert contents(company.database)[1] == counted(events)


def test_a_zone_that_was_wrong_is_counted_again(company: Company, tmp_path: Path) -> None:
    events = [Event("1", at=datetime(2026, 11, 3, 22, tzinfo=UTC)), Event("2", "U1")]
    with company.database.begin() as connection:
        connection.execute(text("UPDATE employees SET time_zone = 'UTC', country = '' WHERE id = 'E1'"))
    deliver(company.database, tmp_path, events)
    with company.database.begin() as connection:
        connection.execute(text("UPDATE employees SET time_zone = 'Asia/Shanghai', country = 'CN' WHERE id = 'E1'"))
    assert contents(company.database)[1]["E1", date(2026, 11, 3), "export", ""] == (1, 10, 1)
    span = date(2026, 11, 1), date(2026, 11, 30)
    assert recount(company.database, *span, "U1").corrected == ()
    assert recount(company.database, *span, "Li Na").corrected == ("E1",)
    assert contents(company.database)[1] == counted(events)
    assert recount(company.database, *span).corrected == ()
    with pytest.raises(UnknownEmployee):
        recount(company.database, *span, "nobody")


@pytest.fixture
def told(company: Company, tmp_path: Path) -> Company:
    """Four events and two claims, to be read back."""
    deliver(
        company.database,
        tmp_path,
        [
            Event("a", at=datetime(2026, 11, 3, 3, tzinfo=UTC), item="list.xlsx"),
            Event("b", at=datetime(2026, 11, 3, 4, tzinfo=UTC), kind="archive", item="list.xlsx"),
            Event("c", at=datetime(2026, 11, 5, 3, tzinfo=UTC)),
            Event("d", "U1", at=datetime(2026, 11, 3, 15, tzinfo=UTC)),
        ],
    )
    (tmp_path / "activity_events.csv").unlink()
    (tmp_path / "expense_claims.csv").write_text(
        "claim_id,employee_id,spent_on,claimed_on,category,amount,currency\n"
        "X1,E1,2026-11-02,2026-11-04,meal,80.50,CNY\nX2,E1,2026-11-03,2026-11-20,meal,80.50,CNY\n"
    )
    import_folder(company.database, tmp_path)
    return company


def test_activity_is_read_by_person_and_day(told: Company) -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 4)
    with told.database.begin() as connection:
        days = activity.days(connection, ["E1"], first, last)
        assert list(days.keys()) == ["employee_id", "day", "kind", "destination", "events", "records", "after_hours"]
        assert days.all() == [
            ("E1", date(2026, 11, 3), "archive", "", 1, 10, 0), ("E1", date(2026, 11, 3), "export", "", 1, 10, 0),
        ]  # fmt: skip
        kinds = [EventKind.EXPORT, EventKind.ARCHIVE]
        assert [row.id for row in activity.events(connection, ["E1", "U1"], first, last, kinds)] == ["a", "b", "d"]
        assert [row.id for row in activity.events(connection, ["E1"], first, date(2026, 11, 5), kinds[:1])] == [
            "a",
            "c",
        ]
        assert [row.id for row in activity.claims(connection, ["E1"], first, last)] == ["X1"]
        assert [row.id for row in activity.claims(connection, ["E1"], first, date(2026, 11, 20))] == ["X1", "X2"]


def test_who_was_touched_is_known(told: Company, tmp_path: Path) -> None:
    with told.database.begin() as connection:
        before = connection.execute(select(func.clock_timestamp())).scalar_one()
        assert activity.touched_since(connection, before - timedelta(hours=1)) == ["E1", "U1"]
    later = tmp_path / "later"
    deliver(told.database, later, [Event("d", "U1", at=datetime(2026, 11, 3, 15, tzinfo=UTC)), Event("e")])
    with told.database.begin() as connection:
        assert activity.touched_since(connection, before) == ["E1"]


def test_every_feed_knows_its_newest_day_up_to_a_day(told: Company) -> None:
    with told.database.begin() as connection:
        newest = {day: activity.newest(connection, "activity_events", date(2026, 11, day)) for day in (2, 4, 30)}
        assert newest == {2: None, 4: date(2026, 11, 3), 30: date(2026, 11, 5)}
        assert activity.newest(connection, "expense_claims", date(2026, 11, 30)) == date(2026, 11, 20)
        for feed in load_warning_policy().feeds:
            activity.newest(connection, feed, date(2026, 11, 30))
        with pytest.raises(PolicyError, match="there is no feed 'badges'"):
            activity.newest(connection, "badges", date(2026, 11, 30))
