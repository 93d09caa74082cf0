"""Verbs for the risk scans: on a schedule, now, and for days gone by."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from commands.plumbing import Day, Json, Person, Store, _, misuse, run, say, settings

if TYPE_CHECKING:
    from models.scan import ScanProgress
    from services.failing_steps import FailingStep

app = typer.Typer()
scan_app = typer.Typer(no_args_is_help=True, help=_("Risk scans of all active salespeople; a prediction only informs."))
app.add_typer(scan_app, name="scan")


@scan_app.command("schedule", help=_("Scan every day at a time of a zone, and watch for new events in between."))
def scan_schedule(
    at: Annotated[str, typer.Option(help=_("Time of day, as 06:00."))] = "06:00",
    zone: Annotated[str, typer.Option(help=_("Time zone, as Asia/Shanghai."))] = "Asia/Shanghai",
    json: Json = False,
) -> None:
    from connections import connect_temporal
    from services.schedules import ScanSchedule, schedule_scan

    try:
        moment = time.fromisoformat(at)
    except ValueError:
        misuse(_("--at is a time of day, as 06:00"))

    async def go() -> ScanSchedule:
        return await schedule_scan(await connect_temporal(settings()), moment, zone)

    say(run(go()), json, "schedule")


@scan_app.command("run", help=_("Scan now and wait for the result."))
def scan_run(as_of: Day = None, json: Json = False) -> None:
    from connections import connect_temporal
    from models.scan import ScanResult
    from services.scans import outcome_of, run_scan

    with Store() as store:

        async def go() -> ScanResult:
            with progress_bar(json) as tell:
                return await run_scan(
                    await connect_temporal(settings()), as_of.date() if as_of else None, tell, warn_of_failure
                )

        say(outcome_of(store, run(go())), json, "scan_run")


@scan_app.command("backfill", help=_("Scan days gone by, one after the other."))
def scan_backfill(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help=_("First day."))],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help=_("Last day."))],
    json: Json = False,
) -> None:
    from connections import connect_temporal
    from services.schedules import Backfill, backfill_scans

    async def go() -> Backfill:
        return await backfill_scans(await connect_temporal(settings()), first.date(), last.date())

    say(run(go()), json, "backfill")


@scan_app.command("pause", help=_("Pause the scans and the watch, or go on with --resume."))
def scan_pause(
    note: Annotated[str, typer.Option(help=_("Why; shown in the Temporal Web UI."))] = "",
    resume: Annotated[bool, typer.Option("--resume")] = False,
    json: Json = False,
) -> None:
    from connections import connect_temporal
    from services.schedules import ScanSchedule, pause_scan

    async def go() -> ScanSchedule:
        return await pause_scan(await connect_temporal(settings()), note, resume=resume)

    say(run(go()), json, "schedule")


@scan_app.command("status", help=_("The schedule, the last scans, and the highest scores of the newest one."))
def scan_status_(json: Json = False) -> None:
    from connections import connect_temporal
    from services.scans import ScanStatus, scan_status

    with Store() as store:

        async def go() -> ScanStatus:
            return await scan_status(await connect_temporal(settings()), store)

        say(run(go()), json, "scan", store)


@scan_app.command("explain", help=_("Why a person has the score they have."))
def scan_explain(employee: Person, day: Day = None, json: Json = False) -> None:
    from services.scans import explain

    with Store() as store:
        say(explain(store, employee, day.date() if day else None), json, "score", store)


def warn_of_failure(step: "FailingStep") -> None:
    """One line on stderr, in a pipe too: whoever waits must know that the scan does not come on."""
    told = _(
        "the scan does not come on: attempt {attempt} of the step {step}, last failure {failure}. It goes on trying; "
        "offboard doctor says more. Ctrl-C leaves it running."
    )
    typer.echo(told.format(attempt=step.attempt, step=step.step, failure=step.failure), err=True)


@contextmanager
def progress_bar(json: bool) -> Iterator[Callable[["ScanProgress"], None]]:
    """A bar on the terminal for how many people are done; nothing with --json and where nobody watches."""
    if json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        scan = bar.add_task(_("Scanning"), total=None)
        yield lambda reached: bar.update(scan, total=reached.people or None, completed=reached.done)
