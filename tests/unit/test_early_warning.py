"""The early warning without a server: figures of a person, rules, reasons, and what a prediction can reach."""

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from babel.messages.pofile import read_po
from sqlalchemy import Select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.schema import Column

from early_warning import baseline, reasons, records
from early_warning.features import COMPARISONS, FEATURES, enough_history, features_of
from early_warning.records import Records
from early_warning.scoring import score_features
from models.scan import Basis
from reports.language import CATALOGUES, language
from store.policies import load_warning_policy
from tests.business import TODAY, ago, business, frame

ROOT = Path(__file__).parents[2]

# ---- figures ----


def test_every_figure_of_a_person() -> None:
    found = features_of(business(), TODAY).loc["E1"]
    assert found.to_dict() == pytest.approx(
        {
            "tenure_days": 1000,
            "won_value_change": -0.75,  # 100 after 400
            "won_value_vs_peers": 100 / 150,  # of 0 (P3), 100, 200 and 300; P4 is too new and A1 sells nothing
            "won_value_vs_peers_change": 100 / 150 - 400 / 200,
            "win_rate_change": -0.75,  # 1 of 4 after 4 of 4
            "activity_change": 3 / 8 - 1,
            "overdue_share": 200 / 300,  # V2 has 200 open and is late, V4 is not
            "overdue_share_change": 200 / 300 - 0.0,  # 180 days ago V2 and V3 were open and neither was due
            "largest_client_share": 700 / 800,
            "client_tenure_days": 340,  # C1; C2 is no client any more
            "clients_lost": 1,
            "peers_left": 1,
        }
    )
    assert list(found.index) == list(FEATURES)


LATER_ROWS: dict[str, tuple[object, ...]] = {
    "colleagues": ("X9", "M1", ago(900), ago(-1), False),
    "team_wins": ("P3", ago(-1), 5000.0, "CNY"),
    "deals": ("E1", ago(-1), True, 5000.0, "CNY"),
    "contacts": ("E1", "C2", ago(-1), 50),
    "invoices": ("E1", "C9", "V9", ago(-1), ago(-1), 5000.0, "CNY"),
    "payments": ("V2", ago(-1), 200.0),
}


@pytest.mark.parametrize("source", LATER_ROWS)
def test_nothing_of_a_later_day_is_seen(source: str) -> None:
    known = business()
    before: pd.DataFrame = getattr(known, source)
    after = pd.concat([before, frame(" ".join(before.columns), LATER_ROWS[source])], ignore_index=True)
    later = replace(known, **{source: after})
    pd.testing.assert_frame_equal(features_of(later, TODAY), features_of(known, TODAY))
    changed = features_of(later, TODAY + timedelta(days=1))
    assert not changed.equals(features_of(known, TODAY + timedelta(days=1))), "the row does count from its day on"


def test_their_own_leave_is_no_feature() -> None:
    known = business()
    leaving = replace(known, people=known.people.assign(left_on=ago(-30)))
    pd.testing.assert_frame_equal(features_of(leaving, TODAY), features_of(known, TODAY))


@pytest.mark.parametrize("source", ["deals", "contacts", "invoices"])
def test_a_source_without_rows_leaves_its_figures_missing_and_never_zero(source: str) -> None:
    known = business()
    found = features_of(replace(known, **{source: getattr(known, source).iloc[:0]}), TODAY).loc["E1"]
    missing = {
        "deals": ["won_value_change", "win_rate_change"],
        "contacts": ["activity_change"],
        "invoices": ["overdue_share", "overdue_share_change", "largest_client_share"],
    }
    assert found[missing[source]].isna().all()


def test_a_record_that_begins_within_the_earlier_half_year_compares_with_nothing() -> None:
    known = business()
    short = replace(known, contacts=known.contacts[known.contacts["day"] > ago(329)])
    assert np.isnan(features_of(short, TODAY).at["E1", "activity_change"])


@pytest.mark.parametrize(
    ("tenure", "comparisons", "enough"), [(180, 2, True), (179, 4, False), (np.nan, 2, True), (900, 1, False)]
)
def test_how_much_history_is_enough(tenure: float, comparisons: int, enough: bool) -> None:
    figures = dict.fromkeys(FEATURES, np.nan) | dict.fromkeys(COMPARISONS[:comparisons], 0.1)
    found = enough_history(pd.DataFrame([figures | {"tenure_days": tenure}], index=pd.Index(["E1"])))
    assert bool(found["E1"]) is enough


# ---- who somebody is, is none of the model's business ----

POLICY = load_warning_policy()
NEVER = {*POLICY.protected_attributes, *POLICY.proxies}
# And what no policy may allow, whatever it is called.
PROTECTED = (
    "age", "birth", "gender", "sex", "marital", "married", "famil", "child", "pregnan", "parent", "ethnic", "race",
    "nation", "origin", "religio", "belief", "politic", "union", "disab", "health", "sick", "orient", "veteran",
    "name", "photo", "country", "region", "language", "address", "school", "degree", "salary", "stock", "email", "zone",
)  # fmt: skip
QUERIES: dict[str, Callable[[], Select[tuple[object, ...]]]] = {
    "people": lambda: records.people_query(["E1"]),
    "colleagues": lambda: records.colleagues_query(["E1"]),
    "team_wins": lambda: records.team_wins_query(["E1"], TODAY, TODAY),
    "deals": lambda: records.deals_query(["E1"], TODAY, TODAY),
    "contacts": lambda: records.contacts_query(["E1"], TODAY, TODAY),
    "invoices": lambda: records.invoices_query(["E1"], TODAY, TODAY),
    "payments": lambda: records.payments_query(["E1"], TODAY, TODAY),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_is_a_protected_attribute_or_a_known_proxy(feature: str) -> None:
    words = feature.split("_")
    assert not [word for word in words if word.startswith(PROTECTED)], feature
    assert not [listed for listed in NEVER if listed == feature or set(listed.split("_")) <= set(words)], feature


@pytest.mark.parametrize("source", QUERIES)
def test_the_queries_read_nothing_else_of_a_person(source: str) -> None:
    read = {
        element.name
        for element in visitors.iterate(QUERIES[source]())
        if isinstance(element, Column) and element.table.name == "employees"
    }
    assert read <= {"id", "manager_id", "hired_on", "left_on", "status", "role"}
    assert set(QUERIES) == {part.name for part in fields(Records)}


# ---- the baseline ----


def row(**figures: float) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(FEATURES, np.nan) | figures], index=pd.Index(["E1"]))


def test_the_rules_give_all_points_at_alarm_none_at_calm_and_none_for_the_unknown() -> None:
    alarm = row(**{name: rule.alarm for name, rule in baseline.RULES.items()})
    calm = row(**{name: rule.calm for name, rule in baseline.RULES.items()})
    halfway = row(activity_change=-0.35)
    assert [baseline.points_of(each).sum(axis=1)["E1"] for each in (alarm, calm, row())] == [100, 0, 0]
    assert baseline.points_of(halfway).at["E1", "activity_change"] == pytest.approx(12.5)


# ---- reasons ----


def test_the_three_figures_that_moved_the_score_most_are_named() -> None:
    figures = {"won_value_change": -0.724, "activity_change": 0.1, "peers_left": 2.0, "overdue_share": np.nan}
    moved = {"won_value_change": 1.5, "activity_change": -0.2, "peers_left": 0.0, "overdue_share": 9.0, "bias": -3.0}
    found = reasons.top_reasons(figures, moved)
    assert [(each.feature, each.contribution) for each in found] == [
        ("won_value_change", 1.5),
        ("activity_change", -0.2),
    ]
    assert language("en").reason(found[0].reason) == "The value won fell by 72 % against the 180 days before."
    assert language("zh-CN").reason(found[0].reason) == "赢单金额比此前 180 天下降 72%。"


def test_at_most_three_reasons_and_ties_by_name() -> None:
    found = reasons.top_reasons(dict.fromkeys(FEATURES, 0.5), dict.fromkeys(FEATURES, 1.0))
    assert [each.feature for each in found] == sorted(FEATURES)[:3]


def test_every_feature_has_its_sentences_in_both_languages() -> None:
    with (CATALOGUES / "zh_CN" / "LC_MESSAGES" / "early_warning.po").open("rb") as source:
        known = {entry.id for entry in read_po(source, locale="zh_CN") if entry.id and entry.string}
    said = {sentence for pair in reasons.SENTENCES.values() for sentence in pair if sentence}
    assert known == said
    assert set(reasons.SENTENCES) == set(FEATURES)
    negative = {name for name, (below, _) in reasons.SENTENCES.items() if below}
    assert negative == {name for name in FEATURES if name.endswith("_change")}, "others are never below zero"


# ---- a prediction has no consequence ----

ROOMS = ("workflows", "activities", "systems", "early_warning", "reports", "web", "embedded", "store", "models")
MODEL = ("early_warning.scoring", "early_warning.training", "early_warning.trial", "early_warning.host_process")
# What the model needs of other rooms. Access, handover, cases, alerts, mail, effects and evidence are not in it.
ALLOWED = {
    "models.attrition", "models.base", "models.errors", "models.model_kind", "models.people", "models.reasons",
    "models.scan",
    "store.tables", "store.tables.base", "store.tables.company", "store.tables.departure", "store.tables.approval",
    "store.tables.behaviour",
    "store.tables.prediction",
    "store.tables.exchange",
    "store.tables.money",
    "store.tables.person",
}  # fmt: skip


def imports_of(module: str) -> set[str]:
    found: set[str] = set()
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{name.name}" for name in node.names]
            inside = [each for each in whole if (ROOT / f"{each.replace('.', '/')}.py").is_file()]
            found |= set(inside or [node.module])
    return {name for name in found if name.split(".")[0] in ROOMS}


def test_nothing_that_the_model_reaches_can_touch_access_handover_or_cases() -> None:
    seen: set[str] = set()
    waiting = set(MODEL)
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imports_of(module) - seen
    assert {module for module in seen if not module.startswith("early_warning.")} == ALLOWED


def test_a_score_without_history_has_no_number() -> None:
    (found,) = score_features(row(tenure_days=20.0, peers_left=3.0), TODAY, None)
    assert (found.basis, found.score, found.reasons) == (Basis.INSUFFICIENT_HISTORY, None, ())


def test_a_worker_and_its_workflows_start_without_pandas_and_xgboost() -> None:
    look = "import sys, activities.scan, workflows.risk_scan; print({'pandas', 'xgboost'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_pandas_and_xgboost_live_in_the_early_warning_alone() -> None:
    found = [
        path.relative_to(ROOT)
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and ast.unparse(node).split()[1].split(".")[0] in {"pandas", "xgboost"}
    ]
    assert {path.parts[0] for path in found} == {"early_warning"}
