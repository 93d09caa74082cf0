"""The early warning without a server: figures of a person, rules, trees, measures, and what a prediction can reach."""

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from babel.messages.pofile import read_po
from sqlalchemy import Select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.schema import Column

from early_warning import baseline, metrics, model, reasons, records, training
from early_warning.features import COMPARISONS, FEATURES, enough_history, features_of
from early_warning.records import Records
from models.errors import ModelRefused
from models.scan import Basis
from reports.language import CATALOGUES, language

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def ago(days: int) -> pd.Timestamp:
    return pd.Timestamp(TODAY - timedelta(days=days))


def frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    made = pd.DataFrame(list(rows), columns=pd.Index(columns.split()))
    for name in ("hired_on", "left_on", "closed_on", "day", "issued_on", "due_on", "paid_on"):
        if name in made:
            made[name] = pd.to_datetime(made[name])
    return made


def business() -> Records:
    """Li Na: 1000 days here, 4 of 4 deals won before and 1 of 4 since, half the contacts, one client gone quiet."""
    deals = [("E1", ago(330 - n), True, 100.0, "CNY") for n in range(4)]
    deals += [("E1", ago(90 - n), n == 0, 100.0, "CNY") for n in range(4)]
    contacts = [("E1", "C1", ago(340 - n), 1) for n in range(6)] + [("E1", "C1", ago(20 - n), 1) for n in range(3)]
    contacts += [("E1", "C2", ago(300), 2)]
    bills = [
        ("E1", "C1", "V1", ago(300), ago(270), 300.0, "CNY"),
        ("E1", "C1", "V2", ago(200), ago(150), 300.0, "CNY"),
        ("E1", "C2", "V3", ago(250), ago(170), 100.0, "CNY"),
        ("E1", "C1", "V4", ago(10), ago(-20), 100.0, "CNY"),
        ("E1", "C1", "V5", ago(5), ago(-20), 9999.0, "USD"),
    ]
    paid = [("V1", ago(290), 300.0), ("V2", ago(100), 100.0), ("V3", ago(150), 100.0)]
    return Records(
        people=frame("employee_id manager_id hired_on left_on", ("E1", "M1", ago(1000), None)),
        colleagues=frame(
            "colleague_id manager_id left_on", ("X1", "M1", ago(20)), ("X2", "M1", ago(400)), ("X3", "M2", ago(20))
        ),
        deals=frame("employee_id closed_on won amount currency", *deals),
        contacts=frame("employee_id client_id day times", *contacts),
        invoices=frame("employee_id client_id invoice_id issued_on due_on amount currency", *bills),
        payments=frame("invoice_id paid_on paid", *paid),
    )


# ---- figures ----


def test_every_figure_of_a_person() -> None:
    found = features_of(business(), TODAY).loc["E1"]
    assert found.to_dict() == pytest.approx(
        {
            "tenure_days": 1000,
            "won_value_change": -0.75,  # 100 after 400
            "win_rate_change": -0.75,  # 1 of 4 after 4 of 4
            "activity_change": 3 / 8 - 1,
            "overdue_share": 200 / 300,  # V2 has 200 open and is late, V4 is not
            "overdue_share_change": 200 / 300 - 0.0,  # 180 days ago V2 and V3 were open and neither was due
            "largest_client_share": 700 / 800,
            "clients_lost": 1,
            "peers_left": 1,
        }
    )
    assert list(found.index) == list(FEATURES)


LATER_ROWS: dict[str, tuple[object, ...]] = {
    "colleagues": ("X9", "M1", ago(-1)),
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

PROTECTED = (
    "age", "birth", "gender", "sex", "marital", "married", "famil", "child", "pregnan", "parent", "ethnic", "race",
    "nation", "origin", "religio", "belief", "politic", "union", "disab", "health", "sick", "orient", "veteran",
    "name", "photo", "country", "region", "language", "address", "school", "degree", "salary", "stock", "email", "zone",
)  # fmt: skip
QUERIES: dict[str, Callable[[], Select[tuple[object, ...]]]] = {
    "people": lambda: records.people_query(["E1"]),
    "colleagues": lambda: records.colleagues_query(["E1"]),
    "deals": lambda: records.deals_query(["E1"], TODAY, TODAY),
    "contacts": lambda: records.contacts_query(["E1"], TODAY, TODAY),
    "invoices": lambda: records.invoices_query(["E1"], TODAY, TODAY),
    "payments": lambda: records.payments_query(["E1"], TODAY, TODAY),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_is_a_protected_attribute_or_a_known_proxy(feature: str) -> None:
    words = feature.split("_")
    assert not [word for word in words if word.startswith(PROTECTED)], feature


@pytest.mark.parametrize("source", QUERIES)
def test_the_queries_read_nothing_else_of_a_person(source: str) -> None:
    read = {
        element.name
        for element in visitors.iterate(QUERIES[source]())
        if isinstance(element, Column) and element.table.name == "employees"
    }
    assert read <= {"id", "manager_id", "hired_on", "left_on", "status"}
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


# ---- the trees ----


@pytest.fixture(scope="module")
def people() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(3)
    rows = pd.DataFrame({name: random.normal(0, 0.4, 800) for name in FEATURES})
    chance = 1 / (1 + np.exp(3 + 5 * rows["activity_change"] - 2 * rows["overdue_share_change"]))
    return rows, (random.random(800) < chance).to_numpy(dtype=float)


@pytest.fixture(scope="module")
def trees(people: tuple[pd.DataFrame, np.ndarray]) -> model.Model:
    return model.learn(*people)


def test_contributions_add_up_to_the_margin_and_the_margin_to_the_probability(
    trees: model.Model, people: tuple[pd.DataFrame, np.ndarray]
) -> None:
    rows = people[0].head(100).copy()
    rows.iloc[:30, 3] = np.nan
    margins = trees.margins(rows)
    assert trees.contributions(rows).sum(axis=1).to_numpy() == pytest.approx(margins, abs=1e-4)
    assert trees.probabilities(rows) == pytest.approx(1 / (1 + np.exp(-margins)), abs=1e-6)


@pytest.mark.parametrize("feature", [name for name, direction in FEATURES.items() if direction])
def test_a_known_direction_is_held_everywhere(trees: model.Model, feature: str) -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        rows = pd.DataFrame([{name: random.normal(0, 0.4) for name in FEATURES}] * 40)
        rows[feature] = np.linspace(-1, 1, 40)
        steps = np.diff(trees.probabilities(rows)) * FEATURES[feature]
        assert (steps >= -1e-7).all()


def test_the_same_rows_make_the_same_document(trees: model.Model, people: tuple[pd.DataFrame, np.ndarray]) -> None:
    assert model.learn(*people).version == trees.version
    assert trees.document.startswith(b"{"), "plain JSON: nothing that runs when it is read"


def test_a_kept_model_gives_the_same_scores(trees: model.Model, people: tuple[pd.DataFrame, np.ndarray]) -> None:
    again = model.load(trees.document, trees.sha256)
    assert (again.probabilities(people[0]) == trees.probabilities(people[0])).all()


def test_no_damaged_document_is_loaded(trees: model.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> None:
        pytest.fail("a document was parsed before its hash was compared")

    monkeypatch.setattr(xgb.Booster, "load_model", parsed)
    size = len(trees.document)
    damaged = [trees.document[:cut] for cut in range(0, size, size // 99)]
    for place in range(0, size, size // 99):
        damaged.append(trees.document[:place] + bytes([trees.document[place] ^ 1]) + trees.document[place + 1 :])
    assert len(damaged) >= 198
    for document in damaged:
        with pytest.raises(ModelRefused):
            model.load(document, trees.sha256)


def test_a_model_of_other_features_is_refused(people: tuple[pd.DataFrame, np.ndarray]) -> None:
    other = xgb.train({}, xgb.DMatrix(people[0].to_numpy()[:, :2], label=people[1], feature_names=["a", "b"]), 1)
    foreign = model.Model(bytes(other.save_raw("json")), other)
    with pytest.raises(ModelRefused, match="other features"):
        model.load(foreign.document, foreign.sha256)


# ---- measures ----


@pytest.mark.parametrize(
    ("labels", "scores", "area", "recall"),
    [
        ([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], range(10, 0, -1), 1.0, 0.5),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], range(10, 0, -1), 0.1, 0.0),
        ([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], range(10, 0, -1), (1 + 2 / 3) / 2, 0.5),
        ([1, 0, 0, 1, 0, 0, 0, 0, 0, 0], [5] * 10, 0.2, 0.1),  # no ranking at all: the base rate
    ],
)
def test_ranking_measures(labels: list[int], scores: list[int], area: float, recall: float) -> None:
    truth, given = np.array(labels, dtype=float), np.array(scores, dtype=float)
    assert metrics.pr_auc(truth, given) == pytest.approx(area)
    assert metrics.recall_at(truth, given) == pytest.approx(recall)


def test_the_brier_score_of_a_sure_prophet_of_a_coin_and_of_a_liar() -> None:
    truth = np.array([1.0, 0.0])
    found = [metrics.brier(truth, np.array(given)) for given in ([1.0, 0.0], [0.5, 0.5], [0.0, 1.0])]
    assert found == [0.0, 0.25, 1.0]


# ---- training ----


def person_days(leavers: int, people: int = 100, days: int = 20) -> pd.DataFrame:
    """`people` seen on `days` days; each leaver has label 1 on one of them, evenly spread."""
    rows = [(ago(30 * (days - day)), f"E{who}") for day in range(days) for who in range(people)]
    made = pd.DataFrame(rows, columns=pd.Index(["day", "employee_id"]))
    left = {(ago(30 * (days - who % days)), f"E{who}") for who in range(leavers)}
    return made.assign(left_soon=[float(each in left) for each in rows])


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        (person_days(20), None),
        (person_days(19), "2000 person-days and 19 people"),
        (person_days(40, people=49), "980 person-days"),
        (person_days(0), "0 people who left"),
        (person_days(60).query("day < '2026-05-01' or left_soon == 0"), "0 people left in the later part"),
    ],
)
def test_a_handful_of_leavers_trains_nothing(rows: pd.DataFrame, missing: str | None) -> None:
    said = training.too_little(rows)
    assert said is None if missing is None else missing in (said or "")


def test_no_label_of_the_earlier_part_is_open_when_the_later_one_begins() -> None:
    earlier, later = training.split(person_days(20))
    assert earlier["day"].max() + pd.Timedelta(days=training.HORIZON) <= later["day"].min()
    assert len(earlier)
    assert len(later)


def test_observation_days_have_two_half_years_behind_them_and_90_days_after_them() -> None:
    days = list(training.observation_days(TODAY - timedelta(days=600), TODAY))
    assert (days[0], days[-1]) == (TODAY - timedelta(days=240), TODAY - timedelta(days=90))
    assert list(training.observation_days(None, TODAY)) == []


@pytest.mark.parametrize(("left_in", "label"), [(90, 1.0), (91, 0.0)])
def test_the_label_is_a_leave_within_90_days(left_in: int, label: float) -> None:
    known = business()
    leaving = replace(known, people=known.people.assign(left_on=ago(-left_in)))
    assert training.observed_on(leaving, TODAY)["left_soon"].tolist() == [label]


def test_whoever_has_left_is_not_observed_any_more() -> None:
    known = business()
    assert training.observed_on(replace(known, people=known.people.assign(left_on=ago(0))), TODAY).empty


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
SCAN = ("workflows.risk_scan", "activities.scan", "early_warning.scoring", "early_warning.training")
# Everything that a scan can reach. Access, handover, cases, mail, effects and evidence are not in it, and must not be.
REACHABLE = {
    *SCAN, "workflows.calls",
    "early_warning.baseline", "early_warning.features", "early_warning.metrics", "early_warning.model",
    "early_warning.reasons", "early_warning.records", "early_warning.registry",
    "store.database", "store.watch", "store.scores", "store.tables",
    "models.base", "models.errors", "models.people", "models.reasons", "models.scan",
}  # fmt: skip


def imports_of(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{name.name}" for name in node.names]
            inside = [each for each in whole if (ROOT / f"{each.replace('.', '/')}.py").is_file()]
            found |= set(inside or [node.module])
    return {name for name in found if name.split(".")[0] in ROOMS}


def test_nothing_that_a_prediction_reaches_can_touch_access_handover_or_cases() -> None:
    seen: set[str] = set()
    waiting = set(SCAN)
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imports_of(module) - seen
    assert seen == REACHABLE


def test_the_scan_calls_two_activities_and_starts_nothing() -> None:
    calls = [
        (ast.unparse(node.func), ast.unparse(node.args[0]) if node.args else "")
        for node in ast.walk(ast.parse((ROOT / "workflows" / "risk_scan.py").read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("workflow.")
    ]
    work = {asked for name, asked in calls if name == "workflow.execute_activity_method"}
    assert work == {"ScanActivities.plan_scan", "ScanActivities.scan_shard"}
    others = {name for name, _ in calls} - {"workflow.execute_activity_method"}
    assert others == {
        "workflow.defn", "workflow.unsafe.imports_passed_through", "workflow.set_current_details", "workflow.info",
        "workflow.info().typed_search_attributes.get", "workflow.now",
    }  # fmt: skip


def test_a_score_without_history_has_no_number() -> None:
    from early_warning.scoring import score_features

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
