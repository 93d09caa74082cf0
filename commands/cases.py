"""Verbs for cases: start, look, decide, withdraw, report."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.plumbing import (
    As,
    Case,
    Json,
    Person,
    PolicyName,
    Store,
    _,
    case_id_of,
    choice,
    misuse,
    moment_of,
    on_case,
    person_id_of,
    progress_line,
    progress_of_case,
    reader,
    run,
    say,
    settings,
    spoken,
    write_out,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from models.report import CaseReport
    from store.database import Database

app = typer.Typer()


@app.command(help=_("Start the departure of one person."))
def start(  # noqa: PLR0913, PLR0917  (one parameter an option of the command line)
    employee: Person,
    last_working_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=_("Last working day."))],
    kind: Annotated[str, typer.Option(help=_("resignation, dismissal, mutual_agreement, contract_end, ..."))],
    reason: Annotated[str | None, typer.Option(help=_("Kept in the database, shown to HR only."))] = None,
    access_cutoff: Annotated[
        str | None, typer.Option(help=_("When access ends (ISO time with zone); default end of the last working day."))
    ] = None,
    requested_by: As = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help=_("Audit date; default today. The effects are real: only --dry-run changes nothing."),
        ),
    ] = None,
    policy: PolicyName = "ifrs",
    confirm_clients: Annotated[
        int | None, typer.Option(help=_("Number of clients, to confirm a handover above the size brake of the policy."))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Show the whole plan, change nothing."))] = False,
    watch_it: Annotated[bool, typer.Option("--watch", help=_("Stay and show the progress."))] = False,
    json: Json = False,
) -> None:
    from connections import connect_temporal
    from models.case import SeparationKind
    from services.branches import preview
    from services.cases import StartOrder, start_case

    order = StartOrder(
        employee=employee,
        kind=choice(SeparationKind, kind, "--kind"),
        last_working_day=last_working_day.date(),
        access_cutoff=moment_of(access_cutoff),
        requested_by=requested_by,
        reason=reason,
        as_of=as_of.date() if as_of else None,
        policy=policy,
        confirmed_clients=confirm_clients,
    )
    with Store() as store:
        if dry_run:
            say(preview(store, settings(), order), json, "preview", store)
            return

        async def go() -> Any:
            return await start_case(await connect_temporal(settings()), store, order, settings().policy_dir)

        started = run(go())
        if started.access_ended:
            warning = _("Warning: the access cut-off lies in the past: every right of the person is taken at once.")
            typer.echo(warning, err=True)
        say(started, json, "started", store)
    if watch_it:
        watch(started.case_id, json=json)


@app.command("list", help=_("List the cases."))
def list_(
    open_only: Annotated[bool, typer.Option("--open", help=_("Only those that have not ended."))] = False,
    limit: Annotated[int, typer.Option(min=1, help=_("How many at most."))] = 100,
    json: Json = False,
) -> None:
    from services.open_gates import open_gates
    from store.cases import count_cases, list_cases

    with Store() as store, store.begin() as connection:
        found = list_cases(connection, open_only=open_only, limit=limit)
        more = count_cases(connection, open_only=open_only) - len(found)
        waiting = open_gates(connection, found)
        lines = [
            row.model_dump(mode="json", exclude={"policy", "plan", "reason"})
            | {"gates": [gate.model_dump() for gate in waiting.get(row.id, ())]}
            for row in found
        ]
        say({"cases": lines, "more": more}, json, "cases", store)


@app.command(help=_("Show where a case stands and on whom it waits."))
def show(case: Case, json: Json = False) -> None:
    from services.case_view import case_view

    with Store() as store:
        say(case_view(store, progress_of_case(store, case)), json, "progress", store)


@app.command(help=_("Follow a case until it ends; Ctrl-C leaves it running."))
def watch(case: Case, json: Json = False) -> None:
    from reports.terminal import follow

    with Store() as store:
        follow(lambda: progress_of_case(store, case), reader(), as_json=json)


@app.command(help=_("Everything that happened in a case, from its evidence chain."))
def timeline(case: Case, json: Json = False) -> None:
    from store import evidence

    with Store() as store, store.begin() as connection:
        entries = [entry.model_dump(mode="json") for entry in evidence.read(connection, case_id_of(store, case))]
        say({"entries": entries}, json, "timeline", store)


@app.command(help=_("The leaver stays: give back every right and every client."))
def withdraw(case: Case, by: As = None, json: Json = False) -> None:
    from commands.waiting import walk_back
    from models.case import ENDED

    with Store() as store:
        who = person_id_of(store, by) if by else None
        tell = progress_line(json)
        begun = _("The withdrawal is accepted; clients, deals and rights are given back ...")
        now = on_case(
            store, case, lambda client, key: walk_back(client, store, key, who, on_accepted=lambda: tell(begun))
        )
        if now.phase not in ENDED:
            tell(_("It is not over yet and goes on by itself: offboard watch {case}").format(case=now.case_id))
        say(now, json, "progress", store)


@app.command(help=_("Move the last working day; every pending deadline follows."))
def reschedule(
    case: Case,
    last_working_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    by: As = None,
    json: Json = False,
) -> None:
    from services.cases import reschedule as reschedule_case

    day = last_working_day.date()
    with Store() as store:
        who = person_id_of(store, by) if by else None
        say(on_case(store, case, lambda client, key: reschedule_case(client, key, day, who)), json, "facts")


@app.command(help=_("Print or open a version of the risk assessment report."))
def report(  # noqa: PLR0913, PLR0917  (one parameter an option of the command line)
    case: Case,
    format_: Annotated[str, typer.Option("--format", help="html, pdf, json")] = "json",
    lang: Annotated[str, typer.Option(help="zh, en")] = "",
    version: Annotated[int | None, typer.Option(help=_("Default: the newest."))] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=_("File to write; default stdout."))] = None,
    figure: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="FIGURE", help=_("Open one figure to the items behind it, as receivables.overdue.")
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help=_("With --explain: write the items as CSV."))] = None,
    json: Json = False,
) -> None:
    from reports.render import render
    from services.explaining import opened
    from store import reports

    if format_ not in ("html", "pdf", "json"):
        misuse(_("--format is html, pdf or json"))
    if csv and not figure:
        misuse(_("--csv goes with --explain"))
    tag = spoken(lang, "--lang") if lang else reader()
    with Store() as store, store.begin() as connection:
        found = reports.load(connection, case_id_of(store, case), version)
        if figure:
            _explain(store, connection, found, figure, csv, tag, json)
            return
        kind = "json" if json else format_
        lists = opened(connection, found) if kind == "html" else None
    write_out(render(found, kind, tag, lists), output)


def _explain(
    store: "Database",
    connection: "Connection",
    found: "CaseReport",
    figure: str,
    csv: Path | None,
    tag: str,
    json: bool,
) -> None:
    from reports.csv_export import explanation_csv
    from reports.terminal import plain
    from reports.terminal_words import names_in
    from services.explaining import explain

    explained = explain(connection, found, figure)
    if csv:
        write_out(explanation_csv(explained, names_in(connection, plain(explained)).clients), csv)
    else:
        say(explained, json, "explanation", store, tag)
