"""Verbs for the model behind the scans."""

from pathlib import Path
from typing import Annotated

import typer

from commands.plumbing import Json, Store, _, misuse, progress_line, say, settings

app = typer.Typer()
model_app = typer.Typer(no_args_is_help=True, help=_("The model behind the scans."))
app.add_typer(model_app, name="model")

Version = Annotated[str | None, typer.Argument(metavar="VERSION", help=_("Model version; default the promoted one."))]


@model_app.command("train", help=_("Train a model on past leavers; it scores nobody until it is promoted."))
def model_train(json: Json = False) -> None:
    from services.attrition import train_model

    with Store() as store:
        say(train_model(store, policy_dir=settings().policy_dir), json, "training")


@model_app.command("evaluate", help=_("Measure a model on later person-days, or the learner on a table of your own."))
def model_evaluate(
    version: Version = None,
    data: Annotated[Path | None, typer.Option(help=_("A CSV file with a column that says who left."))] = None,
    mapping: Annotated[Path | None, typer.Option(help=_("A TOML file that says what its columns are."))] = None,
    group: Annotated[str | None, typer.Option(help=_("A column to audit: flag rates beside true rates."))] = None,
    json: Json = False,
) -> None:
    from services.attrition import evaluate_data, evaluate_model

    if data and mapping:
        tell = progress_line(json)
        found = evaluate_data(
            data, mapping, group, policy_dir=settings().policy_dir, progress=lambda part: tell(f"{_('part')} {part}")
        )
        say(found, json, "evaluation")
        return
    if data or mapping or group:
        misuse(_("--data and --mapping belong together; --group needs both"))
    with Store() as store:
        say(evaluate_model(store, version, policy_dir=settings().policy_dir), json, "evaluation")


@model_app.command("card", help=_("All that is known of a model: data, figures, groups, limits, who answers for it."))
def model_card_(version: Version = None, json: Json = False) -> None:
    from services.attrition import model_card

    with Store() as store:
        say(model_card(store, version), json, "card", store)


@model_app.command("promote", help=_("Let a model score people; needs a named person."))
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
    from services.attrition import promote_model

    with Store() as store:
        say(promote_model(store, version, by, proxy_note=proxy_note, anyway=anyway), json, "facts", store)
