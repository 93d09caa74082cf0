"""One departure of the sample company, decided by people's links, from the start to the report on disk."""

import asyncio
import mailbox
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path

import httpx
from sqlalchemy import func, select
from temporalio.client import Client

from branch_service import EvidenceCheck, verify_evidence
from case_service import StartedCase, StartOrder, progress_or_last_known, start_case
from connections import connect_temporal, open_database
from embedded.sample.fill import fill
from embedded.stack import down, status, up
from models.base import Value
from models.case import CaseProgress, Phase, SeparationKind
from models.errors import Refused, Unavailable
from models.report import CaseReport
from reports.render import render
from settings import Settings
from store import reports
from store.database import Database
from store.tables import clients, employees

LINK = re.compile(r"https?://\S+/d/[\w.\-]+")
# The leaver is sent on garden leave at once: access ends now, employment in a month.
GARDEN_LEAVE = timedelta(seconds=20)
NOTICE = timedelta(days=30)
PATIENCE = 120.0
ENDS = (Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN)

Say = Callable[[str], None]


class DemoResult(Value):
    """What the demo made, and where to look."""

    case_id: str
    leaver: str
    phase: Phase
    score: str
    level: str
    money_at_risk: str
    clients_handed_over: int
    decisions: tuple[str, ...]
    evidence: EvidenceCheck
    reports: tuple[Path, ...]
    seconds: float


def run_demo(settings: Settings, say: Say) -> DemoResult:
    """Start what is not running, run one departure, write its report, and stop again what was started here."""
    began = time.monotonic()
    was_running = status(settings.home).running
    say("starting PostgreSQL, Temporal, the worker and the web hook")
    up(settings.home)
    database = open_database(settings)
    try:
        return asyncio.run(_departure(settings, database, say, began))
    finally:
        database.close()
        if not was_running:
            say("stopping what was started; `offboard up` brings it back with everything in it")
            down(settings.home)


async def _departure(settings: Settings, database: Database, say: Say, began: float) -> DemoResult:
    leaver = _choose_leaver(database, say)
    client = await connect_temporal(settings)
    started = await _start(client, database, leaver)
    say(f"{leaver} leaves: case {started.case_id}")
    await _until(client, database, started.case_id, lambda now: bool(now.gates) or now.phase in ENDS)
    decisions = await _decide_all(settings, client, database, started.case_id, say)
    say("approved; clients, deals and open invoices go to their successors, access ends")
    end = await _until(client, database, started.case_id, lambda now: now.phase in ENDS)
    with database.begin() as connection:
        report = reports.load(connection, started.case_id)
    files = _write(settings.home / "reports" / started.case_id, report)
    money = report.receivables
    return DemoResult(
        case_id=started.case_id,
        leaver=leaver,
        phase=end.phase,
        score=str(report.score),
        level=report.level.value,
        money_at_risk=f"{money.overdue} of {money.total} {money.currency}" if money else "unknown",
        clients_handed_over=sum(
            transfer.status == "completed" for transfer in (report.clients.transfers if report.clients else ())
        ),
        decisions=decisions,
        evidence=verify_evidence(database, started.case_id),
        reports=files,
        seconds=round(time.monotonic() - began, 1),
    )


def _choose_leaver(database: Database, say: Say) -> str:
    """The planted problem at first; when that person has left already, the active salesperson with most clients."""
    with database.begin() as connection:
        empty = connection.execute(select(func.count()).select_from(employees)).scalar_one() == 0
    if empty:
        made = fill(database, say=say)
        return made.planted[0].employee
    owned = func.count(clients.c.id)
    with database.begin() as connection:
        found = connection.execute(
            select(employees.c.id)
            .join(clients, clients.c.owner_id == employees.c.id)
            .where(employees.c.status == "active", employees.c.role == "salesperson")
            .group_by(employees.c.id)
            .order_by(owned.desc(), employees.c.id)
            .limit(1)
        ).scalar_one_or_none()
    if found is None:
        raise Refused("no active salesperson owns a client any more: `offboard sample --seed 8` makes new ones")
    return str(found)


async def _start(client: Client, database: Database, leaver: str) -> StartedCase:
    now = datetime.now(UTC)
    return await start_case(
        client,
        database,
        StartOrder(
            employee=leaver,
            kind=SeparationKind.RESIGNATION,
            last_working_day=(now + NOTICE).date(),
            access_cutoff=now + GARDEN_LEAVE,
            reason="accepted another offer",
            policy="ifrs",
        ),
    )


async def _until(
    client: Client, database: Database, case_id: str, done: Callable[[CaseProgress], bool]
) -> CaseProgress:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        progress = await progress_or_last_known(client, database, case_id)
        if done(progress):
            return progress
        await asyncio.sleep(0.3)
    raise Unavailable(f"{case_id} did not get on within {PATIENCE:.0f} s. `offboard doctor` says what is wrong.")


async def _decide_all(
    settings: Settings, client: Client, database: Database, case_id: str, say: Say
) -> tuple[str, ...]:
    """Every approver opens the link in their mail and presses the button."""
    made: dict[str, str] = {}
    opened: set[str] = set()
    give_up = time.monotonic() + PATIENCE
    async with httpx.AsyncClient(timeout=10) as web:
        while time.monotonic() < give_up:
            progress = await progress_or_last_known(client, database, case_id)
            if progress.gates and all(gate.outcome for gate in progress.gates):
                return tuple(made.values())
            for link in _links(settings.home / "mail", case_id):
                if link not in opened:
                    opened.add(link)
                    made[link] = await _approve(web, link)
                    say(made[link])
            await asyncio.sleep(0.3)
    raise Unavailable(f"{case_id}: the approvals did not come together within {PATIENCE:.0f} s")


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


def _write(folder: Path, report: CaseReport) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for tag, suffix in (("en", "en"), ("zh-CN", "zh")):
        for form in ("pdf", "html"):
            path = folder / f"report-v{report.version}-{suffix}.{form}"
            path.write_bytes(render(report, form, tag))
            made.append(path)
    path = folder / f"report-v{report.version}.json"
    path.write_bytes(render(report, "json", "en"))
    return (*made, path)
