"""Verbs for approvals: decide, ask, answer, look what waits. The same door as the page, with the same checks."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.plumbing import (
    As,
    Case,
    Json,
    Store,
    _,
    case_id_of,
    misuse,
    on_case,
    person_id_of,
    run,
    say,
    settings,
)

if TYPE_CHECKING:
    from models.approvals import Verdict

app = typer.Typer()

Gate = Annotated[str, typer.Argument(metavar="GATE", help=_("Name of the gate, as `offboard show` lists it."))]
For = Annotated[
    str | None, typer.Option("--for", metavar="PERSON", help=_("In whose place: employee id or exact name."))
]


@app.command(help=_("Decide about a gate as one of its approvers."))
def decide(  # noqa: PLR0913, PLR0917  (one parameter an option of the command line)
    case: Case,
    gate: Gate,
    approve: Annotated[bool, typer.Option("--approve")] = False,
    reject: Annotated[bool, typer.Option("--reject", "--decline", help=_("Needs a --note."))] = False,
    send_back: Annotated[bool, typer.Option("--send-back", help=_("Ask for a new plan; needs a --note."))] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help=_("Withdraw your own answer while the gate waits for others."))
    ] = False,
    by: As = None,
    whose: For = None,
    note: Annotated[str, typer.Option(help=_("The reason."))] = "",
    json: Json = False,
) -> None:
    from datetime import UTC, datetime

    from connections import connect_temporal, link_secret
    from models.approvals import Via
    from web.door.answers import Standing
    from web.door.deciding import decide as decide_at_the_door

    verdict = _verdict(approve, reject, send_back, take_back)
    if verdict is None or by is None:
        misuse(_("say one of --approve, --decline, --send-back and --take-back, and --as PERSON"))
    with Store() as store:
        result = run(
            decide_at_the_door(
                store,
                lambda: connect_temporal(settings()),
                key=link_secret(settings()),
                case_id=case_id_of(store, case),
                gate=gate,
                verdict=verdict,
                by=person_id_of(store, by),
                for_id=person_id_of(store, whose) if whose else None,
                via=Via.COMMAND,
                note=note,
                now=datetime.now(UTC),
            )
        )
        say(result, json, "decision", store)
    raise typer.Exit(1 if result.standing is Standing.REFUSED else 0)


def _verdict(approve: bool, reject: bool, send_back: bool, take_back: bool) -> "Verdict | None":
    """What was chosen; None unless exactly one was."""
    from models.approvals import Verdict

    chosen = {
        Verdict.APPROVED: approve,
        Verdict.DECLINED: reject,
        Verdict.SENT_BACK: send_back,
        Verdict.TAKEN_BACK: take_back,
    }
    said = [verdict for verdict, picked in chosen.items() if picked]
    return said[0] if len(said) == 1 else None


@app.command(help=_("What waits for a person, or for everybody: the gate, the case, until when, and the address."))
def inbox(by: As = None, json: Json = False) -> None:
    from datetime import UTC, datetime

    from connections import link_secret, public_url
    from services.inbox import inbox as what_waits

    address = public_url(settings())
    with Store() as store:
        who, key = person_id_of(store, by) if by else None, link_secret(settings())
        found = what_waits(store, person=who, now=datetime.now(UTC), key=key)
        waiting: list[dict[str, Any]] = [
            item.model_dump(mode="json") | {"url": f"{address}/g/{item.case_id}/{item.gate}"} for item in found
        ]
        say({"waiting": waiting}, json, "inbox", store)


@app.command(help=_("Ask back about a gate without deciding; the deadline goes on."))
def ask(
    case: Case,
    gate: Gate,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=_("The question."))],
    by: As = None,
    json: Json = False,
) -> None:
    from datetime import UTC, datetime

    from services.questions import ask as ask_back

    with Store() as store:
        case_id, asker = case_id_of(store, case), person_id_of(store, _named(by))
        asked = ask_back(store, case_id=case_id, gate=gate, by=asker, text=text, now=datetime.now(UTC))
        say(asked, json, "question", store)


@app.command(help=_("Answer a question as who started the case, or as HR."))
def answer(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help=_("Its id, as `offboard show` lists it."))],
    text: Annotated[str, typer.Argument(metavar="TEXT", help=_("The answer."))],
    by: As = None,
    json: Json = False,
) -> None:
    from datetime import UTC, datetime

    from services.questions import answer as give_answer

    with Store() as store:
        person = person_id_of(store, _named(by))
        answered = give_answer(store, question_id=question, by=person, text=text, now=datetime.now(UTC))
        say(answered, json, "question", store)


@app.command(help=_("Propose the handover anew: the answer to a plan that was sent back."))
def replan(
    case: Case,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PERSON", help=_("No successor in this case; can be given several times.")),
    ] = None,
    by: As = None,
    json: Json = False,
) -> None:
    from services.cases import replan as propose_anew

    with Store() as store:
        without = tuple(person_id_of(store, key) for key in exclude or ())
        who = person_id_of(store, by) if by else None
        say(on_case(store, case, lambda client, key: propose_anew(client, key, without, who)), json, "progress", store)


def _named(by: str | None) -> str:
    return by or misuse(_("say who acts: --as PERSON"))
