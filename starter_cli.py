"""The `offboard` command. Each verb calls one function; imports stand inside the verbs so that `--help` is quick.

Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 refused or failed, 2 bad usage.
"""

import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from models.case import CaseProgress
    from settings import Settings
    from store.database import Database

Answer = TypeVar("Answer")


def _language() -> str:
    return os.environ.get("OFFBOARD_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"


def _(text: str) -> str:
    """The text in the user's language; English costs no import."""
    if not _language().lower().startswith("zh"):
        return text
    from reports.language import language

    return language("zh").text(text)


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Durable offboarding for sales teams: money, clients, access and risk in one case.")
    + "\n\n"
    + _("Start with: offboard demo. With your own data: offboard up, offboard import DIR, offboard start EMPLOYEE ..."),
)
handover_app = typer.Typer(no_args_is_help=True, help=_("Successors for a book of business."))
access_app = typer.Typer(no_args_is_help=True, help=_("Rights of a person."))
evidence_app = typer.Typer(no_args_is_help=True, help=_("The evidence chain of a case."))
app.add_typer(handover_app, name="handover")
app.add_typer(access_app, name="access")
app.add_typer(evidence_app, name="evidence")

Json = Annotated[bool, typer.Option("--json", help=_("Print JSON."))]
Case = Annotated[str, typer.Argument(metavar="CASE", help=_("Case id, employee id or exact name."))]
Person = Annotated[str, typer.Argument(metavar="EMPLOYEE", help=_("Employee id or exact name."))]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help=_("Audit date; default today."))]
PolicyName = Annotated[str, typer.Option("--policy", help=_("Name of a policy file."))]
As = Annotated[str | None, typer.Option("--as", metavar="PERSON", help=_("Who acts: employee id or exact name."))]


# ---- the embedded stack ------------------------------------------------------------------------------------------


@app.command(help=_("Run one departure of the sample company from start to report, and say what to open."))
def demo(json: Json = False) -> None:
    from embedded.demo import run_demo

    _say(run_demo(_settings(), say=_progress_line(json)), json, "demo")


@app.command(help=_("Start PostgreSQL, Temporal, the worker and the web hook on this machine."))
def up(json: Json = False) -> None:
    from embedded.stack import up as start_stack

    _say(start_stack(_settings().home), json, "stack")


@app.command(help=_("Stop the embedded stack. Its state is kept."))
def down(json: Json = False) -> None:
    from embedded.stack import down as stop_stack

    stop_stack(_settings().home)
    _say({"stopped": True}, json, "stopped")


@app.command(help=_("Say what is wrong with this installation and how to mend it."))
def doctor(json: Json = False) -> None:
    from embedded.doctor import examine

    findings = examine(_settings())
    _say({"findings": [finding.model_dump(mode="json") for finding in findings]}, json, "findings")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command(help=_("Bring the database, the namespace and the search attributes up to date; safe to repeat."))
def setup(json: Json = False) -> None:
    from connections import connect_temporal, open_database
    from embedded.namespace import prepare

    settings = _settings()
    database = open_database(settings)
    database.migrate()
    database.close()

    async def go() -> str:
        client = await connect_temporal(settings)
        await prepare(client)
        return client.namespace

    _say({"database": "migrated", "namespace": _run(go())}, json, "facts")


@app.command(help=_("Fill the stack with the sample company, and say who was planted for what."))
def sample(
    employees: Annotated[int, typer.Option(min=30, max=100_000, help=_("Number of employees."))] = 40,
    seed: Annotated[int, typer.Option(help=_("The same seed makes the same company."))] = 7,
    json: Json = False,
) -> None:
    from embedded.sample.fill import fill

    with _Store() as store:
        _say(fill(store, employees=employees, seed=seed, say=_progress_line(json)), json, "sample")


# ---- data ---------------------------------------------------------------------------------------------------------


@app.command("import", help=_("Check a folder of CSV files and load it: everything, or nothing when a row is bad."))
def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)],
    mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=_("Mapping file (TOML)."))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Check only, write nothing."))] = False,
    json: Json = False,
) -> None:
    from systems.intake.load import import_folder
    from systems.intake.report import FilesRefused

    with _Store() as store:
        try:
            report = import_folder(store, folder, mapping, dry_run)
        except FilesRefused as refused:
            _say(refused.report, json, "import")
            _fail(str(refused))
    _say(report, json, "import")


# ---- cases --------------------------------------------------------------------------------------------------------


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
    as_of: Day = None,
    policy: PolicyName = "ifrs",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Show the whole plan, change nothing."))] = False,
    watch_it: Annotated[bool, typer.Option("--watch", help=_("Stay and show the progress."))] = False,
    json: Json = False,
) -> None:
    from branch_service import preview
    from case_service import StartOrder, start_case
    from connections import connect_temporal
    from models.case import SeparationKind

    order = StartOrder(
        employee=employee,
        kind=_choice(SeparationKind, kind, "--kind"),
        last_working_day=last_working_day.date(),
        access_cutoff=_moment(access_cutoff),
        requested_by=requested_by,
        reason=reason,
        as_of=as_of.date() if as_of else None,
        policy=policy,
    )
    with _Store() as store:
        if dry_run:
            _say(preview(store, _settings(), order), json, "preview")
            return

        async def go() -> Any:
            return await start_case(await connect_temporal(_settings()), store, order, _settings().policy_dir)

        started = _run(go())
    _say(started, json, "started")
    if watch_it:
        watch(started.case_id, json=json)


@app.command("list", help=_("List the cases."))
def list_(
    open_only: Annotated[bool, typer.Option("--open", help=_("Only those that have not ended."))] = False,
    json: Json = False,
) -> None:
    from store.cases import list_cases

    with _Store() as store, store.begin() as connection:
        found = list_cases(connection, open_only=open_only)
    lines = [row.model_dump(mode="json", exclude={"policy", "plan", "reason"}) for row in found]
    _say({"cases": lines}, json, "cases")


@app.command(help=_("Show where a case stands and on whom it waits."))
def show(case: Case, json: Json = False) -> None:
    _say(_progress(case), json, "progress")


@app.command(help=_("Follow a case until it ends; Ctrl-C leaves it running."))
def watch(case: Case, json: Json = False) -> None:
    from reports.terminal import follow

    follow(lambda: _progress(case), _language(), as_json=json)


@app.command(help=_("Everything that happened in a case, from its evidence chain."))
def timeline(case: Case, json: Json = False) -> None:
    from store import evidence

    with _Store() as store, store.begin() as connection:
        entries = list(evidence.read(connection, _case_id(store, case)))
    _say({"entries": [entry.model_dump(mode="json") for entry in entries]}, json, "timeline")


@app.command(help=_("Decide about a gate as one of its approvers."))
def decide(
    case: Case,
    gate: Annotated[str, typer.Argument(metavar="GATE")],
    approve: Annotated[bool, typer.Option("--approve")] = False,
    reject: Annotated[bool, typer.Option("--reject", help=_("Needs a --note."))] = False,
    by: As = None,
    note: Annotated[str, typer.Option(help=_("The reason."))] = "",
    json: Json = False,
) -> None:
    from datetime import UTC

    from connections import connect_temporal
    from models.approvals import Verdict
    from web.answers import Standing
    from web.door import decide as decide_at_the_door

    if approve is reject or by is None:
        _misuse(_("say either --approve or --reject, and --as PERSON"))
    with _Store() as store:
        result = _run(
            decide_at_the_door(
                store,
                lambda: connect_temporal(_settings()),
                case_id=_case_id(store, case),
                gate=gate,
                verdict=Verdict.APPROVED if approve else Verdict.DECLINED,
                by=_person_id(store, by),
                note=note,
                now=datetime.now(UTC),
            )
        )
    _say(result, json, "decision")
    raise typer.Exit(1 if result.standing is Standing.REFUSED else 0)


@app.command(help=_("The leaver stays: give back every right and every client."))
def withdraw(case: Case, by: As = None, json: Json = False) -> None:
    from case_service import withdraw as withdraw_case

    who = _acting(by)
    _say(_on_case(case, lambda client, case_id: withdraw_case(client, case_id, who)), json, "progress")


@app.command(help=_("Move the last working day; every pending deadline follows."))
def reschedule(
    case: Case,
    last_working_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    by: As = None,
    json: Json = False,
) -> None:
    from case_service import reschedule as reschedule_case

    day, who = last_working_day.date(), _acting(by)
    _say(_on_case(case, lambda client, case_id: reschedule_case(client, case_id, day, who)), json, "facts")


@app.command(help=_("Print or open a version of the risk assessment report."))
def report(
    case: Case,
    format_: Annotated[str, typer.Option("--format", help="html, pdf, json")] = "json",
    lang: Annotated[str, typer.Option(help="zh, en")] = "",
    version: Annotated[int | None, typer.Option(help=_("Default: the newest."))] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=_("File to write; default stdout."))] = None,
    json: Json = False,
) -> None:
    from reports.render import render
    from store import reports

    if format_ not in ("html", "pdf", "json"):
        _misuse(_("--format is html, pdf or json"))
    with _Store() as store, store.begin() as connection:
        found = reports.load(connection, _case_id(store, case), version)
    _write(render(found, "json" if json else format_, lang or _language()), output)


# ---- each branch alone --------------------------------------------------------------------------------------------


@app.command(help=_("Audit what the clients of a person owe, without a case."))
def audit(employee: Person, as_of: Day = None, policy: PolicyName = "ifrs", json: Json = False) -> None:
    from branch_service import audit_of

    with _Store() as store:
        _say(audit_of(store, _settings(), employee, as_of.date() if as_of else None, policy), json, "audit")


@handover_app.command("plan", help=_("Propose a successor for every client and open deal, without a case."))
def handover_plan(employee: Person, as_of: Day = None, policy: PolicyName = "ifrs", json: Json = False) -> None:
    from branch_service import handover_of

    with _Store() as store:
        _say(handover_of(store, _settings(), employee, as_of.date() if as_of else None, policy), json, "handover")


@access_app.command("show", help=_("List every right of a person, live from the systems."))
def access_show(employee: Person, json: Json = False) -> None:
    from branch_service import access_of

    with _Store() as store:
        _say(access_of(store, employee), json, "access")


@evidence_app.command("verify", help=_("Check the evidence chain of a case; names the first bad entry."))
def evidence_verify(case: Case, json: Json = False) -> None:
    from branch_service import verify_evidence

    with _Store() as store:
        checked = verify_evidence(store, _case_id(store, case))
    _say(checked, json, "evidence")
    raise typer.Exit(0 if checked.ok else 1)


@evidence_app.command("export", help=_("Write the evidence chain as JSON lines."))
def evidence_export(case: Case, output: Annotated[Path | None, typer.Option("--output", "-o")] = None) -> None:
    from store import evidence

    with _Store() as store, store.begin() as connection:
        lines = [entry.model_dump_json() for entry in evidence.read(connection, _case_id(store, case))]
    _write("".join(line + "\n" for line in lines).encode(), output)


# ---- plumbing -----------------------------------------------------------------------------------------------------


class _Store:
    """Our database for the length of one verb."""

    def __enter__(self) -> "Database":
        from connections import open_database

        self._database = open_database(_settings())
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


def _settings() -> "Settings":
    from settings import Settings

    return Settings()


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    import asyncio

    return asyncio.run(work)


def _case_id(store: "Database", key: str) -> str:
    from store import cases

    with store.begin() as connection:
        return cases.resolve(connection, key)


def _person_id(store: "Database", key: str | None) -> str:
    from store import people

    with store.begin() as connection:
        return people.find(connection, key or "").id


def _acting(by: str | None) -> str | None:
    if by is None:
        return None
    with _Store() as store:
        return _person_id(store, by)


def _on_case(case: str, act: Callable[[Any, str], Coroutine[Any, Any, Answer]]) -> Answer:
    from connections import connect_temporal

    with _Store() as store:
        case_id = _case_id(store, case)

        async def go() -> Answer:
            return await act(await connect_temporal(_settings()), case_id)

        return _run(go())


def _progress(case: str) -> "CaseProgress":
    from case_service import progress_or_last_known
    from connections import connect_temporal
    from models.errors import Unavailable

    with _Store() as store:
        case_id = _case_id(store, case)

        async def go() -> "CaseProgress":
            try:
                client = await connect_temporal(_settings())
            except Unavailable:
                client = None  # our books still know the case
            return await progress_or_last_known(client, store, case_id)

        return _run(go())


def _say(answer: Any, json: bool, view: str) -> None:
    from reports.terminal import show_answer, to_json

    if json:
        typer.echo(to_json(answer))
    else:
        show_answer(view, answer, _language())


def _progress_line(json: bool) -> Callable[[str], None]:
    return lambda line: None if json else typer.echo(line, err=True)


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)
        typer.echo(str(output), err=True)


def _choice(kinds: Any, text: str, option: str) -> Any:
    try:
        return kinds(text)
    except ValueError:
        _misuse(f"{option}: {', '.join(kinds)}")


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        _misuse(_("a time is written as 2026-12-24T18:00:00+08:00"))
    if moment and not moment.tzinfo:
        _misuse(_("a time needs a zone, as in 2026-12-24T18:00:00+08:00"))
    return moment


def _misuse(message: str) -> NoReturn:
    raise typer.BadParameter(message)


def _fail(message: str) -> None:
    typer.echo(_("refused: ") + message, err=True)
    raise typer.Exit(1)


def main() -> None:
    """Entry of `offboard`: typed errors become one message and exit code 1."""
    try:
        app()
    except Exception as failure:
        if not hasattr(failure, "detail"):  # ours carry it; anything else is a defect and shows its traceback
            raise
        typer.echo(_("refused: ") + str(getattr(failure, "message", failure)), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
