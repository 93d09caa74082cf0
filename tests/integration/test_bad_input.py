"""Bad input changes nothing, says why, and ends with the right code: the rows of docs/bad-input.md, one test a row."""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import func, select, update

import starter_cli
from embedded.processes import free_port
from store.database import Database
from store.policies import SHIPPED
from store.tables import employees, metadata
from tests.browser.departure import CASE, DUE, PUBLIC_URL, Departure, no_engine
from tests.company import Company
from tests.integration.real_engine import Engine

DOC = Path(__file__).parents[2] / "docs" / "bad-input.md"
ROW = re.compile(r"^\|.*\| `(test_\w+)` \|$", re.MULTILINE)
SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
CLIENTS_CSV = "client_id,name,owner_id\nC1,Acme,E1\n"


class Said(NamedTuple):
    """What a run of the command said: exit code, stdout and stderr together."""

    code: int
    text: str


Offboard = Callable[..., Said]


@pytest.fixture
def settings(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command speaks to the database of the test, and to a Temporal server only where a test names one."""
    for name, value in {
        "OFFBOARD_HOME": str(tmp_path / "home"),
        "OFFBOARD_DATABASE_URL": database.url,
        "OFFBOARD_LINK_SECRET": "a secret of thirty-two characters",
        "OFFBOARD_PUBLIC_URL": PUBLIC_URL,
        "OFFBOARD_LANGUAGE": "en",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "TEMPORAL_CONFIG_FILE": "/dev/null",
        "COLUMNS": "400",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def offboard(settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Offboard:
    """Run the command as its user does, in this process."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["offboard", *arguments])
        with pytest.raises(SystemExit) as end:
            starter_cli.main()
        said = capsys.readouterr()
        return Said(int(end.value.code or 0), said.out + said.err)

    return run


@pytest.fixture
def company(database: Database) -> Database:
    """Li Na (E1) and her colleagues; nobody leaves yet."""
    Company.build(database, clients=2)
    return database


@pytest.fixture
def departure(database: Database) -> Departure:
    """Chen Siyuan's case, which waits for his manager E101 and for finance."""
    return Departure(database).build()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files for an import."""
    made = tmp_path / "company"
    made.mkdir()
    return made


def rows(database: Database) -> dict[str, int]:
    """Rows of every table: what must not change."""
    with database.begin() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def start(offboard: Offboard, employee: str = "E1", day: str = SOON, *more: str) -> Said:
    return offboard("start", employee, "--last-working-day", day, "--kind", "resignation", *more)


def load(offboard: Offboard, folder: Path, *more: str, **files: str | bytes) -> Said:
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return offboard("import", str(folder), *more)


def refused(said: Said, *words: str, code: int = 1) -> None:
    """The run failed with that code, and its words are on the screen."""
    assert said.code == code, said.text
    for word in words:
        assert word in said.text, said.text
    assert "Traceback" not in said.text


# ---- starting a case ----


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


@pytest.fixture
def own_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a changed copy of the policy `ifrs` in the place of the shipped one."""

    def change(old: str, new: str) -> None:
        shipped = SHIPPED.joinpath("ifrs.toml").read_text(encoding="utf-8")
        assert old in shipped
        (tmp_path / "ifrs.toml").write_text(shipped.replace(old, new), encoding="utf-8")
        monkeypatch.setenv("OFFBOARD_POLICY_DIR", str(tmp_path))

    return change


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


# ---- the import ----


def test_malformed_csv(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    bad = CLIENTS_CSV + "C2,Bolt\nC3,Crane,E1\n"
    refused(load(offboard, folder, clients=bad), "clients.csv", "3", "Nothing was written")
    assert rows(company) == before


def test_invoice_without_client(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    head = "invoice_id,client_id,issued_on,due_on,amount,currency\n"
    said = load(offboard, folder, invoices=head + "I1,C404,2026-01-01,2026-01-31,10,EUR\n")
    refused(said, "invoices.csv", "client_id", "C404")
    assert rows(company) == before


def test_impossible_values(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    head = "invoice_id,client_id,issued_on,due_on,amount,currency\n"
    bad = (
        "I1,C001,2026-02-30,2026-03-31,10,EUR",  # no such day
        "I2,C001,2026-03-01,2026-02-01,10,EUR",  # due before it was issued
        "I3,C001,2026-03-01,2026-03-31,ten,EURO",  # no amount, no currency
    )
    said = load(offboard, folder, invoices=head + "\n".join(bad))
    refused(said, "issued_on", "2026-02-30", "due_on", "ten", "EURO")
    assert rows(company) == before


def test_id_given_twice(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    refused(load(offboard, folder, clients=CLIENTS_CSV + "C1,Another,E1\n"), "clients.csv", "client_id", "C1")
    assert rows(company) == before


def test_unknown_column(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    refused(load(offboard, folder, clients="client_id,name,ovner_id\nC1,Acme,E1\n"), "ovner_id", "owner_id")
    assert rows(company) == before


def test_broken_bytes(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    refused(load(offboard, folder, clients=CLIENTS_CSV.encode() + "C2,上海".encode()[:-1] + b",E1\n"), "clients.csv")
    assert rows(company) == before


def test_bad_mapping_key(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    mapping = folder.parent / "mapping.toml"
    mapping.write_text(
        '[[source]]\nfile = "clients.csv"\ntable = "clients"\ndelimeter = ";"\n[source.columns]\nname = "N"\n'
    )
    refused(load(offboard, folder, "--mapping", str(mapping), clients=CLIENTS_CSV), "delimeter", "delimiter")
    assert rows(company) == before


# ---- decisions ----


def send(departure: Departure, token: str, verdict: str = "approved", note: str = "") -> httpx.Response:
    """What a program does with a link."""

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(departure.app(no_engine), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            return await client.post("/api/decisions", json={"token": token, "verdict": verdict, "note": note})

    return asyncio.run(post())


def turned_away(departure: Departure, answer: httpx.Response, status: int, reason: str) -> None:
    """The answer is that problem, and no decision was kept."""
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert rows(departure.database)["decisions"] == 0


def test_tampered_link(departure: Departure) -> None:
    token = departure.link()
    changed = token[:10] + ("A" if token[10] != "A" else "B") + token[11:]
    turned_away(departure, send(departure, changed), 404, "unknown")


def test_late_decision(departure: Departure) -> None:
    token = departure.link()
    departure.clock.now = DUE + timedelta(seconds=1)
    turned_away(departure, send(departure, token), 410, "late")


def test_decision_on_a_changed_report(departure: Departure) -> None:
    token = departure.link()
    departure.change_report()
    departure.ask_again("sales_manager", "E101")
    turned_away(departure, send(departure, token), 409, "report_changed")


def test_decline_without_a_reason(departure: Departure) -> None:
    turned_away(departure, send(departure, departure.link(), "declined"), 422, "reason_missing")


def test_decision_after_the_end(departure: Departure) -> None:
    token = departure.link()
    departure.end()
    turned_away(departure, send(departure, token), 410, "not_open")


def test_second_and_different_decision(departure: Departure) -> None:
    token = departure.link()
    assert send(departure, token).status_code == 202
    answer = send(departure, token, "declined", "I have changed my mind")
    assert (answer.status_code, answer.json()["reason"]) == (409, "already_decided")
    assert rows(departure.database)["decisions"] == 1


def test_unknown_verdict(departure: Departure) -> None:
    turned_away(departure, send(departure, departure.link(), "perhaps"), 400, "malformed")


@pytest.mark.parametrize(
    ("gate", "by", "reason"),
    [
        ("treasury", "E101", "not_open"),
        ("sales_manager", "E102", "not_an_approver"),
        ("sales_manager", "E100", "separation_of_duties"),
        ("sales_manager", "E104", "separation_of_duties"),
    ],
    ids=["unknown gate", "somebody else", "the leaver", "who started the case"],
)
def test_decision_by_the_wrong_person_or_at_an_unknown_gate(
    offboard: Offboard, departure: Departure, gate: str, by: str, reason: str
) -> None:
    refused(offboard("decide", CASE, gate, "--approve", "--as", by, "--json"), f'"refusal": "{reason}"')
    assert rows(departure.database)["decisions"] == 0


def test_both_answers_at_once(offboard: Offboard, departure: Departure) -> None:
    both = offboard("decide", CASE, "sales_manager", "--approve", "--reject", "--as", "E101")
    refused(both, "either --approve or --reject", code=2)
    refused(offboard("decide", CASE, "sales_manager", "--approve"), "--as PERSON", code=2)


# ---- systems that are down, and what needs a running worker ----


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A Temporal server of this module."""
    started = Engine()
    yield started
    started.close()


@pytest.fixture
def case_of_li_na(engine: Engine, settings: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command speaks to the Temporal server, and Li Na's case is taken off it in the end."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", engine.address)
    yield
    engine.terminate("offboarding-E1")


def until(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `look` returns as soon as it is true."""
    give_up = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < give_up, "it did not come to pass in time"
        time.sleep(0.1)
    return seen


@pytest.mark.usefixtures("case_of_li_na")
def test_second_case(offboard: Offboard, company: Database, engine: Engine) -> None:
    with engine.worker(company):
        assert start(offboard).code == 0
        again = start(offboard)
    assert again.code == 0
    assert "offboarding-E1 was open already" in again.text
    assert rows(company)["cases"] == 1


@pytest.mark.usefixtures("case_of_li_na")
def test_dead_erp(
    offboard: Offboard,
    company: Database,
    engine: Engine,
    own_policy: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_policy("branch_budget_seconds = 60", "branch_budget_seconds = 2")
    monkeypatch.setenv("OFFBOARD_RECEIVABLES_URL", f"postgresql+psycopg2://erp@127.0.0.1:{free_port()}/erp")
    refused(offboard("audit", "E1"), "the receivables system does not answer")

    def asked() -> dict[str, Any] | None:
        seen = json.loads(offboard("show", "E1", "--json").text)
        return seen if seen["gates"] else None

    with engine.worker(company):
        assert start(offboard).code == 0
        progress = until(asked)
    report = json.loads(offboard("report", "E1").text)
    money = next(domain for domain in report["domains"] if domain["domain"] == "receivables")
    assert progress["unknowns"] == ["receivables"]
    assert (report["provisional"], report["receivables"], money["status"], money["score"]) == (
        True, None, "unknown", "50.0",
    )  # fmt: skip


# ---- the page in the docs ----


def test_every_row_of_the_page_is_a_test_and_every_test_a_row() -> None:
    listed = ROW.findall(DOC.read_text(encoding="utf-8"))
    here = [name for name in globals() if name.startswith("test_") and name != self_name()]
    assert sorted(listed) == sorted(here)


def self_name() -> str:
    """The name of the test above, which is no row."""
    return test_every_row_of_the_page_is_a_test_and_every_test_a_row.__name__
