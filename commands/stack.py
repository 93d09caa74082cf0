"""Verbs for the servers of this machine and for the company's data."""

from pathlib import Path
from typing import Annotated

import typer

from commands.plumbing import Json, Store, _, choice, fail, progress_line, rows_line, run, say, settings

app = typer.Typer()


@app.command(help=_("Run one departure of the sample company from start to report, and say what to open."))
def demo(json: Json = False) -> None:
    from embedded.demo import run_demo

    say(run_demo(settings(), say=progress_line(json)), json, "demo")


@app.command(help=_("Start PostgreSQL, Temporal, the worker and the web hook on this machine."))
def up(json: Json = False) -> None:
    from embedded.stack import up as start_stack

    say(start_stack(settings().home), json, "stack")


@app.command(help=_("Stop the embedded stack. Its state is kept."))
def down(json: Json = False) -> None:
    from embedded.stack import down as stop_stack

    stop_stack(settings().home)
    say({"stopped": True}, json, "stopped")


@app.command(help=_("Say what is wrong with this installation and how to mend it."))
def doctor(
    system: Annotated[
        str | None, typer.Option("--system", help=_("Look at one system only and say what can be read: receivables."))
    ] = None,
    json: Json = False,
) -> None:
    if system is not None:
        from embedded.receivable_checks import Examined, look_at_receivables

        choice(Examined, system, "--system")
        found = look_at_receivables(settings())
        say(found, json, "system")
        raise typer.Exit(0 if found.ok else 1)
    from embedded.doctor import examine

    findings = examine(settings())
    say({"findings": [finding.model_dump(mode="json") for finding in findings]}, json, "findings")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command(help=_("Bring the database, the namespace and the search attributes up to date; safe to repeat."))
def setup(json: Json = False) -> None:
    from connections import connect_temporal, open_database
    from embedded.namespace import prepare

    configured = settings()
    database = open_database(configured)
    database.migrate()
    database.close()

    async def go() -> str:
        client = await connect_temporal(configured)
        await prepare(client)
        return client.namespace

    say({"database": "migrated", "namespace": run(go())}, json, "facts")


@app.command(help=_("Fill the stack with the sample company, and say who was planted for what."))
def sample(
    employees: Annotated[int, typer.Option(min=30, max=100_000, help=_("Number of employees."))] = 40,
    seed: Annotated[int, typer.Option(help=_("The same seed makes the same company."))] = 7,
    json: Json = False,
) -> None:
    from embedded.sample.fill import fill, remember

    with Store() as store:
        made = fill(store, employees=employees, seed=seed, say=progress_line(json))
    remember(settings().home, made)
    say(made, json, "sample")


@app.command("import", help=_("Check a folder of CSV files and load it: everything, or nothing when a row is bad."))
def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)],
    mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=_("Mapping file (TOML)."))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Check only, write nothing."))] = False,
    json: Json = False,
) -> None:
    from systems.intake.load import import_folder
    from systems.intake.report import FilesRefused

    with Store() as store:
        try:
            with rows_line(json) as progress:
                report = import_folder(store, folder, mapping, dry_run, progress, settings().policy_dir)
        except FilesRefused as refused:
            say(refused.report, json, "import")
            fail(_("Nothing was written. Correct the files and import them again."))
    say(report, json, "import")


@app.command(help=_("Count activity by day again from its events, after a time zone, a country or the hours changed."))
def recount(
    employee: Annotated[
        str | None, typer.Argument(metavar="[EMPLOYEE]", help=_("Employee id or exact name; without it, everybody."))
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help=_("How many days back."))] = 120,
    json: Json = False,
) -> None:
    from datetime import UTC, datetime, timedelta

    from systems.intake.recount import recount as count

    today = datetime.now(UTC).date()
    with Store() as store:
        # A day ahead: where the sun rises first, tomorrow has begun.
        span = today - timedelta(days=days), today + timedelta(days=1)
        say(count(store, *span, employee, settings().policy_dir), json, "recount")
