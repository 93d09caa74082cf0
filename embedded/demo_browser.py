"""A person of the demo at their browser: pages, forms, cookies, and a sign-in by the code in their mail."""

import asyncio
import mailbox
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parseaddr
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from models.errors import Unavailable

CODE = re.compile(r"\b\d{6}\b")
CODE_WITHIN = 15.0  # seconds


@dataclass
class Form:
    """A form of a page: where it goes, its hidden fields, and what can be chosen in it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """What a person needs of a page: its title, its forms and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.title = ""
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._in_title = False
        self.feed(text)

    def form(self, ending: str = "") -> Form | None:
        """The first form whose address ends so, or that sends the answer itself."""
        for one in self.forms:
            path = one.action.split("?")[0]
            if path.endswith(ending) if ending else not path.endswith(("/ask", "/hand-over")):
                return one
        return None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        elif tag == "a":
            self.links.append(found.get("href", ""))
        elif self.forms and tag == "input" and found.get("type") == "hidden":
            self.forms[-1].fields[found.get("name", "")] = found.get("value", "")
        elif self.forms and tag == "option" and found.get("value"):
            self.forms[-1].options.append(found["value"])
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


class Browser:
    """One person's browser. `letters` is the mail of the whole demo; they read only what was sent to `address`."""

    def __init__(self, origin: str, letters: Path, address: str) -> None:
        self._web = httpx.AsyncClient(base_url=origin, timeout=10, follow_redirects=True, headers={"Origin": origin})
        self._letters = letters
        self._address = address

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._web.aclose()

    async def open(self, link: str) -> Page:
        """A page; where it asks to sign in first, they do."""
        page = Page((await self._web.get(link)).text)
        sign_in = next((each for each in page.links if each.startswith("/sign-in?")), None)
        return await self._sign_in(sign_in) if sign_in else page

    async def send(self, form: Form, **said: str) -> Page:
        """Send a form; returns the page that answers."""
        return Page((await self._web.post(form.action, data={**form.fields, **said})).text)

    async def _sign_in(self, address: str) -> Page:
        asked = Page((await self._web.get(address)).text).form()
        if asked is None:
            raise Unavailable("the page for signing in has no form: `offboard doctor` says what is wrong.")
        before = set(self._codes())
        entry = (await self.send(asked, email=self._address)).form()
        give_up = time.monotonic() + CODE_WITHIN
        while entry is not None and time.monotonic() < give_up:
            if fresh := [code for code in self._codes() if code not in before]:
                return await self.send(entry, code=fresh[0])
            await asyncio.sleep(0.1)
        raise Unavailable("no code for signing in came by mail: `offboard doctor` says what is wrong.")

    def _codes(self) -> list[str]:
        return [code for letter in letters_in(self._letters) if recipient(letter) == self._address and not links(letter)
                for code in CODE.findall(body(letter))]  # fmt: skip


def letters_in(folder: Path) -> Iterator[Message]:
    """Every mail of the demo."""
    return iter(mailbox.Maildir(folder, create=False)) if (folder / "new").is_dir() else iter(())


def recipient(letter: Message) -> str:
    """Whom a mail is addressed to."""
    return parseaddr(str(letter["To"]))[1]


def links(letter: Message) -> list[str]:
    """The links to approval pages in a mail."""
    return re.findall(r"https?://\S+/d/[\w.\-]+", body(letter))


def body(letter: Message) -> str:
    """The plain text of a mail."""
    for part in letter.walk():
        if part.get_content_type() == "text/plain":
            return bytes(part.get_payload(decode=True) or b"").decode(part.get_content_charset() or "utf-8")
    return ""
