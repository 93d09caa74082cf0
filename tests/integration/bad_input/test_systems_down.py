"""Second cases and systems that are down: rows of docs/bad-input.md that need a running engine."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from embedded.processes import free_port
from store.database import Database
from tests.integration.bad_input.command import Offboard, refused, rows, start
from tests.integration.real_engine import Engine


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
    refused(offboard("audit", "E1"), "receivables does not answer (no connection, or none in time)")

    def asked() -> dict[str, Any] | None:
        seen = json.loads(offboard("show", "E1", "--json").text)
        return seen if seen["gates"] else None

    with engine.worker(company):
        assert start(offboard).code == 0
        progress = until(asked)
    report = json.loads(offboard("report", "E1").text)
    money = next(domain for domain in report["domains"] if domain["domain"] == "receivables")
    assert progress["unknowns"] == ["receivables"]
    assert [gap["params"]["system"] for gap in report["gaps"] if "has not answered since" in gap["code"]] == [
        "receivables"
    ]
    assert (report["provisional"], report["receivables"], money["status"], money["score"]) == (
        True, None, "unknown", "50.0",
    )  # fmt: skip
