"""One departure of the sample company, decided by people's links, to the report on disk; then a look at who stays."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from temporalio.client import Client

from connections import connect_temporal, open_database
from embedded.demo_approvers import PATIENCE, Say, decide_all
from embedded.demo_scan import DemoScan, scan_the_rest
from embedded.sample.fill import fill, remember, remembered
from embedded.stack import down, status, up
from models.base import Value
from models.case import ENDED, CaseProgress, Phase, SeparationKind
from models.errors import Refused, Unavailable
from models.figures_behind import Behind
from models.report import CaseReport
from reports.render import render
from services.branches import EvidenceCheck, verify_evidence
from services.cases import StartedCase, StartOrder, progress_or_last_known, start_case
from services.explaining import opened
from settings import Settings
from store import reports
from store.database import Database
from store.tables import clients, employees

# The leaver is sent on garden leave at once: access ends now, employment in a month.
GARDEN_LEAVE = timedelta(seconds=20)
NOTICE = timedelta(days=30)


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
    scan: DemoScan
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
    leaver = _choose_leaver(settings.home, database, say)
    client = await connect_temporal(settings)
    started = await _start(client, database, leaver)
    say(f"{leaver} leaves: case {started.case_id}")
    await _until(client, database, started.case_id, lambda now: bool(now.gates) or now.phase in ENDED)
    decisions = await decide_all(settings.home / "mail", client, database, started.case_id, say)
    say("approved; clients, deals and open invoices go to their successors, access ends")
    end = await _until(client, database, started.case_id, lambda now: now.phase in ENDED)
    with database.begin() as connection:
        report = reports.load(connection, started.case_id)
        lists = opened(connection, report)
    files = _write(settings.home / "reports" / started.case_id, report, lists)
    say("the risk scan looks at everybody who stays")
    scan = await scan_the_rest(client, database, remembered(settings.home))
    money = report.receivables
    return DemoResult(
        case_id=started.case_id,
        leaver=leaver,
        phase=end.phase,
        score=str(report.score),
        level=report.level.value,
        money_at_risk=f"{money.overdue:,.2f} / {money.total:,.2f} {money.currency}" if money else "unknown",
        clients_handed_over=sum(
            transfer.status == "completed" for transfer in (report.clients.transfers if report.clients else ())
        ),
        decisions=decisions,
        evidence=verify_evidence(database, started.case_id),
        scan=scan,
        reports=files,
        seconds=round(time.monotonic() - began, 1),
    )


def _choose_leaver(home: Path, database: Database, say: Say) -> str:
    """The planted problem at first; when that person has left already, the active salesperson with most clients."""
    with database.begin() as connection:
        empty = connection.execute(select(func.count()).select_from(employees)).scalar_one() == 0
    if empty:
        made = fill(database, say=say)
        remember(home, made)
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
    raise Unavailable(
        "{case} did not get on within {seconds} s. `offboard doctor` says what is wrong.",
        case=case_id,
        seconds=f"{PATIENCE:.0f}",
    )


def _write(folder: Path, report: CaseReport, lists: Mapping[str, Behind]) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for tag, suffix in (("en", "en"), ("zh-CN", "zh")):
        for form in ("pdf", "html"):
            path = folder / f"report-v{report.version}-{suffix}.{form}"
            path.write_bytes(render(report, form, tag, lists))
            made.append(path)
    path = folder / f"report-v{report.version}.json"
    path.write_bytes(render(report, "json", "en"))
    return (*made, path)
