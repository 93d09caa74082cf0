"""The model of a whole company with past leavers: training, card, promotion by a person, and scores with reasons."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
import pytest
from sqlalchemy import Connection, func, select, update
from typer.testing import CliRunner

from early_warning import host, scoring, training
from early_warning.learning import learn
from early_warning.registry import Registered, card_of, register
from embedded.postgres import Postgres
from embedded.sample.fill import fill
from embedded.sample.history import fill_history
from models.attrition import AttritionLevel, ProxyTest, TrainingOutcome
from models.errors import ModelRefused, Refused, UnknownEmployee
from models.scan import Basis, RiskScore
from services import attrition
from starter_cli import app
from store import tables
from store.database import Database
from tests.company import Company

TODAY = date(2026, 11, 24)
BOSS = "E0001"
REGISTRY = tables.models_registry


@dataclass
class Trained:
    """The company, what its training came to, and who is fading today."""

    database: Database
    outcome: TrainingOutcome
    fading: str

    @property
    def version(self) -> str:
        assert self.outcome.version
        return self.outcome.version

    def scores(self) -> list[RiskScore]:
        """Everybody who sells, by the trained model, the highest first."""
        person = tables.employees.c
        with self.database.begin() as connection:
            query = select(person.id).where(person.role == "salesperson", person.status == "active")
            ids = list(connection.execute(query.order_by(person.id)).scalars())
            found = scoring.score_people(connection, ids, TODAY, scoring.scorer(connection, self.version))
        return sorted(found, key=lambda each: -(each.score or 0))


@pytest.fixture(scope="module", autouse=True)
def observed_once() -> Iterator[None]:
    """The records of this file do not change: they are looked at once for a database, not eight times."""
    look, seen = training.observe, {}

    def remembered(connection: Connection, today: date) -> pd.DataFrame:
        key = (str(connection.engine.url), today)
        if key not in seen:
            seen[key] = look(connection, today)
        return seen[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "observe", remembered)
        yield


@pytest.fixture(scope="module")
def trained(postgres: Postgres, migrated_template: str) -> Iterator[Trained]:
    """100 people and 40 past leavers, imported like any company's files. Its model is trained once."""
    server = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE modelled TEMPLATE "{migrated_template}"')
    server.close()
    database = Database(postgres.url("modelled"))
    fading = fill_history(database, as_of=TODAY)
    yield Trained(database, attrition.train_model(database, TODAY), fading.employee)
    host.close_all()
    database.close()


def challenger(trained: Trained) -> str:
    """A registered model that has learned next to nothing: from the first days alone."""
    with trained.database.begin() as connection:
        rows = training.observe(connection, TODAY)
        days = sorted(rows["day"].unique())
        table = training.table_of(rows[rows["day"] <= days[2]])
        weak = learn(table, with_trees=False)
        card = card_of(connection, trained.version).model_copy(update={"version": weak.version, "sha256": weak.sha256})
        register(connection, Registered(weak.version, weak.document, weak.sha256), card)
    return weak.version


# ---- training ----


def test_the_model_finds_leavers_on_later_days_and_beats_the_rules_and_the_base_rate(trained: Trained) -> None:
    measured = trained.outcome.evaluation
    assert measured is not None
    assert trained.outcome.leavers >= 35
    assert measured.leavers >= 5
    assert measured.pr_auc.low > 3 * measured.base_rate
    assert measured.pr_auc.value > measured.baseline_pr_auc > 2 * measured.base_rate
    assert measured.lift_10.value > 6
    assert measured.brier.value < 0.7 * measured.brier_of_base_rate
    assert {row.attribute for row in measured.groups} == {"language"}, "the only protected attribute that records hold"


def test_the_same_records_make_the_same_model_kept_once_that_measures_the_same_again(trained: Trained) -> None:
    again = attrition.train_model(trained.database, TODAY)
    assert again == trained.outcome
    with trained.database.begin() as connection:
        same = select(func.count()).select_from(REGISTRY).where(REGISTRY.c.version == trained.version)
        assert connection.execute(same).scalar_one() == 1
    assert attrition.evaluate_model(trained.database, trained.version, TODAY) == trained.outcome.evaluation


def test_too_few_leavers_train_nothing_and_say_so(database: Database) -> None:
    Company.build(database)
    outcome = attrition.train_model(database, TODAY)
    assert outcome.version is None
    assert outcome.insufficient is not None
    assert "insufficient history for a model" in outcome.insufficient.code
    with pytest.raises(ModelRefused, match="no model is promoted"):
        attrition.evaluate_model(database)
    with pytest.raises(ModelRefused, match="no model was trained"):
        attrition.model_card(database)


# ---- promotion ----


def test_only_a_registered_model_is_promoted_and_only_by_somebody(trained: Trained) -> None:
    with pytest.raises(ModelRefused, match="no model 'attrition-x' is registered"):
        attrition.promote_model(trained.database, "attrition-x", BOSS, today=TODAY)
    with pytest.raises(UnknownEmployee):
        attrition.promote_model(trained.database, trained.version, "E9", today=TODAY)


def test_figures_that_give_an_attribute_away_need_a_note_of_a_named_person(trained: Trained) -> None:
    with trained.database.begin() as connection:
        card = connection.execute(select(REGISTRY.c.card).where(REGISTRY.c.version == trained.version)).scalar_one()
        telling = ProxyTest(attribute="age", group="under 30", roc_auc=0.88).model_dump(mode="json")
        changed = {**card, "evaluation": {**card["evaluation"], "proxies": [telling]}}
        connection.execute(update(REGISTRY).where(REGISTRY.c.version == trained.version).values(card=changed))
    try:
        with pytest.raises(ModelRefused, match=r"give away age = under 30 \(0.88\)"):
            attrition.promote_model(trained.database, trained.version, BOSS, proxy_note="  ", today=TODAY)
        assert attrition.model_card(trained.database, trained.version).promotion is None
        note = "Tenure goes with age; flag rates are at the true rates."
        attrition.promote_model(trained.database, trained.version, BOSS, proxy_note=note, today=TODAY)
        promotion = attrition.model_card(trained.database).promotion
        assert promotion is not None
        assert (promotion.by, promotion.proxy_note) == (BOSS, note)
    finally:
        with trained.database.begin() as connection:
            connection.execute(update(REGISTRY).where(REGISTRY.c.version == trained.version).values(card=card))


def test_a_challenger_that_is_not_better_is_promoted_only_anyway(trained: Trained) -> None:
    attrition.promote_model(trained.database, trained.version, BOSS, today=TODAY)
    weak = challenger(trained)
    against = attrition.evaluate_model(trained.database, weak, TODAY).champion
    assert against is not None
    assert against.against == trained.version
    assert against.pr_auc.high < 0
    with pytest.raises(ModelRefused, match=f"{weak} is not better than {trained.version}"):
        attrition.promote_model(trained.database, weak, BOSS, today=TODAY)
    assert attrition.model_card(trained.database).version == trained.version
    promoted = attrition.promote_model(trained.database, weak, BOSS, anyway=True, today=TODAY)
    assert promoted.comparison == against
    assert attrition.model_card(trained.database).promotion == promoted
    back = attrition.promote_model(trained.database, trained.version, BOSS, today=TODAY)
    assert back.comparison is not None
    assert back.comparison.better


def test_a_damaged_model_is_refused_and_the_next_question_is_answered(trained: Trained) -> None:
    def keep(**values: Any) -> None:
        with trained.database.begin() as connection:
            connection.execute(update(REGISTRY).where(REGISTRY.c.version == trained.version).values(**values))

    with trained.database.begin() as connection:
        row = connection.execute(select(REGISTRY).where(REGISTRY.c.version == trained.version)).one()
    damaged = bytes(row.document).replace(b"0.", b"1.", 3)
    try:
        keep(document=damaged)
        with pytest.raises(ModelRefused, match="SHA-256"):
            trained.scores()
        keep(sha256=host.sha256_of(damaged))
        with pytest.raises(ModelRefused, match="nobody was scored"):
            trained.scores()
    finally:
        keep(document=row.document, sha256=row.sha256)
    assert trained.scores()[0].employee_id == trained.fading


# ---- scores ----


def test_high_scores_come_with_reasons_that_add_up_and_others_when_somebody_asks(trained: Trained) -> None:
    found = [score for score in trained.scores() if score.score is not None]
    assert found[0].employee_id == trained.fading
    assert found[0].level in (AttritionLevel.HIGH, AttritionLevel.CRITICAL)
    assert "activity_change" in {reason.feature for reason in found[0].reasons}
    assert {score.basis for score in found} == {Basis.MODEL}
    low = [score for score in found if score.level is AttritionLevel.LOW]
    assert len(low) > 50
    assert all(score.contributions == {} and score.reasons == () for score in low)
    with trained.database.begin() as connection:
        told, figures = scoring.explained(connection, low[0])
    assert (told.score, told.level) == (low[0].score, low[0].level)
    for score in (found[0], told):
        assert sum(score.contributions.values()) == pytest.approx(score.margin, abs=1e-5)
        assert len(score.reasons) == 3
    assert set(figures) == set(scoring.NAMES)


def test_a_score_whose_records_were_changed_is_not_explained_by_other_figures(trained: Trained) -> None:
    low = trained.scores()[-1]
    if low.score is None:
        low = next(score for score in reversed(trained.scores()) if score.score is not None)
    changed = low.model_copy(update={"score": (low.score or 0) + 1})
    with trained.database.begin() as connection, pytest.raises(Refused, match="cannot be explained any more"):
        scoring.explained(connection, changed)


# ---- the command ----


@pytest.fixture
def offboard(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", trained.database.url)
    return CliRunner()


def test_the_card_says_all_in_both_languages(
    offboard: CliRunner, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    attrition.promote_model(trained.database, trained.version, BOSS, proxy_note="looked at", today=TODAY)
    card = json.loads(offboard.invoke(app, ["model", "card", "--json"]).stdout)
    assert (card["version"], card["champion"], card["promotion"]["by"]) == (trained.version, True, BOSS)
    assert {each["name"]: each["direction"] for each in card["features"]}["peers_left"] == 1
    said = offboard.invoke(app, ["model", "card", trained.version]).stdout
    assert trained.version in said
    assert "Promoted by" in said
    assert "roc_auc" in said
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "zh")
    chinese = offboard.invoke(app, ["model", "card"]).stdout
    assert "局限" in chinese
    assert "looked at" in chinese
    assert not [word for word in ("Promoted", "Learned", "direction", "predicted", "Limits") if word in chinese]


def test_any_labelled_table_is_evaluated(offboard: CliRunner, tmp_path: Path) -> None:
    lines = ["left,overtime,gender,day"]
    for n in range(400):
        lines.append(f"{int(n % 7 == 0 or n % 5 == 0)},{n % 5},{'f' if n % 2 else 'm'},2026-{1 + n // 50:02d}-01")
    (tmp_path / "d.csv").write_text("\n".join(lines))
    (tmp_path / "m.toml").write_text(
        'label = { column = "left", positive = "1" }\nprotected = ["gender"]\ntime = "day"\n'
    )
    words = ["model", "evaluate", "--data", str(tmp_path / "d.csv"), "--mapping", str(tmp_path / "m.toml")]
    found = json.loads(offboard.invoke(app, [*words, "--group", "gender", "--json"]).stdout)
    assert {"roc_auc", "pr_auc", "lift_10", "brier", "ece", "levels", "groups"} <= set(found)
    assert found["roc_auc"]["low"] <= found["roc_auc"]["value"] <= found["roc_auc"]["high"]
    assert {row["group"] for row in found["groups"]} == {"f", "m"}
    assert "brier" in offboard.invoke(app, words).stdout
    assert offboard.invoke(app, words[:4]).exit_code == 2
    (tmp_path / "d.csv").write_text("left,overtime,gender,day\n1,2,f,2026-01-01\n")
    refused = offboard.invoke(app, words)
    assert refused.exit_code == 1
    assert isinstance(refused.exception, Refused)


def test_the_planted_leaver_to_be_of_the_sample_is_among_the_five_highest_by_the_rules(database: Database) -> None:
    made = fill(database, as_of=TODAY, say=lambda _: None)
    planted = next(each.employee for each in made.planted if each.what.startswith("leaver_to_be"))
    person = tables.employees.c
    with database.begin() as connection:
        query = select(person.id).where(person.role == "salesperson", person.status == "active")
        found = scoring.score_people(connection, list(connection.execute(query).scalars()), TODAY, None)
    highest = sorted((each for each in found if each.score is not None), key=lambda each: -(each.score or 0))[:5]
    assert planted in [each.employee_id for each in highest]
    assert {each.basis for each in highest} == {Basis.BASELINE}
    assert {each.level for each in highest} == {None}, "points are no probability"
