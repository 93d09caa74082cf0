"""A withdrawal is watched to its end, or the command says honestly that it goes on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from commands import waiting
from commands.cases import app
from models.case import CaseProgress, CaseRequest, Phase, PlanRequest, SeparationKind
from settings import Settings
from store.database import Database
from tests.company import Company


def progress(phase: Phase) -> CaseProgress:
    return CaseProgress(case_id="offboarding-E1", employee_id="E1", phase=phase, last_working_day=date(2099, 6, 30))


@pytest.fixture
def case(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A planned case of Li Na, of which the command reaches the books alone."""
    from activities.cases import CaseActivities

    Company.build(database, clients=1)
    request = CaseRequest(
        case_id="offboarding-E1", employee_id="E1", kind=SeparationKind.RESIGNATION,
        last_working_day=date(2099, 6, 30), policy="ifrs",
    )  # fmt: skip
    CaseActivities(database).plan_case(PlanRequest(request=request, at=datetime.now(UTC)))

    async def no_engine(_: Settings) -> None:
        return None

    async def accepted(*_: object) -> CaseProgress:
        return progress(Phase.CLOSING)

    monkeypatch.setenv("OFFBOARD_LANGUAGE", "en")
    monkeypatch.setattr("connections.open_database", lambda _: database)
    monkeypatch.setattr("connections.connect_temporal", no_engine)
    monkeypatch.setattr("services.cases.withdraw", accepted)
    return request.case_id


def looks(monkeypatch: pytest.MonkeyPatch, *phases: Phase) -> Iterator[Phase]:
    """What each look at the case finds, one after another."""
    left = iter(phases)

    async def look(*_: object) -> CaseProgress:
        return progress(next(left))

    monkeypatch.setattr("services.cases.progress_or_last_known", look)
    return left


def test_the_end_is_waited_for_and_shown(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left = looks(monkeypatch, Phase.CLOSING, Phase.WITHDRAWN, Phase.CLOSED)
    done = CliRunner().invoke(app, ["withdraw", case])
    assert done.exit_code == 0, done.output
    assert "The withdrawal is accepted" in done.stderr
    assert "goes on" not in done.stderr
    assert done.stdout.startswith("offboarding-E1: withdrawn")
    assert list(left) == [Phase.CLOSED]


def test_a_walk_back_that_takes_longer_is_not_called_done(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", timedelta(0))
    done = CliRunner().invoke(app, ["withdraw", case])
    assert done.exit_code == 0, done.output
    assert "goes on by itself: offboard watch offboarding-E1" in done.stderr
    assert done.stdout.startswith("offboarding-E1: closing")


def test_a_program_gets_the_end_without_words(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks(monkeypatch, Phase.WITHDRAWN)
    done = CliRunner().invoke(app, ["withdraw", case, "--json"])
    assert done.stderr == ""
    assert '"phase": "withdrawn"' in done.stdout
