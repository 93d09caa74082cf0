"""Verbs for the models: the one behind the scans, and the one behind the payment forecasts."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from commands.plumbing import Day, Json, Store, _, choice, misuse, progress_line, say, settings
from models.model_kind import ModelKind, kind_of_version

app = typer.Typer()
model_app = typer.Typer(no_args_is_help=True, help=_("The models behind the scans and the payment forecasts."))
app.add_typer(model_app, name="model")

Version = Annotated[str | None, typer.Argument(metavar="VERSION", help=_("Model version; default the promoted one."))]
Kind = Annotated[str, typer.Option("--kind", help=_("attrition (who leaves) or late-payment (when clients pay)."))]


@model_app.command("train", help=_("Train a model on past leavers or invoices; it is not used until it is promoted."))
def model_train(kind: Kind = ModelKind.ATTRITION.value, as_of: Day = None, json: Json = False) -> None:
    from services.attrition import train_model

    if _kind(kind) is ModelKind.LATE_PAYMENT:
        _train_on_invoices(as_of.date() if as_of else None, json)
        return
    with Store() as store:
        outcome = train_model(store, as_of.date() if as_of else None, policy_dir=settings().policy_dir)
        say(outcome, json, "training")


@model_app.command("evaluate", help=_("Measure a model on later person-days, or the learner on a table of your own."))
def model_evaluate(
    version: Version = None,
    data: Annotated[Path | None, typer.Option(help=_("A CSV file with a column that says who left."))] = None,
    mapping: Annotated[Path | None, typer.Option(help=_("A TOML file that says what its columns are."))] = None,
    group: Annotated[str | None, typer.Option(help=_("A column to audit: flag rates beside true rates."))] = None,
    kind: Kind = ModelKind.ATTRITION.value,
    as_of: Day = None,
    json: Json = False,
) -> None:
    from services.attrition import evaluate_data, evaluate_model

    day = as_of.date() if as_of else None
    if data and mapping:
        tell = progress_line(json)
        found = evaluate_data(
            data, mapping, group, policy_dir=settings().policy_dir, progress=lambda part: tell(f"{_('part')} {part}")
        )
        say(found, json, "evaluation")
        return
    if data or mapping or group:
        misuse(_("--data and --mapping belong together; --group needs both"))
    if _kind(kind, version) is ModelKind.LATE_PAYMENT:
        _evaluate_on_invoices(version, day, json)
        return
    with Store() as store:
        say(evaluate_model(store, version, day, policy_dir=settings().policy_dir), json, "evaluation")


@model_app.command("card", help=_("All that is known of a model: data, figures, groups, limits, who answers for it."))
def model_card_(version: Version = None, kind: Kind = ModelKind.ATTRITION.value, json: Json = False) -> None:
    from services import attrition, late_payment

    with Store() as store:
        if _kind(kind, version) is ModelKind.LATE_PAYMENT:
            say(late_payment.model_card(store, version), json, "payment_card", store)
        else:
            say(attrition.model_card(store, version), json, "card", store)


@model_app.command("promote", help=_("Put a model to use; needs a named person."))
def model_promote(
    version: Annotated[str, typer.Argument(metavar="VERSION")],
    by: Annotated[str, typer.Option("--as", metavar="PERSON", help=_("Who decides this."))],
    proxy_note: Annotated[
        str, typer.Option(help=_("What was looked at where the figures give a protected attribute away."))
    ] = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help=_("Also when it is not better than the promoted one."))
    ] = False,
    json: Json = False,
) -> None:
    from services import attrition, late_payment

    with Store() as store:
        if kind_of_version(version) is ModelKind.LATE_PAYMENT:
            if anyway or proxy_note:
                misuse(_("--anyway and --proxy-note are for models that score people"))
            promotion = late_payment.promote_model(store, version, by)
        else:
            promotion = attrition.promote_model(store, version, by, proxy_note=proxy_note, anyway=anyway)
        say(promotion, json, "facts", store)


def _kind(asked: str, version: str | None = None) -> ModelKind:
    """What was asked for by name, or what the version is; misuse when the two differ."""
    found: ModelKind = choice(ModelKind, asked, "--kind")
    named = kind_of_version(version) if version else found
    if named is not found and found is not ModelKind.ATTRITION:
        misuse(_("this version is of another kind than --kind says"))
    return named


def _train_on_invoices(as_of: date | None, json: bool) -> None:
    from services.late_payment import train_model
    from systems.receivables.choose import source_for

    with Store() as store, source_for(settings(), store) as source:
        say(train_model(store, source, as_of), json, "payment_training")


def _evaluate_on_invoices(version: str | None, as_of: date | None, json: bool) -> None:
    from services.late_payment import evaluate_model
    from systems.receivables.choose import source_for

    with Store() as store, source_for(settings(), store) as source:
        say(evaluate_model(store, source, version, as_of), json, "payment_evaluation")
