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
from workflows.alert import AlertWorkflow
from workflows.collection import CollectionWorkflow
from workflows.offboarding import OffboardingWorkflow
from workflows.risk_scan import RiskScanWorkflow

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = (OffboardingWorkflow, AlertWorkflow, RiskScanWorkflow, CollectionWorkflow)
STORIES = {each.__module__.rpartition(".")[2]: each for each in WORKFLOWS}
STORY_OF = {scenario.__name__: story for story, some in SCENARIOS.items() for scenario in some}
NAMES = list(STORY_OF)
MOST_EVENTS = 150


def source(module: str) -> str:
    """The code of one of our workflow files."""
    return (ROOT / "workflows" / f"{module}.py").read_text()


def line_with(words: str, module: str = "offboarding") -> str:
    """The one line of a file that holds these words."""
    (found,) = [line for line in source(module).splitlines(keepends=True) if words in line]
    return found


CLIENTS, RECEIVABLES = line_with("ClientActivities.report_clients"), line_with("ReceivableActivities.audit_receivables")
UNDO_OWNERS, UNDO_ACCESS = line_with("HandoverActivities.undo_transfers"), line_with("AccessActivities.restore_access")
LAST_MERGE = line_with('self._merge("final")')
LOCK_FIRST = line_with("self._lock_before_anybody_knows()")
NEW_PLAN_MERGE = line_with('self._merge("new plan"', "case_steps")
LOOK_FIRST = "        await self._look()\n"
HEAR_STORED = line_with("await self._hear_stored()", "alert_protection")
GIVE_BACK = line_with("await self._end()", "alert_protection")
REMIND = line_with("await self._remind(", "alert_triage")
LANES = line_with("LANES = ", "risk_scan")
LOOK_AT_MONEY = line_with("self._round = await self._look()", "collection")
TALKS = line_with("plan.seen_until:", "risk_scan")


def history(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(CASE, (HISTORIES / f"{name}.json").read_text())


async def replay(name: str, workflow: type[Any] | None = None) -> Exception | None:
    """What the replay of a history found: None when the code still does what it did."""
    workflow = workflow or STORIES[STORY_OF[name]]
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
    assert called["quorum_and_delegation"].count("record_decisions") == 5, "three votes, one of them twice, and HR"
    assert "reseat_gates" in called["quorum_and_delegation"]
    assert called["sent_back"].count("propose_successors") == 2
    assert called["sent_back"].count("open_gates") == 3, "both together, then each again"
    assert "sent_back" in ends["sent_back"]
    assert called["alert_dismissed"].count("end_protection") == called["alert_dismissed"].count("protect") == 1
    assert called["alert_confirmed_and_resolved"].count("record_triage") == 2
    assert called["alert_confirmed_and_resolved"][-1] == "end_protection"
    assert {"remind_triage", "end_protection", "record_triage"} <= set(called["alert_lapsed"])
    assert called["alert_lapsed"].count("ask_triage") > 1, "silence climbs the ladder"
    assert called["alert_lapsed"].index("end_protection") < called["alert_lapsed"].index("record_triage")
    assert set(called["collected"]) == {"look_at_collection"}
    assert len(called["collected"]) > 5, "every working day, and when somebody writes something down"
    assert called["risk_scan"].count("scan_shard") > 1
    assert called["risk_scan"][-3:] == ["raise_alerts", "suggest_talks", "finish_scan"]


@pytest.mark.parametrize("name", [name for name in NAMES if name == "closed" or STORY_OF[name] != "offboarding"])
def test_a_history_stays_short(name: str) -> None:
    assert len(history(name).events) <= MOST_EVENTS


# What is changed, a history that must notice, the file, and its lines.
MUTATIONS: list[tuple[str, str, str, dict[str, str]]] = [
    (
        "two branches are started in the other order",
        "closed",
        "offboarding",
        {RECEIVABLES: CLIENTS, CLIENTS: RECEIVABLES},
    ),
    (
        "access is given back before the clients",
        "withdrawn",
        "offboarding",
        {UNDO_OWNERS: UNDO_ACCESS, UNDO_ACCESS: UNDO_OWNERS},
    ),
    ("the last version of the report is not made", "closed", "offboarding", {LAST_MERGE: ""}),
    ("a dismissal is told before it is locked", "dismissal", "offboarding", {LOCK_FIRST: "            pass\n"}),
    ("a new plan is asked about without a report of its own", "sent_back", "case_steps", {NEW_PLAN_MERGE: ""}),
    (
        "somebody is asked before the first look",
        "alert_dismissed",
        "alert",
        {LOOK_FIRST: "        self._known = True\n"},
    ),
    ("a dismissal gives nothing back", "alert_dismissed", "alert_protection", {GIVE_BACK: ""}),
    ("resolving gives nothing back", "alert_confirmed_and_resolved", "alert_protection", {GIVE_BACK: ""}),
    ("protection lapses without a last look", "alert_lapsed", "alert_protection", {HEAR_STORED: ""}),
    ("nobody is reminded", "alert_lapsed", "alert_triage", {REMIND: "                pass\n"}),
    ("shards are looked at one by one", "risk_scan", "risk_scan", {LANES: "LANES = 1\n"}),
    ("the follow-up of the money ends unseen", "collected", "collection", {LOOK_AT_MONEY: ""}),
    ("no talk is suggested", "risk_scan", "risk_scan", {TALKS: "        if not plan.people:\n"}),
]


@pytest.fixture
def mutants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for changed copies of the workflow."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("mutant_")]:
        del sys.modules[name]


def mutant(folder: Path, prefix: str, story: str, module: str, swaps: dict[str, str]) -> type[Any]:
    """The workflow of `story` with some lines of `module`, one of its files, swapped; both are copies in `folder`."""
    for name in {story, module}:
        text = source(name).replace(f"from workflows.{module} import", f"from {prefix}_{module} import")
        if name == module:
            text = "".join(swaps.get(line, line) for line in text.splitlines(keepends=True))
        (folder / f"{prefix}_{name}.py").write_text(text)
    found: type[Any] = getattr(importlib.import_module(f"{prefix}_{story}"), STORIES[story].__name__)
    return found


@pytest.mark.parametrize(("what", "name", "module", "swaps"), MUTATIONS, ids=[each[0] for each in MUTATIONS])
async def test_a_change_that_running_cases_would_not_survive_is_found(
    mutants: Path, what: str, name: str, module: str, swaps: dict[str, str]
) -> None:
    prefix = f"mutant_{MUTATIONS.index((what, name, module, swaps))}"
    failure = await replay(name, mutant(mutants, prefix, STORY_OF[name], module, swaps))
    assert failure is not None
    assert "nondeterminism" in repr(failure).lower()


@pytest.mark.parametrize(("name", "module"), [("closed", "offboarding"), ("alert_lapsed", "alert_protection")])
async def test_an_unchanged_copy_is_not_reported(mutants: Path, name: str, module: str) -> None:
    assert await replay(name, mutant(mutants, f"mutant_none_{module}", STORY_OF[name], module, {})) is None


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
