"""Verbs for the early warning: scans on a schedule, and the model behind them."""

from datetime import time
from typing import Annotated

import typer

from commands.plumbing import Day, Json, Person, Store, _, misuse, run, say, settings

app = typer.Typer()
scan_app = typer.Typer(no_args_is_help=True, help=_("Risk scans of all active salespeople; a prediction only informs."))
model_app = typer.Typer(no_args_is_help=True, help=_("The model behind the scans."))
app.add_typer(scan_app, name="scan")
app.add_typer(model_app, name="model")

Version = Annotated[str | None, typer.Option("--version", help=_("Model version; default the newest."))]


@scan_app.command("schedule", help=_("Scan every day at a time of a zone."))
def scan_schedule(
    at: Annotated[str, typer.Option(help=_("Time of day, as 06:00."))] = "06:00",
    zone: Annotated[str, typer.Option(help=_("Time zone, as Asia/Shanghai."))] = "Asia/Shanghai",
    json: Json = False,
) -> None:
    from connections import connect_temporal
    from scan_service import ScanSchedule, schedule_scan

    try:
        moment = time.fromisoformat(at)
    except ValueError:
        misuse(_("--at is a time of day, as 06:00"))

    async def go() -> ScanSchedule:
        return await schedule_scan(await connect_temporal(settings()), moment, zone)

    say(run(go()), json, "facts")


@scan_app.command("run", help=_("Scan now and wait for the result."))
def scan_run(as_of: Day = None, json: Json = False) -> None:
    from connections import connect_temporal
    from models.scan import ScanResult
    from scan_service import run_scan

    async def go() -> ScanResult:
        return await run_scan(await connect_temporal(settings()), as_of.date() if as_of else None)

    say(run(go()), json, "facts")


@scan_app.command("pause", help=_("Pause the schedule, or go on with --resume."))
def scan_pause(
    note: Annotated[str, typer.Option(help=_("Why; shown in the Temporal Web UI."))] = "",
    resume: Annotated[bool, typer.Option("--resume")] = False,
    json: Json = False,
) -> None:
    from connections import connect_temporal
    from scan_service import ScanSchedule, pause_scan

    async def go() -> ScanSchedule:
        return await pause_scan(await connect_temporal(settings()), note, resume=resume)

    say(run(go()), json, "facts")


@scan_app.command("status", help=_("The schedule and the highest scores of the newest scan."))
def scan_status_(json: Json = False) -> None:
    from connections import connect_temporal
    from scan_service import ScanStatus, scan_status

    with Store() as store:

        async def go() -> ScanStatus:
            return await scan_status(await connect_temporal(settings()), store)

        say(run(go()), json, "scan")


@scan_app.command("explain", help=_("Why a person has the score they have."))
def scan_explain(employee: Person, day: Day = None, json: Json = False) -> None:
    from scan_service import explain

    with Store() as store:
        say(explain(store, employee, day.date() if day else None), json, "score")


@model_app.command("train", help=_("Train a model on past leavers; it scores nobody until it is promoted."))
def model_train(json: Json = False) -> None:
    from scan_service import train_model

    with Store() as store:
        say(train_model(store, None), json, "facts")


@model_app.command("evaluate", help=_("Measure a model on people-days after those that it learned from."))
def model_evaluate(version: Version = None, json: Json = False) -> None:
    from scan_service import evaluate_model

    with Store() as store:
        say(evaluate_model(store, version, None), json, "facts")


@model_app.command("promote", help=_("Let a model score people; needs a named person."))
def model_promote(
    version: Annotated[str, typer.Argument(metavar="VERSION")],
    by: Annotated[str, typer.Option("--as", metavar="PERSON", help=_("Who decides this."))],
    json: Json = False,
) -> None:
    from scan_service import promote_model

    with Store() as store:
        say({"promoted": promote_model(store, version, by)}, json, "facts")
