"""The page of a case, as far as somebody may see it, and what its starter and the offices may do there.

A case that does not exist and one that is not the reader's business get one and the same answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from temporalio.client import Client
from temporalio.service import RPCError

from models.errors import OffboardError, Refused, Unavailable
from models.secrecy import Action, Field, Rights, rights_of
from services import cases as services
from services import delegating
from store import evidence, parts
from web import respond
from web.case.read import note_reading, read
from web.case.view import CaseView, view
from web.door.engine import CONNECT_SECONDS
from web.forms import redirect
from web.hook import Hook
from web.problems import Problem
from web.security import address
from web.sign_in import flow
from web.sign_in.desk import Act, Desk, open_act, open_desk

SAFE = ["GET", "HEAD"]
LONGEST_ID = 64  # characters of a case id
Work = Callable[[str, Act], Awaitable[object]]


def router(hook: Hook) -> APIRouter:
    """The page and the evidence of a case, and the forms on the page."""
    routes = APIRouter()

    @routes.api_route("/cases/{case}", methods=SAFE)
    async def show(request: Request, case: str) -> Response:
        desk = await open_desk(hook, request)
        return desk if isinstance(desk, Response) else await _show(hook, request, desk, case)

    @routes.api_route("/cases/{case}/evidence", methods=SAFE)
    async def export(request: Request, case: str) -> Response:
        desk = await open_desk(hook, request)
        return desk if isinstance(desk, Response) else await _export(hook, request, desk, case)

    for name, action, work in _acts(hook):
        routes.add_api_route(f"/cases/{{case}}/{name}", _route(hook, action, work), methods=["POST"])
    return routes


def _acts(hook: Hook) -> tuple[tuple[str, Action, Work], ...]:
    async def reassign(case: str, act: Act) -> object:
        gate, _, holder = act.said("seat").partition(" ")
        return await delegating.reassign(
            hook.database,
            hook.client,
            case_id=case,
            gate=gate,
            from_id=holder,
            to=act.said("to"),
            by=act.desk.person.id,
            reason=act.said("reason"),
            now=hook.clock(),
            key=hook.link_secret,
        )

    async def replan(case: str, act: Act) -> object:
        without = tuple(each for each in act.said("exclude").replace(",", " ").split() if each)
        return await services.replan(await _engine(hook), case, without, act.desk.person.id)

    async def withdraw(case: str, act: Act) -> object:
        return await services.withdraw(await _engine(hook), case, act.desk.person.id)

    return (
        ("reassign", Action.REASSIGN, reassign),
        ("replan", Action.REPLAN, replan),
        ("withdraw", Action.WITHDRAW, withdraw),
    )


def _route(hook: Hook, action: Action, work: Work) -> Callable[[Request, str], Awaitable[Response]]:
    async def press(request: Request, case: str) -> Response:
        act = await open_act(hook, request)
        if isinstance(act, Response):
            return act
        rights = await asyncio.to_thread(_rights, hook, act.desk, case)
        if action not in rights.actions:
            return _nothing_here(hook, request, act.desk)
        try:
            await work(case, act)
        except Refused as refused:
            return await _show(hook, request, act.desk, case, refused)
        return redirect(request, f"/cases/{quote(case, safe='')}")

    return press


async def _show(hook: Hook, request: Request, desk: Desk, case: str, refused: OffboardError | None = None) -> Response:
    rights = await asyncio.to_thread(_rights, hook, desk, case)
    if Action.SEE not in rights.actions:
        return _nothing_here(hook, request, desk)
    shown = await asyncio.to_thread(_read, hook, desk, case, rights)
    can = {action.value: action in rights.actions for action in Action}
    error = desk.words.error(refused) if refused else ""
    evidence_shown = Field.EVIDENCE in rights.fields
    status = 422 if refused else 200
    return desk.page(request, "case_page.html", status, case=shown, can=can, error=error, evidence=evidence_shown)


def _rights(hook: Hook, desk: Desk, case: str) -> Rights:
    with hook.database.begin() as connection:
        return rights_of(parts.of_person(connection, case[: LONGEST_ID + 1], desk.person))


def _read(hook: Hook, desk: Desk, case: str, rights: Rights) -> CaseView:
    with hook.database.begin() as connection:
        note_reading(connection, case, desk.person.id, rights, at=hook.clock())
        return view(read(connection, case, desk.person, rights, desk.words), desk.person, rights, desk.words)


async def _export(hook: Hook, request: Request, desk: Desk, case: str) -> Response:
    rights = await asyncio.to_thread(_rights, hook, desk, case)
    if Field.EVIDENCE not in rights.fields:
        return _nothing_here(hook, request, desk)

    def lines() -> str:
        with hook.database.begin() as connection:
            return "".join(entry.model_dump_json() + "\n" for entry in evidence.read(connection, case))

    saved = {"Content-Disposition": 'attachment; filename="evidence.jsonl"'}
    return Response(await asyncio.to_thread(lines), media_type="application/jsonl", headers=saved)


def _nothing_here(hook: Hook, request: Request, desk: Desk) -> Response:
    if wait := hook.brake.missed(address(request)):
        return respond.problem(request, Problem.TOO_MANY_REQUESTS, hook.public_url, desk.words, wait)
    title = desk.words.text("There is nothing here for you")
    detail = desk.words.text("No such case exists, or it is none of yours. Your inbox has what waits for you.")
    return flow.told(request, desk.words, 404, title, detail)


async def _engine(hook: Hook) -> Client:
    try:
        return await asyncio.wait_for(hook.client(), CONNECT_SECONDS)
    except (RPCError, RuntimeError, OSError, TimeoutError) as down:
        raise Unavailable("the Temporal server does not answer; nothing was changed", system="temporal") from down
