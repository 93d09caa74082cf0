"""Each branch of a case alone, and the evidence chain."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.plumbing import (
    Chain,
    Day,
    Json,
    Person,
    PolicyName,
    Store,
    _,
    chain_id_of,
    misuse,
    say,
    settings,
    write_out,
)

if TYPE_CHECKING:
    from store.database import Database

app = typer.Typer()
handover_app = typer.Typer(no_args_is_help=True, help=_("Successors for a book of business."))
access_app = typer.Typer(no_args_is_help=True, help=_("Rights of a person."))
evidence_app = typer.Typer(no_args_is_help=True, help=_("The evidence chain of a case or an alert."))
app.add_typer(handover_app, name="handover")
app.add_typer(access_app, name="access")
app.add_typer(evidence_app, name="evidence")


@app.command(help=_("Audit what the clients of a person owe, or of everybody, without a case."))
def audit(
    employee: Annotated[str | None, typer.Argument(metavar="EMPLOYEE", help=_("Employee id or exact name."))] = None,
    everybody: Annotated[bool, typer.Option("--all", help=_("Everybody who has clients, at one moment."))] = False,
    as_of: Day = None,
    policy: PolicyName = "ifrs",
    json: Json = False,
) -> None:
    from services.branches import audit_of

    if (employee is None) is not everybody:
        misuse(_("give either an employee or --all"))
    day = as_of.date() if as_of else None
    with Store() as store:
        if employee is None:
            _audit_all(store, day, policy, json)
        else:
            say(audit_of(store, settings(), employee, day, policy), json, "audit", store)


def _audit_all(store: "Database", day: date | None, policy: str, json: bool) -> None:
    from services.audits import audits_of_all

    found = audits_of_all(store, settings(), day, policy)
    if not json:
        say({"audits": list(found)}, json, "audits", store)
        return
    # An array with one object a line: for programs that want all of it, and for those that read line by line.
    typer.echo("[")
    last = ""
    for each in found:
        if last:
            typer.echo(last + ",")
        last = each.model_dump_json()
    typer.echo(f"{last}\n]" if last else "]")


@handover_app.command("plan", help=_("Propose a successor for every client and open deal, without a case."))
def handover_plan(employee: Person, as_of: Day = None, policy: PolicyName = "ifrs", json: Json = False) -> None:
    from services.branches import handover_of

    with Store() as store:
        say(handover_of(store, settings(), employee, as_of.date() if as_of else None, policy), json, "handover", store)


@access_app.command("show", help=_("List every right of a person, live from the systems."))
def access_show(employee: Person, json: Json = False) -> None:
    from services.branches import access_of

    with Store() as store:
        say(access_of(store, employee), json, "access", store)


@evidence_app.command("verify", help=_("Check an evidence chain; names the first bad entry."))
def evidence_verify(case: Chain, json: Json = False) -> None:
    from services.branches import verify_evidence

    with Store() as store:
        checked = verify_evidence(store, chain_id_of(store, case))
    say(checked, json, "evidence")
    raise typer.Exit(0 if checked.ok else 1)


@evidence_app.command("show", help=_("Every entry of an evidence chain."))
def evidence_show(case: Chain, json: Json = False) -> None:
    from store import evidence

    with Store() as store:
        chain = chain_id_of(store, case)
        with store.begin() as connection:
            entries = [entry.model_dump(mode="json") for entry in evidence.read(connection, chain)]
        say({"entries": entries}, json, "timeline", store)


@evidence_app.command("export", help=_("Write the evidence chain as JSON lines."))
def evidence_export(case: Chain, output: Annotated[Path | None, typer.Option("--output", "-o")] = None) -> None:
    from store import evidence

    with Store() as store, store.begin() as connection:
        lines = [entry.model_dump_json() for entry in evidence.read(connection, chain_id_of(store, case))]
    write_out("".join(line + "\n" for line in lines).encode(), output)
