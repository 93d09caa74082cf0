"""Decisions that do not count are turned away with a reason: rows of docs/bad-input.md."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from store.database import Database
from tests.browser.departure import CASE, DUE, PUBLIC_URL, Departure, no_engine
from tests.integration.bad_input.command import Offboard, refused, rows


@pytest.fixture
def departure(database: Database) -> Departure:
    """Chen Siyuan's case, which waits for his manager E101 and for finance."""
    return Departure(database).build()


# ---- decisions ----


def send(departure: Departure, token: str, verdict: str = "approved", note: str = "") -> httpx.Response:
    """What a program does with a link."""

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(departure.app(no_engine), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            return await client.post("/api/decisions", json={"token": token, "verdict": verdict, "note": note})

    return asyncio.run(post())


def turned_away(departure: Departure, answer: httpx.Response, status: int, reason: str) -> None:
    """The answer is that problem, and no decision was kept."""
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert rows(departure.database)["decisions"] == 0


def test_tampered_link(departure: Departure) -> None:
    token = departure.link()
    changed = token[:10] + ("A" if token[10] != "A" else "B") + token[11:]
    turned_away(departure, send(departure, changed), 404, "unknown")


def test_late_decision(departure: Departure) -> None:
    token = departure.link()
    departure.clock.now = DUE + timedelta(seconds=1)
    turned_away(departure, send(departure, token), 410, "late")


def test_decision_on_a_changed_report(departure: Departure) -> None:
    token = departure.link()
    departure.change_report()
    departure.ask_again("sales_manager", "E101")
    turned_away(departure, send(departure, token), 409, "report_changed")


def test_decline_without_a_reason(departure: Departure) -> None:
    turned_away(departure, send(departure, departure.link(), "declined"), 422, "reason_missing")


def test_decision_after_the_end(departure: Departure) -> None:
    token = departure.link()
    departure.end()
    turned_away(departure, send(departure, token), 410, "not_open")


def test_second_and_different_decision(departure: Departure) -> None:
    token = departure.link()
    assert send(departure, token).status_code == 202
    answer = send(departure, token, "declined", "I have changed my mind")
    assert (answer.status_code, answer.json()["reason"]) == (409, "already_decided")
    assert rows(departure.database)["decisions"] == 1


def test_unknown_verdict(departure: Departure) -> None:
    turned_away(departure, send(departure, departure.link(), "perhaps"), 400, "malformed")


@pytest.mark.parametrize(
    ("gate", "by", "reason"),
    [
        ("treasury", "E101", "not_open"),
        ("sales_manager", "E102", "not_an_approver"),
        ("sales_manager", "E100", "separation_of_duties"),
        ("sales_manager", "E104", "separation_of_duties"),
    ],
    ids=["unknown gate", "somebody else", "the leaver", "who started the case"],
)
def test_decision_by_the_wrong_person_or_at_an_unknown_gate(
    offboard: Offboard, departure: Departure, gate: str, by: str, reason: str
) -> None:
    refused(offboard("decide", CASE, gate, "--approve", "--as", by, "--json"), f'"refusal": "{reason}"')
    assert rows(departure.database)["decisions"] == 0


def test_both_answers_at_once(offboard: Offboard, departure: Departure) -> None:
    both = offboard("decide", CASE, "sales_manager", "--approve", "--reject", "--as", "E101")
    refused(both, "say one of --approve", code=2)
    refused(offboard("decide", CASE, "sales_manager", "--approve"), "--as PERSON", code=2)
