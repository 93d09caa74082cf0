"""Every part, field and action over real HTTP: the page of a case shows what the table says, and not a word more."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import event, select, update

from models.approvals import GatePlan, Verdict, Via
from models.case import Branch
from models.handover import SuccessorPlan, Transfer
from models.people import Role
from models.reasons import because
from models.risk import Domain, DomainScore, DomainStatus
from models.secrecy import SENSITIVE, TABLE, Action, Field, Part, rights_of
from services import questions
from store import branches, cases, decisions, evidence
from store.database import Database
from store.tables import cases as case_table
from store.tables import evidence as entries
from tests.browser.departure import CASE, DUE, NOON, PUBLIC_URL, SECRET, Departure, no_engine
from tests.report_builder import build_report

Pages = httpx.AsyncClient
MORE = {"it": Role.IT_ADMIN, "legal": Role.LEGAL_COUNSEL}
# (id, role) of whoever has a part, and the gate where they are asked.
PEOPLE: dict[Part, tuple[str, str | None]] = {
    Part.SALES_MANAGER: ("E101", "sales_manager"),
    Part.FINANCE_REVIEWER: ("E102", "finance"),
    Part.HRBP: ("E110", "hr"),
    Part.IT_ADMIN: ("E111", "it"),
    Part.LEGAL_COUNSEL: ("E112", "legal"),
    Part.STARTER: ("E113", None),
    Part.HR_OFFICE: ("E104", None),
    Part.IT_OFFICE: ("E114", None),
    Part.SUCCESSOR: ("E103", None),
    Part.LEAVER: ("E100", None),
    Part.OTHER: ("E105", None),
}
# Whoever is asked because of their office has the part of the office as well.
ALSO = {Part.HRBP: {Part.HR_OFFICE}, Part.IT_ADMIN: {Part.IT_OFFICE}}
# What only this field says on the page.
SAYS = {
    Field.LEAVER: "陈思远",
    Field.REASON: "canary-of-the-reason",
    Field.LEVEL: '<span class="level ',
    Field.MONEY: "<dt>Money at risk</dt>",
    Field.DEBTORS: "<h2>Who owes most</h2>",
    Field.CLIENTS: "<h2>Clients at risk</h2>",
    Field.ACCESS: "crm:api",
    Field.BEHAVIOUR: "canary-of-behaviour",
    Field.OWNERS: "<h2>Who takes over</h2>",
    Field.HANDED: "<h2>What is handed to you</h2>",
    Field.PEOPLE: "<h2>Who decides</h2>",
    Field.NOTES: "canary-of-a-note",
    Field.QUESTIONS: "canary-of-a-question",
    Field.TIMELINE: "<h2>What happened</h2>",
    Field.EVIDENCE: "Save the evidence",
}


@dataclass
class Stage:
    """A departure in which every part is somebody's and every field holds something."""

    departure: Departure
    question: str = ""

    def build(self) -> "Stage":
        """Write it."""
        departure = self.departure
        found = DomainScore(
            domain=Domain.DATA_EXFILTRATION, status=DomainStatus.ASSESSED, score=Decimal(40),
            reasons=(because("canary-of-behaviour"),),
        )  # fmt: skip
        domains = tuple(found if each.domain is found.domain else each for each in departure.report.domains)
        book = departure.report.clients
        assert book is not None
        handed = tuple(each.model_copy(update={"successor": "E103"}) for each in book.transfers)
        clients = book.model_copy(update={"transfers": handed})
        departure.report = departure.report.model_copy(update={"domains": domains, "clients": clients}).sealed()
        departure.build()
        for person, role in (
            ("E103", "salesperson"), ("E110", "hrbp"), ("E111", "it_admin"), ("E112", "legal_counsel"),
            ("E113", "other"), ("E114", "it_admin"),
        ):  # fmt: skip
            departure.hire(person, f"Person {person}", role, None, "en", "Asia/Shanghai")
        self._plan()
        for gate, person in (("hr", "E110"), ("it", "E111"), ("legal", "E112")):
            departure.open(gate, person)
        self._say()
        return self

    def ask(self) -> str:
        """One more question without an answer."""
        asked = questions.ask(
            self.departure.database, case_id=CASE, gate="finance", by="E102", text="canary-of-a-question", now=NOON
        )
        return asked.id

    def _plan(self) -> None:
        with self.departure.database.begin() as connection:
            plan = cases.get(connection, CASE).plan
            more = tuple(
                GatePlan(gate=gate, role=role, due_at=DUE, escalation_due_at=DUE + timedelta(days=2))
                for gate, role in MORE.items()
            )
            cases.set_plan(connection, plan.model_copy(update={"gates": (*plan.gates, *more), "barred": ("E113",)}))
            values = {"reason": "canary-of-the-reason", "requested_by": "E113"}
            connection.execute(update(case_table).where(case_table.c.id == CASE).values(values))

    def _say(self) -> None:
        departure = self.departure
        transfer = Transfer(kind="client", id="C1", client_id="C1", successor="E103", score=Decimal(1))
        with departure.database.begin() as connection:
            plan = SuccessorPlan(transfers=(transfer,), total_fit=Decimal(1), interim_owner="E101")
            branches.save(connection, CASE, Branch.SUCCESSORS, plan, at=NOON)
            decisions.accept(
                connection, SECRET, case_id=CASE, gate="legal", round=1, number=1, verdict=Verdict.DECLINED,
                by="E112", for_id=None, via=Via.SESSION, note="canary-of-a-note",
                report_digest=departure.report.digest, accepted_at=NOON,
            )  # fmt: skip
            for kind in ("case.started", "access.lock", "receivables.audited", "activity.looked_back"):
                evidence.append(connection, CASE, kind, {"right": "canary-of-a-right"}, at=NOON)
        self.question = self.ask()


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(Departure(database, report=build_report(clients=8))).build()


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[Pages]:
    """The hook as it is just after its start: nobody has guessed too often."""
    transport = httpx.ASGITransport(stage.departure.app(no_engine))
    async with Pages(transport=transport, base_url=PUBLIC_URL) as client:
        yield client


@pytest.fixture
async def pages(stage: Stage) -> AsyncIterator[Pages]:
    async with served(stage) as client:
        yield client


def enter(stage: Stage, pages: Pages, part: Part) -> None:
    """Sign in as whoever has this part."""
    pages.cookies.clear()
    pages.cookies.update(stage.departure.sign_in(PEOPLE[part][0]))


async def csrf(pages: Pages) -> dict[str, str]:
    found = re.search(r'name="csrf" value="([^"]+)"', (await pages.get("/inbox")).text)
    assert found
    return {"csrf": found[1]}


def reads(stage: Stage) -> list[tuple[str, Any]]:
    with stage.departure.database.begin() as connection:
        rows = connection.execute(select(entries.c.actor, entries.c.body).where(entries.c.kind == "field.read"))
        return [(row.actor, row.body["fields"]) for row in rows]


async def test_each_part_sees_its_fields_and_no_other(stage: Stage, pages: Pages) -> None:
    for part in Part:
        enter(stage, pages, part)
        page = await pages.get(f"/cases/{CASE}?lang=en")
        rights = rights_of({part} | ALSO.get(part, set()))
        assert page.status_code == (200 if Action.SEE in rights.actions else 404), part
        for field, words in SAYS.items():
            assert (words in page.text) is (field in rights.fields), (part, field)
        assert ("canary-of-a-right" in page.text) is ({Field.TIMELINE, Field.ACCESS} <= rights.fields), part
        saved = await pages.get(f"/cases/{CASE}/evidence")
        assert saved.status_code == (200 if Field.EVIDENCE in rights.fields else 404), part


async def test_each_part_may_do_its_actions_and_no_other(stage: Stage) -> None:
    for part in Part:
        async with served(stage) as pages:
            enter(stage, pages, part)
            await _try_everything(stage, pages, part)


async def _try_everything(stage: Stage, pages: Pages, part: Part) -> None:
    token, may = await csrf(pages), rights_of({part} | ALSO.get(part, set())).actions
    gate = PEOPLE[part][1] or "sales_manager"
    opened = await pages.get(f"/g/{CASE}/{gate}?lang=en")
    assert (opened.status_code in {200, 202}) is (Action.DECIDE in may), part
    for act, action in (("", Action.DECIDE), ("/ask", Action.ASK), ("/hand-over", Action.HAND_OVER)):
        # A form that our page did not make: whoever may is told so, nobody else hears that there is a case.
        sent = await pages.post(f"/g/{CASE}/{gate}{act}", data={"verdict": "approve", "to": "E105", "text": "?"})
        assert sent.status_code == (400 if action in may else 404), (part, action)
    for act, action in (("replan", Action.REPLAN), ("withdraw", Action.WITHDRAW), ("reassign", Action.REASSIGN)):
        sent = await pages.post(f"/cases/{CASE}/{act}", data=token | {"seat": "finance E102", "to": "nobody"})
        # Whoever may is told that the engine is down, or that nobody has that name.
        assert sent.status_code in ({503, 422} if action in may else {404}), (part, action)
    sent = await pages.post(f"/questions/{stage.ask()}/answer", data=token | {"text": "So it is."})
    assert sent.status_code == (303 if Action.ANSWER in may else 422), part


async def test_a_forbidden_case_is_answered_like_one_that_does_not_exist(stage: Stage, pages: Pages) -> None:
    asked: list[str] = []
    event.listen(stage.departure.database.engine, "before_cursor_execute", lambda *sent: asked.append(sent[2]))
    for part in (Part.LEAVER, Part.OTHER):
        enter(stage, pages, part)
        token, answers, work = await csrf(pages), [], []
        for case in (CASE, "offboarding-E999"):
            for path in ("", "/evidence"):
                asked.clear()
                answers.append(await pages.get(f"/cases/{case}{path}"))
                work.append(list(asked))
            answers += [await pages.post(f"/cases/{case}/{act}", data=token) for act in ("replan", "reassign")]
        assert {each.status_code for each in answers} == {404}
        assert len({each.text for each in answers}) == 1
        # The same questions to our database, one by one: the time of an answer tells nothing either.
        assert work[0] == work[2]
        assert work[1] == work[3]


async def test_guessing_cases_is_slowed_down(stage: Stage, pages: Pages) -> None:
    enter(stage, pages, Part.OTHER)
    answers = [await pages.get(f"/cases/offboarding-E{number}") for number in range(25)]
    assert [each.status_code for each in answers] == [404] * 20 + [429] * 5


async def test_reading_a_sensitive_field_is_evidence_once_an_hour(stage: Stage, pages: Pages) -> None:
    enter(stage, pages, Part.FINANCE_REVIEWER)
    for _ in range(3):
        await pages.get(f"/cases/{CASE}")
    assert reads(stage) == [("E102", ["debtors"])]
    stage.departure.clock.now += timedelta(minutes=59)
    await pages.get(f"/cases/{CASE}")
    assert len(reads(stage)) == 1
    stage.departure.clock.now += timedelta(minutes=1)
    await pages.get(f"/cases/{CASE}")
    assert reads(stage) == [("E102", ["debtors"])] * 2


async def test_every_part_that_sees_something_sensitive_is_written_down(stage: Stage, pages: Pages) -> None:
    expected = []
    for part in Part:
        enter(stage, pages, part)
        await pages.get(f"/cases/{CASE}")
        fields = rights_of({part}).fields
        if seen := sorted(field.value for field in SENSITIVE if field in fields):
            expected.append((PEOPLE[part][0], seen))
    assert reads(stage) == expected


def test_the_table_names_every_part_and_gives_the_leaver_nothing() -> None:
    assert set(TABLE) == set(Part)
    assert rights_of(set(Part)) == TABLE[Part.LEAVER]
    assert rights_of(set(Part) - {Part.LEAVER}) == TABLE[Part.SUCCESSOR]
    assert not TABLE[Part.LEAVER].fields | TABLE[Part.LEAVER].actions
    assert not TABLE[Part.OTHER].fields | TABLE[Part.OTHER].actions
