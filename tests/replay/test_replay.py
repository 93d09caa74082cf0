"""Cases that run must survive a new version of the code: recorded histories are replayed with the workflow of today."""

import getpass
import importlib
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from store.database import Database
from tests.replay.record import HISTORIES, SCENARIOS
from tests.workflow.reading import activities_in, everything_in, kinds
from tests.workflow.stage import CASE, NOTE, build_company
from worker import sandbox
from workflows.offboarding import OffboardingWorkflow

ROOT = Path(__file__).parent.parent.parent
NAMES = [scenario.__name__ for scenario in SCENARIOS]
STORY = (ROOT / "workflows" / "offboarding.py").read_text()


def line_with(words: str) -> str:
    """The one line of the story that holds these words."""
    (found,) = [line for line in STORY.splitlines(keepends=True) if words in line]
    return found


CLIENTS, RECEIVABLES = line_with("ClientActivities.report_clients"), line_with("ReceivableActivities.audit_receivables")
UNDO_OWNERS, UNDO_ACCESS = line_with("HandoverActivities.undo_transfers"), line_with("AccessActivities.restore_access")
LAST_MERGE = line_with('self._merge("final")')
LOCK_FIRST = line_with("self._lock_before_anybody_knows()")


def history(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(CASE, (HISTORIES / f"{name}.json").read_text())


async def replay(name: str, workflow: type[Any] = OffboardingWorkflow) -> Exception | None:
    """What the replay of a history found: None when the code still does what it did."""
    replayer = Replayer(workflows=[workflow], workflow_runner=sandbox(), data_converter=pydantic_data_converter)
    return (await replayer.replay_workflow(history(name), raise_on_replay_failure=False)).replay_failure


@pytest.mark.parametrize("name", NAMES)
async def test_the_workflow_of_today_carries_on_a_recorded_case(name: str) -> None:
    assert await replay(name) is None


def test_there_is_one_history_for_every_story_and_each_tells_its_own() -> None:
    assert sorted(path.stem for path in HISTORIES.glob("*.json")) == sorted(NAMES)
    called = {name: activities_in(history(name)) for name in NAMES}
    ends = {name: everything_in(history(name)).splitlines() for name in NAMES}
    assert {"transfer_clients", "lock_access", "close_case"} <= set(called["closed"])
    assert "transfer_clients" not in called["escalated_and_declined"]
    assert {"remind_approvers", "collect_decisions"} <= set(called["escalated_and_declined"])
    assert "timed_out" in ends["escalated_and_declined"]
    assert called["late_branch"].count("merge_report") == 3
    assert "lastFailure" in ends["late_branch"], "the dead branch was tried again"
    assert {"undo_transfers", "restore_access"} <= set(called["withdrawn"])
    assert called["dismissal"][:2] == ["plan_case", "lock_access"]
    assert kinds(history("dismissal"), "workflow_execution_signaled")
    assert called["reschedule"].count("replan_case") == 2


MUTATIONS = [
    ("two branches are started in the other order", "closed", {RECEIVABLES: CLIENTS, CLIENTS: RECEIVABLES}),
    ("access is given back before the clients", "withdrawn", {UNDO_OWNERS: UNDO_ACCESS, UNDO_ACCESS: UNDO_OWNERS}),
    ("the last version of the report is not made", "closed", {LAST_MERGE: ""}),
    ("a dismissal is told before it is locked", "dismissal", {LOCK_FIRST: "            pass\n"}),
]


@pytest.fixture
def mutants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for changed copies of the workflow."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("mutant_")]:
        del sys.modules[name]


@pytest.mark.parametrize(("what", "name", "swaps"), MUTATIONS, ids=[what for what, _, _ in MUTATIONS])
async def test_a_change_that_running_cases_would_not_survive_is_found(
    mutants: Path, what: str, name: str, swaps: dict[str, str]
) -> None:
    lines = [swaps.get(line, line) for line in STORY.splitlines(keepends=True)]
    module = f"mutant_{MUTATIONS.index((what, name, swaps))}"
    (mutants / f"{module}.py").write_text("".join(lines))
    failure = await replay(name, importlib.import_module(module).OffboardingWorkflow)
    assert failure is not None
    assert "nondeterminism" in repr(failure).lower()


async def test_an_unchanged_copy_is_not_reported(mutants: Path) -> None:
    (mutants / "mutant_none.py").write_text(STORY)
    assert await replay("closed", importlib.import_module("mutant_none").OffboardingWorkflow) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_history_holds_no_name_and_nothing_of_the_machine_it_was_made_on(
    database: Database, name: str
) -> None:
    build_company(database)
    written = (HISTORIES / f"{name}.json").read_text() + everything_in(history(name))
    with database.begin() as connection:
        people = (
            connection.execute(text("SELECT name FROM employees UNION SELECT email FROM employees")).scalars().all()
        )
        others = connection.execute(text("SELECT name FROM clients UNION SELECT name FROM contacts")).scalars().all()
    assert len(people) > 20
    assert [secret for secret in (*people, *others, NOTE) if secret in written] == []
    assert str(ROOT) not in written
    assert "stackTrace" not in written
    assert not re.search(rf"@{re.escape(socket.gethostname())}\b", written)
    assert f"/home/{getpass.getuser()}" not in written
    identities = set(re.findall(r'"identity": "([^"]*)"', written))
    assert identities <= {"recorder", "history-service"}
