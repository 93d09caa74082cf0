"""Signs that turn text around or command a terminal never leave our pages, whoever wrote them where."""

import io
import re

import httpx
import pypdf
import pytest
from sqlalchemy import update

from reports.plain import TURNING
from reports.render import render_html, render_pdf
from store.database import Database
from store.tables import employees
from tests.browser.departure import CASE, PUBLIC_URL, Departure, no_engine
from tests.report_builder import build_report

SIGNS = "".join(map(chr, TURNING)) + "\x07\x1b\x7f\x85\x9b"
GATE = f"/g/{CASE}/sales_manager?lang=en"


@pytest.fixture
def departure(database: Database) -> Departure:
    departure = Departure(database).build()
    with database.begin() as connection:
        for person in ("E100", "E105"):
            named = update(employees).where(employees.c.id == person)
            connection.execute(named.values(name=f"Chen{SIGNS} {person}"))
    return departure


def check(page: httpx.Response, *shown: str) -> None:
    assert page.status_code in {200, 202}
    assert not set(SIGNS) & set(page.text)
    assert all(text in page.text for text in shown)


def field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found
    return found[1]


async def test_names_notes_questions_and_reasons_turn_nothing_around(departure: Departure) -> None:
    transport = httpx.ASGITransport(departure.app(no_engine))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as pages:
        pages.cookies.update(departure.sign_in("E101"))
        inbox = await pages.get("/inbox?lang=en")
        away = {"first": "2026-11-24", "last": "2026-11-25", "to": "E105", "reason": f"tired{SIGNS}"}
        await pages.post("/inbox/delegations", data={"csrf": field(inbox, "csrf")} | away)
        check(await pages.get("/inbox?lang=en"), "Chen E100", "Chen E105")
        gate = await pages.get(GATE)
        await pages.post(f"/g/{CASE}/sales_manager/ask", data={"seen": field(gate, "seen"), "text": f"who{SIGNS}?"})
        gate = await pages.get(GATE)
        check(gate, "who?")
        note = {"seen": field(gate, "seen"), "verdict": "decline", "note": f"one\ntwo{SIGNS}three"}
        await pages.post(f"/g/{CASE}/sales_manager", data=note)
        check(await pages.get(f"/g/{CASE}/sales_manager/receipt?lang=en"))
        pages.cookies.clear()
        pages.cookies.update(departure.sign_in("E104"))
        check(await pages.get(f"/cases/{CASE}?lang=en"), "Chen E100", "who?")


def test_the_report_turns_nothing_around() -> None:
    report = build_report()
    report = report.model_copy(update={"case": report.case.model_copy(update={"leaver_name": f"Chen{SIGNS}Siyuan"})})
    assert "ChenSiyuan" in render_html(report, "en")
    assert not set(SIGNS) & set(render_html(report, "en"))
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render_pdf(report, "en"))).pages)
    assert not set(map(chr, TURNING)) & set(text)
