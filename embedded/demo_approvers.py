"""The approvers of the demo: they open the link in their mail and press the button, as people do."""

import asyncio
import mailbox
import re
import time
from collections.abc import Callable
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path

import httpx
from temporalio.client import Client

from models.errors import Unavailable
from services.cases import progress_or_last_known
from store.database import Database

LINK = re.compile(r"https?://\S+/d/[\w.\-]+")
PATIENCE = 120.0  # seconds

Say = Callable[[str], None]


async def decide_all(mail: Path, client: Client, database: Database, case_id: str, say: Say) -> tuple[str, ...]:
    """Every approver opens the link in their mail and presses the button."""
    made: dict[str, str] = {}
    opened: set[str] = set()
    give_up = time.monotonic() + PATIENCE
    async with httpx.AsyncClient(timeout=10) as web:
        while time.monotonic() < give_up:
            progress = await progress_or_last_known(client, database, case_id)
            if progress.gates and all(gate.outcome for gate in progress.gates):
                return tuple(made.values())
            for link in _links(mail, case_id):
                if link not in opened:
                    opened.add(link)
                    made[link] = await _approve(web, link)
                    say(made[link])
            await asyncio.sleep(0.3)
    raise Unavailable(
        "{case}: the approvals did not come together within {seconds} s. `offboard doctor` says what is wrong.",
        case=case_id,
        seconds=f"{PATIENCE:.0f}",
    )


def _links(folder: Path, case_id: str) -> list[str]:
    if not (folder / "new").is_dir():
        return []
    letters = [
        letter for letter in mailbox.Maildir(folder, create=False) if case_id in _body(letter) + letter["Subject"]
    ]
    return list(dict.fromkeys(link for letter in letters for link in LINK.findall(_body(letter))))


def _body(letter: Message) -> str:
    for part in letter.walk():
        if part.get_content_type() == "text/plain":
            return bytes(part.get_payload(decode=True) or b"").decode(part.get_content_charset() or "utf-8")
    return ""


class _Form(HTMLParser):
    """Reads the hidden fields and the title of an approval page, as a browser would send them back."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden":
            self.fields[found.get("name") or ""] = found.get("value") or ""
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


async def _approve(web: httpx.AsyncClient, link: str) -> str:
    page = await web.get(link)
    form = _Form()
    form.feed(page.text)
    if "seen" not in form.fields:
        return f"{form.title.strip()}: nothing to decide"
    origin = str(httpx.URL(link).copy_with(raw_path=b"/")).rstrip("/")
    sent = await web.post(
        link, data={**form.fields, "verdict": "approve", "note": ""}, headers={"Origin": origin}, follow_redirects=True
    )
    answer = _Form()
    answer.feed(sent.text)
    return f"{form.title.strip()} -> {answer.title.strip()}"
