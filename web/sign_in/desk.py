"""Somebody who is signed in: who they are, the language they read, and whether a form is theirs."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from models.people import Employee
from reports.language import Language
from store import people
from web import respond
from web.forms import fields, redirect
from web.hook import Hook
from web.problems import Problem
from web.security import from_elsewhere
from web.sign_in import flow, sessions
from web.sign_in.sessions import Session


@dataclass(frozen=True)
class Desk:
    """A person at their pages."""

    session: Session
    person: Employee
    words: Language

    def page(self, request: Request, template: str, status: int = 200, **shown: Any) -> Response:
        """A page with their name and the way out at its head."""
        signed = {"who": self.person.name, "csrf": self.session.csrf}
        return respond.page(request, self.words, template, status, **signed, **shown)


@dataclass(frozen=True)
class Act:
    """A form that a person sent from their own page."""

    desk: Desk
    form: dict[str, str]

    def said(self, name: str) -> str:
        """A field without blanks around it; empty when it is missing."""
        return self.form.get(name, "").strip()


async def open_desk(hook: Hook, request: Request) -> Desk | Response:
    """The desk of whoever is signed in, else the way to the sign-in and back. Raises Unavailable."""
    known = await sessions.signed_in(hook, request)
    if known is None:
        back = request.url.path if request.method in {"GET", "HEAD"} else "/inbox"
        return redirect(request, "/sign-in", next=back)
    person = await asyncio.to_thread(_person, hook, known.employee_id)
    return Desk(known, person, respond.words_for(request, person.language))


async def open_act(hook: Hook, request: Request) -> Act | Response:
    """A form of whoever is signed in; the answer to one that another site made, or that comes too often."""
    if from_elsewhere(request, hook.public_url):
        return respond.problem(request, Problem.CROSS_SITE, hook.public_url)
    desk = await open_desk(hook, request)
    if isinstance(desk, Response):
        return desk
    form = await fields(request)
    if not desk.session.made(form):
        return respond.problem(request, Problem.CROSS_SITE, hook.public_url, desk.words)
    if wait := hook.acts.missed(desk.person.id):
        title, detail = desk.words.text("Too many tries"), desk.words.text("Wait a minute, then try again.")
        return flow.told(request, desk.words, 429, title, detail, wait)
    return Act(desk, form)


def _person(hook: Hook, employee_id: str) -> Employee:
    with hook.database.begin() as connection:
        return people.get(connection, employee_id)
