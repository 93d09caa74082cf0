"""What the data scientist does to the model behind the scans. The command goes through here."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from models.attrition import (
    Comparison,
    FeatureLine,
    ModelCard,
    ModelEvaluation,
    Promotion,
    TableEvaluation,
    TrainingOutcome,
)
from models.errors import ModelRefused
from store import people
from store.database import Database
from store.policies import load_warning_policy

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from early_warning.scoring import Scorer

# pandas, scikit-learn and XGBoost cost seconds: they are imported by the verbs that need them.


def train_model(database: Database, today: date | None = None, policy_dir: Path | None = None) -> TrainingOutcome:
    """Learn from the past leavers in the records, measure and register the model. Nobody is scored with it yet."""
    from early_warning import registry, training  # noqa: PLC0415

    now = datetime.now(UTC)
    with database.begin() as connection:
        rows = training.observe(connection, today or now.date())
        leavers = training.count_leavers(rows)
        if missing := training.too_little(rows):
            return TrainingOutcome(rows=len(rows), leavers=leavers, insufficient=missing)
        model = training.train_on(rows)
        measured = _measure(connection, model, rows, policy_dir)
        earlier, _ = training.split(rows)
        card = ModelCard(
            version=model.version,
            sha256=model.sha256,
            trained_at=now,
            first_day=earlier["day"].min().date(),
            last_day=earlier["day"].max().date(),
            rows=len(earlier),
            leavers=training.count_leavers(earlier),
            learned=model.body.learned,
            features=tuple(FeatureLine(name=each.name, direction=each.direction) for each in model.body.features),
            evaluation=measured,
        )
        registry.register(connection, registry.Registered(model.version, model.document, model.sha256), card)
    return TrainingOutcome(rows=len(rows), leavers=leavers, version=model.version, evaluation=measured)


def evaluate_model(
    database: Database, version: str | None = None, today: date | None = None, policy_dir: Path | None = None
) -> ModelEvaluation:
    """Measure a registered model, or the promoted one, on the records as they are now, and against the promoted one.

    Raises ModelRefused.
    """
    from early_warning import registry, scoring, training  # noqa: PLC0415

    with database.begin() as connection:
        asked = version or registry.champion(connection)
        model = scoring.scorer(connection, asked) if asked else None
        if model is None:
            raise ModelRefused("no model is promoted: `offboard model promote` does that; scans use the baseline.")
        rows = training.observe(connection, today or datetime.now(UTC).date())
        return _measure(connection, model, _enough(rows), policy_dir)


def evaluate_data(
    data: Path,
    mapping: Path,
    group: str | None = None,
    *,
    policy_dir: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> TableEvaluation:
    """Measure the learner on any labelled table; `group` is one more column to audit. Raises Refused."""
    from early_warning.labelled import read_mapping, read_table  # noqa: PLC0415
    from early_warning.trial import evaluate_table  # noqa: PLC0415

    policy = load_warning_policy(folder=policy_dir)
    listed = {*policy.protected_attributes, *policy.proxies}
    found = read_table(data, read_mapping(mapping), listed=listed, audit=group)
    return evaluate_table(found.table, found.audited, progress)


def model_card(database: Database, version: str | None = None) -> ModelCard:
    """The card of a model; without a version of the promoted one, or else of the newest. Raises ModelRefused."""
    from early_warning import registry  # noqa: PLC0415

    with database.begin() as connection:
        asked = version or registry.champion(connection) or registry.newest(connection)
        if asked is None:
            raise ModelRefused("no model was trained yet: `offboard model train` makes one.")
        return registry.card_of(connection, asked)


def promote_model(
    database: Database,
    version: str,
    by: str,
    *,
    proxy_note: str = "",
    anyway: bool = False,
    today: date | None = None,
) -> Promotion:
    """Score with a registered model from the next scan on; `by` is the person who answers for it.

    Raises UnknownEmployee, and ModelRefused: unknown or damaged; its figures give an attribute away and no note says
    that somebody has looked at that; not better than the promoted one on the same people, unless `anyway`.
    """
    from early_warning import registry, scoring  # noqa: PLC0415

    with database.begin() as connection:
        person = people.find(connection, by)
        model = scoring.scorer(connection, version)
        readable = registry.card_of(connection, version).evaluation.readable if model else ()
        if readable and not proxy_note.strip():
            raise ModelRefused(
                "the figures of this model give away {attributes}: say with --proxy-note what was looked at and why it "
                "may be used all the same. Nothing was promoted.",
                attributes=", ".join(f"{test.attribute} = {test.group} ({test.roc_auc:.2f})" for test in readable),
            )
        compared = _against_champion(connection, version, today, anyway=anyway)
        promotion = Promotion(
            version=version, by=person.id, at=datetime.now(UTC), proxy_note=proxy_note.strip(), comparison=compared
        )
        registry.promote(connection, promotion)
    return promotion


def _against_champion(connection: "Connection", version: str, today: date | None, *, anyway: bool) -> Comparison | None:
    from early_warning import registry, scoring, training  # noqa: PLC0415

    promoted = registry.champion(connection)
    if promoted is None or promoted == version:
        return None
    rows = training.observe(connection, today or datetime.now(UTC).date())
    if anyway and training.too_little(rows):
        return None
    model, champion = scoring.scorer(connection, version), scoring.scorer(connection, promoted)
    if model is None or champion is None:
        return None
    compared = training.compare(model, champion, _enough(rows))
    if not compared.better and not anyway:
        raise ModelRefused(
            "{version} is not better than {champion} on the same people: area under precision-recall {gap} "
            "({low} to {high}). Nothing was promoted; --anyway does it all the same.",
            version=version,
            champion=promoted,
            gap=f"{compared.pr_auc.value:+.3f}",
            low=f"{compared.pr_auc.low:+.3f}",
            high=f"{compared.pr_auc.high:+.3f}",
        )
    return compared


def _measure(
    connection: "Connection", model: "Scorer", rows: "pd.DataFrame", policy_dir: Path | None
) -> ModelEvaluation:
    """On the later part of the rows, with the audit of the attributes that the policy protects."""
    from early_warning import audit, registry, scoring, training  # noqa: PLC0415

    promoted = registry.champion(connection)
    champion = scoring.scorer(connection, promoted) if promoted else None
    protected = load_warning_policy(folder=policy_dir).protected_attributes
    return training.evaluate(model, rows, champion, audit.attributes(connection, rows["employee_id"], protected))


def _enough(rows: "pd.DataFrame") -> "pd.DataFrame":
    from early_warning import training  # noqa: PLC0415

    if training.too_little(rows):
        raise ModelRefused(
            "nothing can be measured on {rows} person-days with {leavers} people who left: `offboard model train` says "
            "what is needed.",
            rows=len(rows),
            leavers=training.count_leavers(rows),
        )
    return rows
