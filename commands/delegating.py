"""Verbs for who answers in whose place, and for how a person wants to be reached."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from commands.approvals import For, Gate
from commands.plumbing import (
    As,
    Case,
    Json,
    Person,
    Store,
    _,
    case_id_of,
    misuse,
    moment_of,
    person_id_of,
    run,
    say,
    settings,
)

if TYPE_CHECKING:
    from store.database import Database
    from store.delegations import Delegation

app = typer.Typer()

To = Annotated[str | None, typer.Option("--to", metavar="PERSON", help=_("Who answers: employee id or exact name."))]
Why = Annotated[str, typer.Option("--reason", help=_("Kept in the database."))]


@app.command(help=_("Let somebody else answer: one question (CASE GATE), or all of them for a while."))
def delegate(  # noqa: PLR0913, PLR0917  (one parameter an option of the command line)
    case: Annotated[
        str | None, typer.Argument(metavar="[CASE", help=_("With CASE GATE: hand over this question alone."))
    ] = None,
    gate: Annotated[str | None, typer.Argument(metavar="GATE]", help=_("Name of the gate."))] = None,
    by: As = None,
    to: To = None,
    nobody: Annotated[bool, typer.Option("--nobody", help=_("Away, with nobody named: others are asked."))] = False,
    whose: For = None,
    starts: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help=_("A day, or an ISO time with zone; default now."))
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help=_("The last day, or an ISO time with zone."))
    ] = None,
    reason: Why = "",
    json: Json = False,
) -> None:
    if by is None or (to is None) is not nobody:
        misuse(_("say --as PERSON, and either --to PERSON or --nobody"))
    if case is None:
        _for_a_while(by, to, whose, starts, until, reason, json)
    elif gate is None or to is None or whose or starts or until:
        misuse(_("one question is handed over by CASE GATE --as PERSON --to PERSON, until it is decided"))
    else:
        _one_question(case, gate, by, to, reason, json)


def _one_question(case: str, gate: str, by: str, to: str, reason: str, json: bool) -> None:
    from connections import link_secret
    from services.delegating import hand_over

    with Store() as store:
        case_id, giver = case_id_of(store, case), person_id_of(store, by)
        key = link_secret(settings())
        _act(store, hand_over, json, case_id=case_id, gate=gate, by=giver, to=to, reason=reason, key=key)


def _for_a_while(
    by: str, to: str | None, whose: str | None, starts: str | None, until: str | None, reason: str, json: bool
) -> None:
    from services.delegating import delegate as give_for_a_while

    if until is None:
        misuse(_("say until when: --until DATE"))
    with Store() as store:
        actor = person_id_of(store, by)
        giver = person_id_of(store, whose) if whose else actor
        begins = _moment(store, giver, starts) if starts else _now()
        ends = _moment(store, giver, until, end=True)
        _act(
            store, give_for_a_while, json, by=actor, from_id=giver, to=to, starts_at=begins, ends_at=ends, reason=reason
        )


@app.command(help=_("Who answers in whose place, or is away, now and later; --revoke ends one."))
def delegations(
    by: As = None,
    end: Annotated[str | None, typer.Option("--revoke", metavar="ID", help=_("End this one now; needs --as."))] = None,
    json: Json = False,
) -> None:
    from services.delegating import revoke
    from store.delegations import of_person

    if end and by is None:
        misuse(_("say who acts: --as PERSON"))
    with Store() as store:
        person = person_id_of(store, by) if by else None
        if end:
            _act(store, revoke, json, delegation_id=end, by=person)
            return
        with store.begin() as connection:
            found = [one.model_dump(mode="json") for one in of_person(connection, person, _now())]
        say({"delegations": found}, json, "delegations", store)


@app.command(help=_("Take a question from somebody who was asked and give it to somebody else; by HR or IT."))
def reassign(
    case: Case,
    gate: Gate,
    taken: Annotated[str, typer.Option("--from", metavar="PERSON", help=_("Who was asked."))],
    to: Annotated[str, typer.Option("--to", metavar="PERSON", help=_("Who is asked now."))],
    by: Annotated[str, typer.Option("--as", metavar="PERSON", help=_("Who acts: employee id or exact name."))],
    reason: Why = "",
    json: Json = False,
) -> None:
    from connections import link_secret
    from services.delegating import reassign as give_to_another

    with Store() as store:
        case_id, asked, admin = case_id_of(store, case), person_id_of(store, taken), person_id_of(store, by)
        told = {"case_id": case_id, "gate": gate, "from_id": asked, "to": to, "by": admin, "reason": reason}
        _act(store, give_to_another, json, **told, key=link_secret(settings()))


@app.command(help=_("How a person is reached: by which channel, when not, and in one mail a day or at once."))
def preferences(
    person: Person,
    channel: Annotated[str | None, typer.Option(help=_("mail, or a name of the channels file."))] = None,
    quiet: Annotated[
        str | None, typer.Option(metavar="22:00-07:00", help=_("Hours of rest in the zone of the person; none: off."))
    ] = None,
    digest: Annotated[
        bool | None, typer.Option("--digest/--no-digest", help=_("One mail a day instead of one for everything."))
    ] = None,
    json: Json = False,
) -> None:
    from store import preferences as chosen

    with Store() as store, store.begin() as connection:
        who = person_id_of(store, person)
        now = chosen.get(connection, who)
        changes: dict[str, Any] = {}
        if channel is not None:
            changes["channel"] = _channel(channel)
        if quiet is not None:
            changes["quiet_from"], changes["quiet_until"] = _hours(quiet)
        if digest is not None:
            changes["digest"] = digest
        if changes:
            now = type(now).model_validate(now.model_dump() | changes)
            chosen.put(connection, now, at=_now())
        say(now, json, "preferences", store)


def _act(store: "Database", act: "Callable[..., Awaitable[Delegation]]", json: bool, **what: Any) -> None:
    """Do one thing with a delegation and say what became of it."""
    from connections import connect_temporal

    async def go() -> "Delegation":
        return await act(store, lambda: connect_temporal(settings()), now=_now(), **what)

    say(run(go()), json, "delegation", store)


def _moment(store: "Database", person: str, text: str, *, end: bool = False) -> datetime:
    """The time that was typed; a day begins, and ends, in the zone of the person."""
    from store import people

    try:
        day = date.fromisoformat(text)
    except ValueError:
        return moment_of(text) or _now()
    with store.begin() as connection:
        zone = ZoneInfo(people.get(connection, person).time_zone)
    return datetime.combine(day + timedelta(days=1) if end else day, time(), zone)


def _channel(name: str) -> str:
    """A way to reach people that exists here; misuse otherwise, because nothing would ever arrive by it."""
    from models.preferences import MAIL
    from systems.chat.choose import channels_of

    known = (MAIL, *channels_of(settings().channels_file))
    return name if name in known else misuse(f"--channel: {', '.join(known)}")


def _hours(text: str) -> tuple[time | None, time | None]:
    if text == "none":
        return None, None
    try:
        begins, ends = (time.fromisoformat(part) for part in text.split("-"))
    except ValueError:
        misuse(_("hours of rest are written as 22:00-07:00, or none"))
    if begins == ends:
        misuse(_("hours of rest end at another time than they begin"))
    return begins, ends


def _now() -> datetime:
    from datetime import UTC

    return datetime.now(UTC)
