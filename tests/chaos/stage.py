"""A running stack with the worker that stops at points: cases are started on it, people answer, things are killed."""

import asyncio
import base64
import email
import email.policy
import hashlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
from temporalio.client import Client

from connections import connect_temporal, open_database
from embedded.processes import is_alive
from embedded.stack import down, status, up
from embedded.supervisor import Programs
from models.case import CaseResult, SeparationKind
from models.errors import Unavailable
from services.cases import StartOrder, result_of, start_case
from services.exchange import keys_of
from settings import Settings
from store import gates
from store.database import Database
from tests.chaos.teams import case_of, fill_teams, leaver

PROGRAM = Path(__file__).with_name("crashing_worker.py")
LINK = re.compile(r"https?://\S+/d/([\w.\-]+)")
# Of these tests alone: the stack finds it in its home.
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"the people of the chaos tests...").decode()
KEYS = keys_of(WEBHOOK_SECRET, "the tests")
ACCESS_ENDS_IN = timedelta(seconds=4)
NOTICE = timedelta(days=30)
AT_ONCE = 6  # cases that are started together
READING = 3.0  # seconds that a person needs to read a letter


@dataclass(frozen=True)
class Crash:
    """Where the case of one team is when something is killed."""

    team: int
    activity: str
    moment: str
    wants: str = ""

    @property
    def name(self) -> str:
        """What a failing test prints."""
        return f"{self.moment} {self.activity} {self.wants}".strip()


@dataclass
class Stage:
    """One home. `answers` maps every link that was used to what the hook said."""

    home: Path
    database: Database
    client: Client
    today: date
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def build(cls, home: Path, teams: int, crashes: Iterable[Crash], today: date) -> "Stage":
        """Start the servers and load the company."""
        for name in ("reached", "released"):
            (home / "chaos" / name).mkdir(parents=True)
        plan = {
            case_of(one.team): {"activity": one.activity, "moment": one.moment, "wants": one.wants} for one in crashes
        }
        (home / "chaos" / "points.json").write_text(json.dumps(plan))
        secrets = home / "webhook-secrets"
        secrets.touch(mode=0o600)
        secrets.write_text(WEBHOOK_SECRET)
        programs = Programs(worker=(sys.executable, "-P", str(PROGRAM)))
        try:
            await asyncio.to_thread(up, home, 120, programs)
            settings = Settings(home=home)
            database = open_database(settings)
            await asyncio.to_thread(fill_teams, database, home / "company", teams, today)
            return cls(home, database, await connect_temporal(settings), today)
        except BaseException:
            await asyncio.to_thread(down, home)
            raise

    async def close(self) -> None:
        """Stop the servers."""
        self.database.close()
        await asyncio.to_thread(down, self.home)

    async def start(self, teams: Iterable[int]) -> None:
        """Start the cases of these teams, some at a time; access ends a few seconds later."""
        few = asyncio.Semaphore(AT_ONCE)

        async def one(team: int) -> None:
            async with few:
                await start_case(self.client, self.database, self._order(team))

        await asyncio.gather(*(one(team) for team in teams))

    async def result(self, team: int) -> CaseResult:
        """Wait for the end of a case."""
        return await result_of(self.client, case_of(team))

    def _order(self, team: int) -> StartOrder:
        return StartOrder(
            employee=leaver(team),
            kind=SeparationKind.RESIGNATION,
            last_working_day=self.today + NOTICE,
            access_cutoff=datetime.now(UTC) + ACCESS_ENDS_IN,
            as_of=self.today,
        )

    # ---- points and deaths ----

    def not_reached(self, crashes: Iterable[Crash]) -> list[str]:
        """Points at which nobody has been yet."""
        return [one.name for one in crashes if not (self.home / "chaos" / "reached" / case_of(one.team)).exists()]

    def release(self, crashes: Iterable[Crash]) -> None:
        """Let everybody go on who is held at these points."""
        for one in crashes:
            (self.home / "chaos" / "released" / case_of(one.team)).touch()

    def pid(self, service: str) -> int:
        """Process id of one server now."""
        found = status(self.home).services[service].pid
        assert found is not None, f"{service} does not run"
        return found

    async def kill(self, service: str) -> int:
        """Kill -9; returns the process id when it is gone."""
        victim = self.pid(service)
        os.kill(victim, signal.SIGKILL)
        await until(lambda: not is_alive(victim), 10, lambda: f"{service} survives kill -9")
        return victim

    async def comes_back(self, service: str, dead: int) -> None:
        """Wait until the supervisor has put a new process in the place of a dead one, and everything answers again."""
        await asyncio.to_thread(up, self.home, 60)
        assert self.pid(service) != dead

    def freeze_supervisor(self) -> int:
        """From now on nothing that dies is started again, until SIGCONT."""
        supervisor = status(self.home).supervisor
        assert supervisor is not None
        os.kill(supervisor, signal.SIGSTOP)
        return supervisor

    # ---- people ----

    async def approve_everything(self) -> None:
        """Everybody who is asked reads the letter and approves; what could not be stored is sent again."""
        tokens: dict[str, str] = {}
        async with httpx.AsyncClient(timeout=20) as web:
            while True:
                for letter in sorted((self.home / "mail").glob("new/*")):
                    if letter.name not in tokens and time.time() - letter.stat().st_mtime > READING:
                        tokens[letter.name] = token_in(letter)
                waiting = [token for token in set(tokens.values()) if asks(token) and token not in self.answers]
                await asyncio.gather(*(self.answer(web, token) for token in waiting))
                await asyncio.sleep(0.2)

    async def answer(self, web: httpx.AsyncClient, token: str) -> None:
        """One person answers by a signed call, as a program would; kept in `answers` unless it could not be taken.

        At the levels of these cases a link alone decides nothing. The same link always makes the same call.
        """
        url = status(self.home).web
        try:
            body = await asyncio.to_thread(self._call, token)
            call_id = hashlib.sha256(token.encode()).hexdigest()
            headers = KEYS.sign(call_id, datetime.now(UTC), body)
            sent = await web.post(f"{url}/api/webhooks/decisions", content=body, headers=headers)
        except (httpx.HTTPError, Unavailable):
            return
        if sent.status_code < 500:
            said = sent.json()
            self.answers[token] = str(said.get("state") or said.get("reason"))

    def _call(self, token: str) -> bytes:
        case_id, gate, number, person, _ = fields_of(token)
        with self.database.begin() as connection:
            asked = gates.of_round(connection, case_id, gate, number)
        assert asked is not None
        said = {"case": case_id, "gate": gate, "verdict": "approved", "by": person}
        return json.dumps(said | {"report_digest": asked.report_digest}).encode()


def token_in(letter: Path) -> str:
    """The link that a letter asks its reader to open, without its address; empty when it has none."""
    found = LINK.search(_text(_open(letter)))
    return found.group(1) if found else ""


def asks(token: str) -> bool:
    """True for a link that asks for a decision; others only show how things stand."""
    return bool(token) and fields_of(token)[-1] == "decide"


def fields_of(token: str) -> tuple[str, str, int, str, str]:
    """What a link names: the case, the gate, the round, the person, and what for."""
    fields, _, _ = token.partition(".")
    case_id, gate, number, person, purpose = json.loads(base64.urlsafe_b64decode(fields + "=" * (-len(fields) % 4)))
    return case_id, gate, number, person, purpose


def is_for(letter: Path, person: str, case_id: str) -> bool:
    """True for a letter to that person about that case."""
    message = _open(letter)
    return f"{person.lower()}@" in str(message["To"]) and case_id in str(message["Subject"]) + _text(message)


def _open(letter: Path) -> EmailMessage:
    return email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""


async def until(done: Callable[[], object], seconds: float, otherwise: Callable[[], str]) -> None:
    """Poll; after so many seconds fail with the text of `otherwise`."""
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up, otherwise()
        await asyncio.sleep(0.1)
