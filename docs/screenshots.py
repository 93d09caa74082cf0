"""Make the pictures of docs/images anew: a stack of its own, the sample company, three departures, a scan, Chromium.

    .venv/bin/python docs/screenshots.py

Needs the development tools (`make check` installs them) and Chromium. Takes about a minute; stops what it started.
"""

import asyncio
import io
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.terminal_theme import MONOKAI
from sqlalchemy import func, select

from connections import connect_temporal, link_secret, open_database
from embedded.sample.fill import fill
from embedded.stack import StackInfo, down, up
from models.approvals import Verdict, Via
from models.case import SeparationKind
from reports.render import render
from reports.terminal import plain
from reports.terminal_views import VIEWS
from reports.terminal_words import names_in, words_in
from services.alerts import list_alerts, show_alert
from services.cases import StartOrder, progress_of, start_case
from services.explaining import opened
from services.scans import run_scan
from settings import Settings
from store import gates, reports
from store.database import Database
from store.gates import GateRow
from store.links import Purpose, make_link
from store.tables import employees
from tests.browser.running import chromium
from web.door.deciding import decide

IMAGES = Path(__file__).with_name("images")
COLUMNS = ("Status", "Workflow ID", "OffboardPhase", "OffboardLevel", "OffboardWaitingOn", "OffboardNextDeadline")
PATIENCE = 60.0  # seconds until a case must have asked its approvers
WIDE, PHONE = 1480, 400
TERMINAL = 150  # columns


def main() -> None:
    """Start, run, look, stop."""
    with tempfile.TemporaryDirectory(prefix="offboard-pictures-") as folder:
        settings = Settings(home=Path(folder) / "home")
        try:
            stack = up(settings.home)
            database = open_database(settings)
            fill(database, say=_say)
            case_id = asyncio.run(_departures_and_scan(settings, database))
            with chromium(Path(folder)) as browser:
                _look(browser, stack, settings, database, case_id)
                _look_at_alerts(browser, stack, database)
            database.close()
        finally:
            down(settings.home)


async def _departures_and_scan(settings: Settings, database: Database) -> str:
    """One departure a region; finance has approved the first of them; a scan. Returns the id of that one."""
    client = await connect_temporal(settings)
    last_day = (datetime.now(UTC) + timedelta(days=24)).date()
    started = []
    with database.begin() as connection:
        query = select(func.min(employees.c.id)).where(
            employees.c.role == "salesperson", employees.c.status == "active"
        )
        leavers = connection.execute(query.group_by(employees.c.region).order_by(func.min(employees.c.id))).scalars()
        people = list(leavers)
        starter = connection.execute(select(func.min(employees.c.id)).where(employees.c.role == "hrbp")).scalar_one()
    for leaver in people:
        order = StartOrder(
            employee=leaver, kind=SeparationKind.RESIGNATION, last_working_day=last_day, requested_by=starter
        )
        case = await start_case(client, database, order)
        started.append(case.case_id)
        give_up = time.monotonic() + PATIENCE
        while not ((progress := await progress_of(client, case.case_id)) and progress.gates):
            if time.monotonic() > give_up:
                sys.exit(f"{case.case_id} asked nobody within {PATIENCE:.0f} s")
            await asyncio.sleep(0.2)
    finance = _open_gate(database, started[0], "finance")
    await decide(
        database, lambda: connect_temporal(settings), key=link_secret(settings), case_id=started[0], gate="finance",
        verdict=Verdict.APPROVED, by=finance.approvers[0], via=Via.COMMAND, now=datetime.now(UTC),
    )  # fmt: skip
    await run_scan(client)
    return started[0]


def _look(browser: Browser, stack: StackInfo, settings: Settings, database: Database, case_id: str) -> None:
    page = browser.new_page(viewport={"width": WIDE, "height": 520}, timezone_id="UTC", locale="en-GB")
    columns = json.dumps({"offboard": [{"label": label} for label in COLUMNS]})
    page.add_init_script(f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(columns)})")
    workflows = f"{stack.ui}/namespaces/offboard/workflows"
    query = quote('OffboardPhase="approving"')
    _shoot(page, f"{workflows}?query={query}", f"text={case_id}", "cases")
    _shoot(page, f"{workflows}/{case_id}", "text=open_gates", "timeline", height=1160)
    one_case = page.url.partition("/timeline")[0]
    _shoot(page, f"{one_case}/user-metadata", "text=Current Details", "details", height=830)
    phone = browser.new_page(viewport={"width": PHONE, "height": 780}, locale="en-GB", device_scale_factor=1.5)
    link = f"{stack.web}/d/{_token(settings, database, case_id)}"
    for language in ("en", "zh-CN"):
        _shoot(phone, f"{link}?lang={language}", "button", f"approval-{language}")
    report = settings.home / "report.html"
    with database.begin() as connection:
        newest = reports.load(connection, case_id)
        report.write_bytes(render(newest, "html", "en", opened(connection, newest)))
    reader = browser.new_page(viewport={"width": 1000, "height": 1150})
    _shoot(reader, report.as_uri(), "h1", "report")


def _look_at_alerts(browser: Browser, stack: StackInfo, database: Database) -> None:
    """The alerts of the scan: their table, the worst of them, and its workflow in the Temporal Web UI."""
    found = list_alerts(database)
    worst = found.alerts[0].id
    said = {"list": ("alerts", found), f"show {worst}": ("alert", show_alert(database, worst))}
    _print(browser, database, {f"offboard alerts {verb}": what for verb, what in said.items()}, "alerts")
    page = browser.new_page(viewport={"width": WIDE, "height": 760}, timezone_id="UTC", locale="en-GB")
    address = f"{stack.ui}/namespaces/offboard/workflows/{worst}"
    page.goto(address, wait_until="load")
    page.wait_for_url("**/timeline*")
    run = page.url.partition("/timeline")[0]
    _shoot(page, f"{run}/user-metadata", "text=Current Details", "alert-workflow")


def _print(browser: Browser, database: Database, said: dict[str, tuple[str, object]], name: str) -> None:
    """A picture of what verbs print on a terminal: by command line, the view and the answer."""
    console = Console(record=True, width=TERMINAL, file=io.StringIO(), highlight=False, force_terminal=True)
    for line, (view, answer) in said.items():
        content = plain(answer)
        with database.begin() as connection:
            words = words_in("en", names_in(connection, content))
        console.print(f"$ {line}", style="bold green")
        for block in VIEWS[view](content, words):
            console.print(block, markup=False)
        console.print()
    page = browser.new_page(viewport={"width": WIDE, "height": 900})
    page.set_content(console.export_svg(title="", theme=MONOKAI))
    file = IMAGES / f"{name}.png"
    page.locator("svg").first.screenshot(path=file)
    _shrink(file)


def _shoot(page: Page, address: str, sign: str, name: str, height: int | None = None) -> None:
    """Open an address, wait until `sign` is to be seen, keep the picture."""
    if height:
        page.set_viewport_size({"width": WIDE, "height": height})
    page.goto(address, wait_until="load")
    page.locator(sign).first.wait_for(state="visible")
    page.wait_for_timeout(2500)  # fonts and drawings of a page that we did not write have no sign of their own
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    _shrink(file)


def _shrink(file: Path) -> None:
    # 64 colours are enough for flat pages, and the picture is a third as large.
    Image.open(file).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(file, optimize=True)
    _say(f"{file.name}: {file.stat().st_size // 1024} KB")


def _token(settings: Settings, database: Database, case_id: str) -> str:
    """The link that the sales manager got: the same fields give the same link."""
    gate = _open_gate(database, case_id, "sales_manager")
    now = datetime.now(UTC)
    with database.begin() as connection:
        return make_link(
            connection,
            link_secret(settings),
            case_id,
            gate.gate,
            gate.round,
            gate.approvers[0],
            Purpose.DECIDE,
            now,
            now,
        )


def _open_gate(database: Database, case_id: str, name: str) -> GateRow:
    with database.begin() as connection:
        return next(row for row in gates.newest_of(connection, case_id) if row.gate == name)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
