"""Rules of the house that no type checker knows: read off the source of workflows and models."""

import ast
import importlib
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio import workflow

import worker

ROOT = Path(__file__).parent.parent.parent
PURE = [path for room in ("workflows", "models") for path in sorted((ROOT / room).glob("*.py"))]
FORBIDDEN_CALLS = {
    "datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic", "uuid.uuid4", "random.random",
    "os.environ.get", "os.getenv", "open", "print", "asyncio.wait", "asyncio.as_completed",
}  # fmt: skip


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_clock_chance_or_file_in_workflows_and_models(path: Path) -> None:
    names = {ast.unparse(call.func) for call in _calls(path)}
    assert names.isdisjoint(FORBIDDEN_CALLS)


@pytest.mark.parametrize("path", sorted((ROOT / "workflows").glob("*.py")), ids=lambda path: path.name)
def test_every_activity_call_has_a_summary_and_a_timeout(path: Path) -> None:
    for call in _calls(path):
        name = ast.unparse(call.func)
        assert "local_activity" not in name
        if name.endswith("execute_activity_method"):
            keywords = {word.arg for word in call.keywords}
            assert "summary" in keywords
            assert None in keywords, "timeouts come from workflows/calls.py"


@pytest.mark.parametrize("path", sorted((ROOT / "workflows").glob("*.py")), ids=lambda path: path.name)
def test_workflow_files_import_only_temporal_and_what_is_passed_through(path: Path) -> None:
    assert _strangers(path.read_text()) == set()


@pytest.mark.parametrize("name", ["gate", "decision_book", "people_news"])
def test_what_is_loaded_once_for_all_instances_is_pure(name: str) -> None:
    """These are passed through: they keep nothing between cases, wait for nothing and ask the engine nothing."""
    tree = ast.parse((ROOT / "workflows" / f"{name}.py").read_text())
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    engine = {each for each in used if each.startswith("workflow.")}
    assert engine <= {"workflow.unsafe", "workflow.unsafe.imports_passed_through"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Await | ast.Global | ast.AsyncFunctionDef)]


def _strangers(source: str) -> set[str]:
    """What a workflow file imports into its sandbox outside the passed-through block, and must not."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
    return found - {
        "temporalio", "workflows", "asyncio", "collections", "contextlib", "dataclasses", "datetime", "typing",
    }  # fmt: skip


def test_the_rule_of_imports_sees_both_forms() -> None:
    source = "import json, asyncio\nfrom pydantic import x\nwith passed_through():\n    import models.case\n"
    assert _strangers(source) == {"json", "pydantic"}


@pytest.mark.parametrize("path", sorted((ROOT / "workflows").glob("*.py")), ids=lambda path: path.name)
def test_no_workflow_walks_over_a_set(path: Path) -> None:
    """Its order changes from process to process, and a replay would do other things."""
    assert _walks_over_sets(path.read_text()) == []


def _walks_over_sets(source: str) -> list[str]:
    walked = [
        node.iter
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension)
    ]
    return [ast.unparse(node) for node in walked if _is_set(node)]


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        # The order of a set survives these.
        if name in {"list", "tuple", "enumerate", "reversed", "iter"}:
            return any(_is_set(argument) for argument in node.args)
        return name in {"set", "frozenset"}
    if isinstance(node, ast.BinOp):
        return _is_set(node.left) or _is_set(node.right)
    return isinstance(node, ast.Set | ast.SetComp)


def test_the_rule_of_sets_sees_every_form() -> None:
    source = """
for one in {1, 2}: pass
[one for one in set(names)]
{one: 1 for one in list(frozenset(names))}
for one in {name for name in names} - gone: pass
for one in sorted({1, 2}): pass
[one for one in sorted(set(names))]
for one in names: pass
"""
    assert len(_walks_over_sets(source)) == 4


# What the cheapest workflow there can be costs is the measure: 0.45 ms on a machine where 5 ms are the limit.
INSTANCE_COST = 11.0
EMPTY = """
from temporalio import workflow

@workflow.defn(name="Empty")
class Empty:
    @workflow.run
    async def run(self) -> None:
        pass
"""
HEAVY = EMPTY.replace("from", "import sqlalchemy\nfrom", 1)


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the path for workflows to measure with. All is compiled once, as in production."""
    folder = tmp_path_factory.mktemp("workflows_of_the_rules")
    (folder / "empty_workflow.py").write_text(EMPTY)
    (folder / "heavy_workflow.py").write_text(HEAVY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", False)
        patch.syspath_prepend(folder)
        yield folder


@pytest.mark.parametrize("kind", worker.WORKFLOWS, ids=lambda kind: kind.__name__)
async def test_a_workflow_instance_is_cheap(kind: type, measures: Path) -> None:
    """A heavy import at the top of a workflow file is paid for every instance and can livelock a restart."""
    assert await _instance_cost(kind, 40) <= INSTANCE_COST


async def test_the_measurement_sees_a_heavy_import(measures: Path) -> None:
    assert await _instance_cost(importlib.import_module("heavy_workflow").Empty, 3) > 4 * INSTANCE_COST


async def _instance_cost(kind: type, times: int) -> float:
    """What one more instance costs, in instances of an empty workflow.

    Both are made in turn and the CPU time of this thread is counted: what else runs on the machine slows both down.
    """
    empty = importlib.import_module("empty_workflow").Empty
    runner = worker.sandbox()
    definitions = [workflow._Definition.must_from_class(one) for one in (kind, empty)]
    spent: list[list[float]] = [[], []]
    for definition in definitions:
        runner.prepare_workflow(definition)
    for _ in range(times):
        for definition, seconds in zip(definitions, spent, strict=True):
            start = time.thread_time()
            runner.prepare_workflow(definition)
            seconds.append(time.thread_time() - start)
    mine, least = map(statistics.median, spent)
    return mine / least


ENTRY_FLOOR = (
    "starter_cli",
    "worker",
    "connections",
    "settings",
)
LOWER_ROOMS = ("workflows", "activities", "systems", "early_warning", "reports", "store", "models")


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_no_room_imports_the_entry_floor_above_it() -> None:
    for room in LOWER_ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            assert _imported(path).isdisjoint((*ENTRY_FLOOR, "web", "embedded", "commands", "services")), path


@pytest.mark.parametrize("name", ENTRY_FLOOR)
def test_the_entry_floor_has_an_order_and_no_circle(name: str) -> None:
    above = ENTRY_FLOOR[: ENTRY_FLOOR.index(name)]
    assert _imported(ROOT / f"{name}.py").isdisjoint(above)


# Workflows reach it only through activities, which are passed through: no sandbox loads it again.
GATHERING = {ROOT / "store" / "tables" / "__init__.py"}


def test_packages_on_the_path_of_a_workflow_are_empty() -> None:
    for room in ("workflows", "activities", "models", "systems", "store", "early_warning", "reports"):
        for init in set((ROOT / room).rglob("__init__.py")) - GATHERING:
            assert init.read_text() == "", f"{init} is imported into every sandbox"
