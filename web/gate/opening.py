"""Opening the page of a gate: by a link, or by name for somebody who is signed in. Both end in the same visit."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from fastapi import Request, Response
from sqlalchemy import Connection

from models.errors import LinkExpired, LinkInvalid, UnknownCase
from store import effects, evidence
from web import respond
from web.forms import redirect
from web.gate.visit import Visit, for_person, read
from web.hook import Hook, Seen
from web.problems import Problem
from web.security import address
from web.sign_in.sessions import Session, sign_in_address, signed_in


@dataclass(frozen=True)
class Place:
    """Where a page lives: behind the token of a link, or under the name of a gate. `base` is its path."""

    base: str
    token: str | None = None
    case_id: str = ""
    gate: str = ""


def by_link(request: Request) -> Place:
    """The place of `/d/{token}`."""
    token = str(request.path_params["token"])
    return Place("/d/" + quote(token, safe=""), token)


def by_name(request: Request) -> Place:
    """The place of `/g/{case_id}/{gate}`."""
    case_id, gate = (str(request.path_params[name]) for name in ("case_id", "gate"))
    return Place(f"/g/{quote(case_id, safe='')}/{quote(gate, safe='')}", None, case_id, gate)


@dataclass(frozen=True)
class Opened:
    """An open page, and the session that opened it."""

    place: Place
    visit: Visit
    session: Session | None

    @property
    def page(self) -> str:
        """What the forms of this page are bound to: another session cannot have made them."""
        return self.place.base + (f"\n{self.session.csrf}" if self.session else "")

    def seal(self, hook: Hook) -> str:
        """The signed field of every form on this page."""
        hearing = self.visit.hearing
        seen = Seen(hearing.asked.round, hearing.asked.report_digest, hearing.number, hearing.for_id)
        return hook.sign_form(self.page, seen)


async def open_place(hook: Hook, request: Request, place: Place, *, as_link: bool = False) -> Opened | Response:
    """Open a page, or say why it does not open. `as_link` leaves a session out of account. Raises Unavailable."""
    session = None if as_link else await signed_in(hook, request)
    if place.token is None and session is None:
        return redirect(request, sign_in_address(hook, place.base))
    person = session.employee_id if session else None

    def reading() -> Visit:
        with hook.database.begin() as connection:
            if place.token is not None:
                visit = read(connection, hook.link_secret, place.token, hook.clock(), signed_in_as=person)
            else:
                visit = for_person(
                    connection, place.case_id, place.gate, person or "", hook.clock(), secret=hook.link_secret
                )
            if visit.state is Problem.WRONG_PERSON and person:
                _note_wrong_person(connection, visit, person, hook.clock())
            return visit

    try:
        return Opened(place, await asyncio.to_thread(reading), session)
    except LinkExpired:
        return respond.problem(request, Problem.EXPIRED, hook.public_url)
    except (LinkInvalid, UnknownCase):
        if wait := hook.brake.missed(address(request)):
            return respond.problem(request, Problem.TOO_MANY_REQUESTS, hook.public_url, wait=wait)
        return respond.problem(request, Problem.UNKNOWN, hook.public_url)


def _note_wrong_person(connection: Connection, visit: Visit, person: str, at: datetime) -> None:
    """Once a person and link in the evidence, however often they look."""
    link = visit.link
    facts: dict[str, object] = {"gate": link.gate, "round": link.round, "made_for": link.approver_id}
    key = f"{link.case_id}/wrong_person/{link.gate}/{link.round}/{link.approver_id}/{person}"

    def do() -> tuple[None, dict[str, object]]:
        evidence.append(connection, link.case_id, "link.wrong_person", facts, at=at, actor=person)
        return None, facts

    effects.once(connection, key, case_id=link.case_id, request=facts, at=at, do=do)
