"""The approvers of the demo: they open the link in their mail, sign in where they must, and answer, as people do.

The first who can gives the question to somebody else; the next asks something before deciding, and HR answers.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from temporalio.client import Client

from embedded.demo_browser import Browser, Page, body, letters_in, links, recipient
from models.case import CaseProgress
from models.errors import Unavailable
from services.cases import progress_or_last_known
from services.questions import answer, who_answers
from store import cases, questions
from store.database import Database

PATIENCE = 120.0  # seconds
QUESTION = "Which of the overdue invoices does the client dispute?"
ANSWER = "None: all of them are late, and a collector is named for each."

Say = Callable[[str], None]


@dataclass
class _Story:
    """What has happened so far."""

    database: Database
    case_id: str
    mail: Path
    say: Say
    opened: set[str] = field(default_factory=set)
    made: list[str] = field(default_factory=list)
    handed_over: bool = False
    asked: bool = False


async def decide_all(mail: Path, client: Client, database: Database, case_id: str, say: Say) -> tuple[str, ...]:
    """Every approver opens the link in their mail and answers, until all gates have their end."""
    story = _Story(database, case_id, mail, say)
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        progress = await progress_or_last_known(client, database, case_id)
        if progress.gates and all(gate.outcome for gate in progress.gates):
            return tuple(story.made)
        for address, link in _new_links(story):
            origin = str(httpx.URL(link).copy_with(raw_path=b"/")).rstrip("/")
            async with Browser(origin, mail, address) as browser:
                await _answer(story, browser, link, progress)
        await asyncio.sleep(0.2)
    raise Unavailable(
        "{case}: the approvals did not come together within {seconds} s. `offboard doctor` says what is wrong.",
        case=case_id,
        seconds=f"{PATIENCE:.0f}",
    )


def _new_links(story: _Story) -> list[tuple[str, str]]:
    """Whom each link about this case was mailed to, those that nobody has opened yet."""
    found = [
        (recipient(letter), link)
        for letter in letters_in(story.mail)
        for link in links(letter)
        if story.case_id in f"{letter['Subject']} {body(letter)}" and link not in story.opened
    ]
    return list(dict.fromkeys(found))


async def _answer(story: _Story, browser: Browser, link: str, progress: CaseProgress) -> None:
    story.opened.add(link)
    page = await browser.open(link)
    if await _hand_over(story, browser, page, progress):
        return
    page = await _ask(story, browser, page, link)
    form = page.form()
    if form is None or "seen" not in form.fields:
        story.say(f"{page.title.strip()}: nothing to decide")
        return
    receipt = await browser.send(form, verdict="approve", note="")
    story.made.append(f"{page.title.strip()} -> {receipt.title.strip()}")
    story.say(story.made[-1])


async def _hand_over(story: _Story, browser: Browser, page: Page, progress: CaseProgress) -> bool:
    """Give the question to somebody who is asked nowhere else; they get a mail of their own."""
    form = page.form("/hand-over")
    if story.handed_over or form is None:
        return False
    busy = {person for gate in progress.gates for person in gate.waiting_on}
    free = [person for person in form.options if person not in busy]
    if not free:
        return False
    story.handed_over = True
    await browser.send(form, to=free[0], other="", reason="on the road this week")
    story.say(f"{page.title.strip()} -> handed over to {free[0]}")
    return True


async def _ask(story: _Story, browser: Browser, page: Page, link: str) -> Page:
    """Ask before deciding; HR answers. Returns the page as it is after that."""
    form = page.form("/ask")
    if story.asked or form is None:
        return page
    story.asked = True
    await browser.send(form, text=QUESTION)
    answered = await asyncio.to_thread(_hr_answers, story)
    story.say(f"{page.title.strip()} -> asked; {answered} answered")
    return await browser.open(link)


def _hr_answers(story: _Story) -> str:
    with story.database.begin() as connection:
        asked = questions.of_case(connection, story.case_id)[-1]
        partner = who_answers(connection, cases.get(connection, story.case_id), asked.asked_by)[0]
    answer(story.database, question_id=asked.id, by=partner, text=ANSWER, now=datetime.now(UTC))
    return partner
