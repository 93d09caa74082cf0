"""Bad input to a start changes nothing, says why, and ends with the right code: rows of docs/bad-input.md."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from store.database import Database
from store.tables import employees
from tests.integration.bad_input.command import SOON, Offboard, refused, rows, start
from tests.integration.real_engine import Engine


def test_unknown_employee(offboard: Offboard, company: Database) -> None:
    refused(start(offboard, "E404", SOON, "--dry-run"), "no employee has the id or the name 'E404'")


def test_name_of_two_people(offboard: Offboard, company: Database) -> None:
    with company.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "P1").values(name="Li Na"))
    refused(start(offboard, "Li Na", SOON, "--dry-run"), "2 employees are called 'Li Na'", "E1, P1")


def test_last_working_day_in_the_past(offboard: Offboard, company: Database) -> None:
    refused(start(offboard, "E1", "2020-01-31", "--dry-run"), "2020-01-31 lies before", "Nothing was started")


def test_own_case(offboard: Offboard, company: Database) -> None:
    refused(start(offboard, "E1", SOON, "--as", "E1", "--dry-run"), "nobody starts their own case")


def test_person_who_has_left(offboard: Offboard, company: Database) -> None:
    with company.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "E1").values(status="left"))
    refused(start(offboard, "E1", SOON, "--dry-run"), "E1 has left already")


def test_access_that_ends_after_the_last_day(offboard: Offboard, company: Database) -> None:
    late = start(offboard, "E1", SOON, "--access-cutoff", "2099-01-01T18:00:00+08:00", "--dry-run")
    refused(late, "access would end on 2099-01-01")


def test_unknown_policy(offboard: Offboard, company: Database) -> None:
    refused(start(offboard, "E1", SOON, "--policy", "gaap", "--dry-run"), "no policy 'gaap'", "ifrs, prc")


def test_too_many_clients(
    offboard: Offboard,
    company: Database,
    engine: Engine,
    own_policy: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", engine.address)
    own_policy("size_brake_clients = 5000", "size_brake_clients = 1")
    refused(start(offboard), "2 clients would change hands", "--confirm-clients 2")
    refused(start(offboard, "E1", SOON, "--confirm-clients", "3"), "2 clients would change hands")
    assert rows(company)["cases"] == 0


def test_policy_that_does_not_add_up(
    offboard: Offboard, company: Database, own_policy: Callable[[str, str], None]
) -> None:
    own_policy('access = "0.10"', 'access = "0.20"')
    refused(start(offboard, "E1", SOON, "--dry-run"), "ifrs.toml", "weights add up to 1.10, not to 1")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--kind", "holiday", "resignation, dismissal"),
        ("--last-working-day", "31.12.2026", "does not match the format"),
        ("--access-cutoff", "2026-12-24T18:00:00", "needs a zone"),
    ],
)
def test_bad_usage(offboard: Offboard, company: Database, option: str, value: str, words: str) -> None:
    given = {"--kind": "resignation", "--last-working-day": SOON} | {option: value}
    said = offboard("start", "E1", *(part for pair in given.items() for part in pair))
    refused(said, words, code=2)


def test_no_stack_running(offboard: Offboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OFFBOARD_DATABASE_URL")
    refused(offboard("list"), "no servers of Offboard run under", "offboard up")


def test_no_temporal(offboard: Offboard, company: Database) -> None:
    before = rows(company)
    refused(start(offboard), "Temporal does not answer", "Nothing was changed")
    assert rows(company) == before


def test_unknown_case(offboard: Offboard, company: Database) -> None:
    refused(offboard("show", "offboarding-E404"), "there is no case 'offboarding-E404'", "offboard list")
    refused(offboard("withdraw", "E1"), "E1 has no case")
