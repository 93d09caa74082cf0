"""POST /api/webhooks/decisions while the engine is down: who may call, what is kept, and that nothing counts twice."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from models.approvals import Verdict, Via
from store import decisions, evidence
from store.decisions import StoredDecision
from store.tables import webhook_receipts
from tests.browser.departure import CASE, DUE, NOON, PUBLIC_URL, Departure
from tests.integration.exchange.calling import NEW, OLD, PATH, Program, hook_of, signed


def kept(departure: Departure, gate: str = "sales_manager") -> list[StoredDecision]:
    with departure.database.begin() as connection:
        return decisions.of_gate(connection, CASE, gate)


def receipts(departure: Departure) -> int:
    with departure.database.begin() as connection:
        return connection.execute(select(func.count()).select_from(webhook_receipts)).scalar_one()


def said(answer: httpx.Response) -> tuple[int, str]:
    body: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["status"] == answer.status_code
        assert body["type"] == f"{PUBLIC_URL}/problems/{body['reason']}"
    return answer.status_code, str(body["reason"] if answer.status_code >= 400 else body["state"])


async def test_a_decision_is_kept_with_the_way_that_it_came(program: Program, departure: Departure) -> None:
    answer = await program.call("call-1", note="fine by me", occurred_at="2020-01-01T00:00:00Z")
    assert said(answer) == (202, "stored")
    (stored,) = kept(departure)
    assert (stored.by, stored.verdict, stored.via, stored.note) == ("E101", Verdict.APPROVED, Via.WEBHOOK, "fine by me")
    assert stored.accepted_at == NOON
    assert answer.json()["decision_id"] == stored.id
    with departure.database.begin() as connection:
        (entry,) = evidence.read(connection, CASE)
    assert entry.kind == "decision.accepted"
    assert "webhook" in str(entry.body)


async def test_a_person_may_be_named_by_their_mail_address(program: Program, departure: Departure) -> None:
    assert said(await program.call("call-1", by="E101@Example.com")) == (202, "stored")
    assert [each.by for each in kept(departure)] == ["E101"]


async def test_both_secrets_are_good_while_one_is_replaced(program: Program) -> None:
    assert said(await program.call("new", secret=NEW)) == (202, "stored")
    assert said(await program.call("old", secret=OLD)) == (202, "stored")
    assert said(await program.call("none", secret=NEW[:-4] + "AAAA")) == (401, "bad_signature")


async def test_without_a_secret_there_is_no_such_route(departure: Departure) -> None:
    transport = httpx.ASGITransport(hook_of(departure, secrets=""))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        assert (await Program(http, departure).call("call-1")).status_code == 404
    assert kept(departure) == []


async def test_who_may_not_decide_may_not_by_call(program: Program, departure: Departure) -> None:
    refused = {
        "leaver": await program.call("1", by="E100"),
        "starter": await program.call("2", by="E104"),
        "not asked": await program.call("3", by="E105"),
        "nobody": await program.call("4", by="E999"),
        "in place of": await program.call("5", by="E105", **{"for": "E101"}),
    }
    assert {name: said(answer)[0] for name, answer in refused.items()} == dict.fromkeys(refused, 403)
    assert said(refused["nobody"]) == said(refused["not asked"]) == (403, "not_an_approver")
    assert kept(departure) == []


async def test_what_is_unknown_closed_or_about_another_report_is_said_so(
    program: Program, departure: Departure
) -> None:
    assert said(await program.call("1", case="offboarding-nobody")) == (404, "unknown_case")
    assert said(await program.call("2", gate="no_such_gate")) == (404, "unknown_case")
    assert said(await program.call("3", gate="hr", by="E104")) == (409, "not_open")
    assert said(await program.call("4", report_version=7)) == (409, "report_changed")
    assert said(await program.call("5", report_version=None, report_digest="0" * 64)) == (409, "report_changed")
    assert said(await program.call("6", verdict="declined")) == (422, "reason_missing")
    assert said(await program.call("7", verdict="taken_back")) == (409, "no_vote")
    departure.clock.now = DUE + timedelta(seconds=1)
    assert said(await program.call("8")) == (409, "late")
    departure.end()
    assert said(await program.call("9")) == (409, "not_open")
    assert kept(departure) == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"verdict": "timed_out"}, "/verdict"),
        ({"case": "E100"}, "/case"),
        ({"case": "offboarding-\0"}, "/case"),
        ({"by": ""}, "/by"),
        ({"note": "a\0b"}, "/note"),
        ({"note": "x" * 1501}, "/note"),
        ({"report_version": None}, ""),
        ({"report_version": 0}, "/report_version"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_what_cannot_be_read_is_named(program: Program, departure: Departure, fields: Any, pointer: str) -> None:
    answer = await program.call("call-1", **fields)
    assert said(answer) == (400, "malformed")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (kept(departure), receipts(departure)) == ([], 0)


async def test_the_same_id_at_the_same_time_has_one_effect(program: Program, departure: Departure) -> None:
    answers = await asyncio.gather(*(program.call("call-1", verdict="declined", note="no") for _ in range(10)))
    assert {said(answer) for answer in answers} == {(202, "stored")}
    assert len({answer.json()["decision_id"] for answer in answers}) == 1
    assert len(kept(departure)) == 1


async def test_the_same_id_with_another_body_is_refused(program: Program, departure: Departure) -> None:
    await program.call("call-1")
    assert said(await program.call("call-1", verdict="declined", note="no")) == (409, "call_reused")
    assert [each.verdict for each in kept(departure)] == [Verdict.APPROVED]


async def test_a_refusal_stands_although_the_call_would_be_right_by_now(program: Program, departure: Departure) -> None:
    first = await program.call("call-1", gate="hr", by="E105")
    departure.open("hr", "E105")
    again = await program.call("call-1", gate="hr", by="E105")
    assert (said(again), again.text) == ((409, "not_open"), first.text)
    assert said(await program.call("call-2", gate="hr", by="E105")) == (202, "stored")


async def test_a_replay_after_the_vote_was_taken_back_does_not_vote_again(
    program: Program, departure: Departure
) -> None:
    await program.call("call-1")
    departure.clock.now += timedelta(seconds=1)
    assert said(await program.call("call-2", verdict="taken_back")) == (202, "stored")
    departure.clock.now += timedelta(seconds=1)
    await program.call("call-1")
    assert [each.verdict for each in kept(departure)] == [Verdict.APPROVED, Verdict.TAKEN_BACK]
    await program.call("call-3")
    assert [each.verdict for each in kept(departure)][2:] == [Verdict.APPROVED]


async def test_a_call_counts_from_its_first_arrival_on(program: Program, departure: Departure) -> None:
    departure.clock.now = DUE
    assert said(await program.call("call-1")) == (202, "stored")
    departure.clock.now = DUE + timedelta(hours=1)
    assert said(await program.call("call-1")) == (202, "stored")
    assert [each.accepted_at for each in kept(departure)] == [DUE]


async def test_an_old_call_is_refused_although_it_is_signed(program: Program, departure: Departure) -> None:
    body = program.body()
    for age in (timedelta(seconds=301), timedelta(seconds=-302)):
        answer = await program.http.post(PATH, content=body, headers=signed(body, "call-1", age=age))
        assert said(answer) == (401, "bad_signature")
    assert (kept(departure), receipts(departure)) == ([], 0)


async def test_guessing_signatures_is_slowed_down_and_right_ones_are_not(program: Program) -> None:
    wrong = [await program.call(f"guess-{number}", secret=NEW[:-4] + "AAAA") for number in range(25)]
    assert {said(answer)[0] for answer in wrong[:20]} == {401}
    assert {said(answer)[0] for answer in wrong[20:]} == {429}
    assert int(wrong[-1].headers["retry-after"]) > 0
    assert said(await program.call("call-1")) == (202, "stored")


async def test_a_changed_byte_of_the_body_is_seen(program: Program, departure: Departure) -> None:
    body = program.body()
    headers = signed(body, "call-1")
    answer = await program.http.post(PATH, content=body.replace(b"approved", b"declined"), headers=headers)
    assert said(answer) == (401, "bad_signature")
    assert kept(departure) == []
