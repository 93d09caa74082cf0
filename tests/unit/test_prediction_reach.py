"""What a prediction can reach (features B9): walked over the source, from the table of scores to the last effect."""

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "workflows",
    "activities",
    "systems",
    "early_warning",
    "reports",
    "store",
    "web",
    "commands",
    "embedded",
    "services",
)
FILES = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
# Every module by its name; a package that says something is one as well.
PRODUCT = {
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): path
    for path in sorted(FILES)
    if path.read_text(encoding="utf-8") and "migrations" not in path.parts
}
# The modules that know predictions: they make, keep and read them.
OF_PREDICTIONS = {"store.scores", "early_warning.scoring"}
# Whoever uses those. The services and `worker` are for people who look; the two activities are what a scan does.
USERS = {"activities.scan", "activities.talks", "services.scans", "services.attrition"}
# Everything that changes something in the world or about a case, an alert, a right or a client.
EFFECTS = (
    "systems.access", "systems.clients", "systems.mail", "store.lockdown", "store.effects", "store.cases",
    "store.alerts", "store.raising", "store.branches", "store.decisions", "store.evidence", "activities.alerts",
    "activities.protection", "activities.access", "activities.cases", "activities.handover", "activities.messages",
    "workflows",
)  # fmt: skip


@cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of ours that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{name.name}" for name in node.names}
            found |= (inside & set(PRODUCT)) or {node.module}
    return frozenset(found & set(PRODUCT))


def source(module: str) -> str:
    return PRODUCT[module].read_text(encoding="utf-8")


def reach_of(modules: Collection[str]) -> set[str]:
    """These modules and everything that they import, however far."""
    seen: set[str] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imports_of(module) - seen
    return seen


def effects_in(modules: Collection[str]) -> set[str]:
    return {module for module in modules if module.startswith(EFFECTS)}


def test_only_the_store_of_scores_touches_their_table() -> None:
    touching = {module for module in PRODUCT if "risk_scores" in source(module)}
    assert touching == {"store.scores", "store.tables", "store.tables.prediction"}


def test_only_the_scan_and_the_talks_use_predictions_and_people_who_look() -> None:
    users = {module for module in PRODUCT if imports_of(module) & OF_PREDICTIONS} - OF_PREDICTIONS
    assert {module for module in users if not module.startswith(("commands.", "embedded."))} == USERS
    readers = {module for module in PRODUCT if imports_of(module) & {"services.scans", "services.attrition"}}
    assert {module.split(".")[0] for module in readers} <= {"commands", "embedded"}


def test_the_scan_reaches_no_effect() -> None:
    assert effects_in(reach_of(["activities.scan"])) == set()


def test_a_talk_is_a_message_in_the_outbox_and_nothing_else() -> None:
    reached = reach_of(["activities.talks"])
    assert effects_in(reached) == set()
    calls = [
        ast.unparse(node) for node in ast.walk(ast.parse(source("activities.talks"))) if isinstance(node, ast.Call)
    ]
    (put,) = [call for call in calls if call.startswith("outbox.")]
    assert put.startswith("outbox.put(")
    assert "MessageKind.TALK, Tidings()" in put


def test_the_message_of_a_talk_cannot_be_answered_and_changes_nothing() -> None:
    assert "link=None" in source("reports.talk_letter")
    assert effects_in(reach_of(["activities.talk_mail", "reports.talk_letter"])) == set()


def test_alerts_and_protection_know_no_prediction() -> None:
    rooms = ("activities.alert", "activities.protection", "workflows.alert")
    behind = reach_of([module for module in PRODUCT if module.startswith(rooms)])
    assert behind & OF_PREDICTIONS == set()
    assert reach_of(["early_warning.activity", "early_warning.indicators.finder"]) & OF_PREDICTIONS == set()


def test_the_scan_hands_alerts_nothing_but_the_day() -> None:
    tree = ast.parse(source("workflows.risk_scan"))
    calls = {
        ast.unparse(call.args[0]): ast.unparse(call.args[1])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "workflow.execute_activity_method"
    }
    assert set(calls) == {
        "ScanActivities.plan_scan", "ScanActivities.scan_shard", "ScanActivities.finish_scan",
        "AlertActivities.raise_alerts", "TalkActivities.suggest_talks",
    }  # fmt: skip
    assert calls["AlertActivities.raise_alerts"] == "RaiseAlerts(as_of=plan.as_of)"
    started = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not {name for name in started if "child" in name or "signal" in name or "continue_as_new" in name}


def test_the_walk_sees_what_a_forbidden_import_would_reach() -> None:
    assert "systems.access.port" in effects_in(reach_of(["activities.access"]))
    assert "activities.alerts" in effects_in(imports_of("workflows.risk_scan"))
