"""What waits for a person: questions to decide, questions to answer, and who answers in whose place."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from models.errors import BadDates, OffboardError, Refused
from services import delegating, questions
from services.inbox import inbox
from store import delegations, people
from store.delegations import Delegation
from store.inbox import decided_by, to_answer
from web.forms import redirect
from web.hook import Hook
from web.inbox.view import Waiting, view
from web.sign_in.desk import Act, Desk, open_act, open_desk

SAFE = ["GET", "HEAD"]


def router(hook: Hook) -> APIRouter:
    """The inbox, and the forms on it."""
    routes = APIRouter()

    @routes.api_route("/inbox", methods=SAFE)
    async def show(request: Request) -> Response:
        desk = await open_desk(hook, request)
        return desk if isinstance(desk, Response) else await _show(hook, request, desk)

    @routes.post("/inbox/delegations")
    async def delegate(request: Request) -> Response:
        act = await open_act(hook, request)
        return act if isinstance(act, Response) else await _tried(hook, request, act, _delegate(hook, act))

    @routes.post("/inbox/delegations/{delegation}/revoke")
    async def revoke(request: Request, delegation: str) -> Response:
        act = await open_act(hook, request)
        if isinstance(act, Response):
            return act
        by, now = act.desk.person.id, hook.clock()
        ending = delegating.revoke(hook.database, hook.client, delegation_id=delegation, by=by, now=now)
        return await _tried(hook, request, act, ending)

    @routes.post("/questions/{question}/answer")
    async def answer(request: Request, question: str) -> Response:
        act = await open_act(hook, request)
        if isinstance(act, Response):
            return act
        by, text, now = act.desk.person.id, act.said("text"), hook.clock()
        work = asyncio.to_thread(questions.answer, hook.database, question_id=question, by=by, text=text, now=now)
        return await _tried(hook, request, act, work)

    return routes


async def _tried(hook: Hook, request: Request, act: Act, work: Awaitable[object]) -> Response:
    """The inbox after an act; with what was refused and why when it was."""
    try:
        await work
    except Refused as refused:
        return await _show(hook, request, act.desk, refused, act.form)
    return redirect(request, "/inbox")


async def _show(
    hook: Hook, request: Request, desk: Desk, refused: OffboardError | None = None, form: dict[str, str] | None = None
) -> Response:
    waiting = await asyncio.to_thread(_read, hook, desk)
    error = desk.words.error(refused) if refused else ""
    shown = view(waiting, desk.person, desk.words)
    return desk.page(request, "inbox.html", 422 if refused else 200, inbox=shown, error=error, form=form or {})


def _read(hook: Hook, desk: Desk) -> Waiting:
    now, person = hook.clock(), desk.person
    items = inbox(hook.database, person=person.id, now=now, key=hook.link_secret)
    with hook.database.begin() as connection:
        given = delegations.of_person(connection, person.id, now)
        decided, asked = decided_by(connection, person.id), to_answer(connection, person)
        mentioned = {each for one in given for each in (one.from_id, one.to_id) if each}
        mentioned |= {one for one in (*(item.for_id for item in items), *(each.for_id for each in decided)) if one}
        return Waiting(items, asked, decided, given, people.names(connection, mentioned), now)


async def _delegate(hook: Hook, act: Act) -> Delegation:
    person, zone = act.desk.person, ZoneInfo(act.desk.person.time_zone)
    try:
        first, last = (date.fromisoformat(act.said(name)) for name in ("first", "last"))
        begin = datetime.combine(first, time(), zone).astimezone(UTC)
        end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError) as unreadable:
        raise BadDates("give the first and the last day as 2026-11-24; nothing was changed") from unreadable
    return await delegating.delegate(
        hook.database,
        hook.client,
        by=person.id,
        from_id=person.id,
        to=act.said("to") or None,
        starts_at=begin,
        ends_at=end,
        reason=act.said("reason"),
        now=hook.clock(),
    )
