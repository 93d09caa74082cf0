"""What HR asks for is checked before anything is started."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from typer.testing import CliRunner

from commands.cases import app
from models.case import SeparationKind
from models.errors import BadDates, CaseConflict, NotAllowed, PolicyError, UnknownEmployee
from models.risk_level import Level
from reports.terminal_views import VIEWS
from reports.terminal_words import words_in
from services.branches import preview
from services.cases import StartOrder, check_order, start_case
from settings import Settings
from store.database import Database
from store.tables import case_reasons, employees
from tests.company import AS_OF, Company


def order(**changes: object) -> StartOrder:
    """Li Na resigns, her last day is in December."""
    fields = {
        "employee": "Li Na",
        "kind": SeparationKind.RESIGNATION,
        "last_working_day": date(2026, 12, 24),
        **changes,
    }
    return StartOrder.model_validate(fields)


class SilentEngine:
    """An engine that takes every case and has no worker to answer."""

    async def start_workflow(self, *_: object, **__: object) -> None:
        """Taken."""

    def get_workflow_handle(self, _: str) -> "SilentEngine":
        """A handle that answers nothing."""
        return self

    async def query(self, *_: object, **__: object) -> None:
        """No worker polls."""
        raise RPCError("no poller", RPCStatusCode.DEADLINE_EXCEEDED, b"")


@pytest.fixture
def company(database: Database) -> Database:
    Company.build(database, clients=6)
    return database


def test_a_person_is_found_by_name_and_gets_the_first_case_id(company: Database) -> None:
    leaver, request, already = check_order(company, order(), AS_OF)
    assert (leaver.id, request.case_id, already) == ("E1", "offboarding-E1", False)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"employee": "Nobody"}, UnknownEmployee),
        ({"requested_by": "E1"}, NotAllowed),
        ({"last_working_day": date(2026, 11, 1)}, BadDates),
        ({"policy": "lunar"}, PolicyError),
        ({"access_cutoff": datetime(1, 1, 1, tzinfo=UTC)}, BadDates),
        ({"last_working_day": date(9999, 12, 31)}, BadDates),
    ],
)
def test_what_must_not_be_started_is_refused(
    company: Database, changes: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        check_order(company, order(**changes), AS_OF)


def test_a_name_of_two_people_asks_for_the_id(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(employees.insert().values(id="E9", source_key="E9", name="Li Na"))
    with pytest.raises(UnknownEmployee, match="E1, E9"):
        check_order(company, order(), AS_OF)


def test_a_person_who_left_is_not_started_again(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(employees.update().where(employees.c.id == "E1").values(status="left"))
    with pytest.raises(CaseConflict, match="left already"):
        check_order(company, order(), AS_OF)


def test_a_person_whose_garden_leave_is_over_has_left(company: Database) -> None:
    with company.begin() as connection:
        last_day = {"status": "leaving", "left_on": date(2026, 11, 23)}
        connection.execute(employees.update().where(employees.c.id == "E1").values(last_day))
    with pytest.raises(CaseConflict, match="left already"):
        check_order(company, order(), AS_OF)
    assert check_order(company, order(), date(2026, 11, 23))[0].id == "E1"


async def test_the_reason_is_kept_although_no_worker_plans_the_case(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cases.ANSWER_WITHIN", timedelta(0))
    started = await start_case(cast(Client, SilentEngine()), company, order(reason="wants to study"))
    assert started.progress is None
    with company.begin() as connection:
        assert connection.execute(select(case_reasons.c.reason)).scalars().all() == ["wants to study"]
    assert not started.access_ended


async def test_an_access_that_ended_before_the_start_is_said(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cases.ANSWER_WITHIN", timedelta(0))
    past = order(last_working_day=date(2017, 6, 30), as_of=date(2017, 6, 30))
    started = await start_case(cast(Client, SilentEngine()), company, past)
    assert started.access_ended


def test_a_dry_run_says_which_gates_wait_for_a_higher_level_and_what_to_confirm(
    company: Database, tmp_path: Path
) -> None:
    shipped = Path(__file__).parent.parent.parent / "policies" / "ifrs.toml"
    (tmp_path / "ifrs.toml").write_text(
        shipped.read_text().replace("size_brake_clients = 5000", "size_brake_clients = 5")
    )
    far = date.today() + timedelta(days=60)  # noqa: DTZ011  (a preview looks at today's clock)
    shown = preview(company, Settings(policy_dir=tmp_path), order(last_working_day=far))
    assert (shown.messages, shown.messages_from) == (4, {Level.CRITICAL: ("legal",)})
    assert shown.confirm_clients == 6
    assert preview(company, Settings(), order(last_working_day=far)).confirm_clients is None
    lines = [str(block) for block in VIEWS["preview"](shown.model_dump(mode="json"), words_in("en"))]
    assert "gates that ask somebody, at any level of risk: 4" in lines
    assert "and from level critical: legal" in lines
    assert "A start needs --confirm-clients 6." in lines


def test_the_command_warns_that_every_right_goes_at_once(company: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_: Settings) -> SilentEngine:
        return SilentEngine()

    monkeypatch.setattr("services.cases.ANSWER_WITHIN", timedelta(0))
    monkeypatch.setattr("connections.open_database", lambda _: company)
    monkeypatch.setattr("connections.connect_temporal", silent)
    words = ["start", "E1", "--kind", "resignation", "--last-working-day", "2017-06-30", "--as-of", "2017-06-30"]
    past = CliRunner().invoke(app, [*words, "--json"])
    assert past.exit_code == 0, past.output
    assert "every right of the person is taken at once" in past.stderr
    assert json.loads(past.stdout)["access_ended"] is True
    future = CliRunner().invoke(app, ["start", "P1", "--kind", "resignation", "--last-working-day", "2099-06-30"])
    assert (future.exit_code, future.stderr) == (0, "")


def test_the_size_brake_wants_the_number_of_clients_confirmed(company: Database, tmp_path: Path) -> None:
    shipped = Path(__file__).parent.parent.parent / "policies" / "ifrs.toml"
    small = shipped.read_text().replace("size_brake_clients = 5000", "size_brake_clients = 5")
    (tmp_path / "ifrs.toml").write_text(small)
    for confirmed in (None, 5):
        with pytest.raises(NotAllowed, match="--confirm-clients 6"):
            check_order(company, order(confirmed_clients=confirmed), AS_OF, tmp_path)
    _, request, _ = check_order(company, order(confirmed_clients=6), AS_OF, tmp_path)
    assert request.employee_id == "E1"
