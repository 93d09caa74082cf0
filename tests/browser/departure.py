"""A departure for tests of the hook: real rows, real links, and a small real workflow that judges decisions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from temporalio import workflow
from temporalio.client import Client

from models.approvals import (
    Decision,
    DecisionReceipt,
    GateOutcome,
    GatePlan,
    GateRound,
    Ladder,
    Refusal,
    Seat,
    Verdict,
    Via,
    Vote,
)
from models.case import CaseDates, CasePlan, CaseRequest, Phase, SeparationKind
from models.errors import DecisionRefused
from models.judging import Standing, cast, judge, tally
from models.people import Role
from models.report import CaseReport
from models.risk_level import Level
from store import cases, decisions, gates, reports, sessions
from store.database import Database
from store.gates import GateRow
from store.links import Purpose, make_link
from store.policies import load_policy
from store.sessions import Method
from store.tables import employees
from tests.report_builder import build_report
from web.app import create_app

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)  # 12:00 in Shanghai
DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)  # 18:00 in Shanghai
SECRET = "a secret of thirty-two characters"
PUBLIC_URL = "http://hook.test"
CASE = "offboarding-E100"
QUEUE = "hook-tests"


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Departure:
    """Chen Siyuan leaves; `sales_manager` waits for his manager (zh-CN), `finance` for Daniel Okafor (en).

    `needed` of the people at a gate must approve. From `sign_in_from` on a link alone decides nothing.
    """

    database: Database
    clock: Clock = field(default_factory=Clock)
    rounds: list[GateRound] = field(default_factory=list)
    report: CaseReport = field(default_factory=build_report)
    needed: int = 1
    sign_in_from: Level = Level.CRITICAL

    def build(self) -> "Departure":
        """Write people, the case, its report and two open gates."""
        with self.database.begin() as connection:
            connection.execute(employees.insert(), [_person(*row) for row in _PEOPLE])
            request = CaseRequest(
                case_id=CASE, employee_id="E100", kind=SeparationKind.RESIGNATION, requested_by="E104",
                last_working_day=self.report.case.last_working_day, policy="ifrs",
            )  # fmt: skip
            policy = load_policy("ifrs").model_copy(update={"sign_in_from_level": self.sign_in_from})
            cases.create(connection, request, policy, _plan(self), at=NOON)
            cases.set_phase(connection, CASE, Phase.APPROVING)
            reports.save(connection, self.report, "first", at=NOON)
        self.open("sales_manager", "E101")
        self.open("finance", "E102")
        return self

    @property
    def plans(self) -> tuple[GatePlan, ...]:
        """The plans of all gates that may open."""
        return tuple(
            GatePlan(
                gate=gate, role=role, people=self.needed, needed=self.needed, due_at=DUE,
                escalation_due_at=DUE + timedelta(days=2),
            )
            for gate, role in (
                ("sales_manager", Role.SALES_MANAGER), ("finance", Role.FINANCE_REVIEWER), ("hr", Role.HRBP)
            )
        )  # fmt: skip

    def open(self, gate: str, *approvers: str, number: int = 1, due: datetime = DUE, **delegates: str) -> GateRound:
        """Ask people: one round under the newest report. `delegates` may answer for an approver as well."""
        seats = tuple(Seat(principal=person, delegate=delegates.get(person)) for person in approvers)
        opened = GateRound(
            gate=gate, round=number, ladder=Ladder.APPROVER, seats=seats, due_at=due,
            report_version=self.report.version, report_digest=self.report.digest,
        )  # fmt: skip
        row = GateRow(
            case_id=CASE, approvers=opened.approvers, opened_at=self.clock.now,
            **{name: getattr(opened, name) for name in GateRound.model_fields if name != "reminders_at"},
        )  # fmt: skip
        with self.database.begin() as connection:
            gates.open_round(connection, row)
        self.rounds.append(opened)
        return opened

    def link(self, gate: str = "sales_manager", approver: str = "E101", number: int = 1, **fields: Any) -> str:
        """The token that was sent to somebody."""
        fields = {"purpose": Purpose.DECIDE, "expires_at": DUE + timedelta(days=30), "at": NOON} | fields
        with self.database.begin() as connection:
            return make_link(connection, SECRET, CASE, gate, number, approver, **fields)

    def say(
        self, verdict: Verdict, by: str, gate: str = "sales_manager", *, counted: bool = True, note: str = ""
    ) -> str:
        """Somebody answers through the hook, and the case counts it or has not heard of it yet; returns its id."""
        with self.database.begin() as connection:
            row = gates.current(connection, CASE, gate)
            assert row is not None
            number = 1 + len(decisions.said_by(connection, CASE, gate, row.round, by))
            said = decisions.accept(
                connection, SECRET, case_id=CASE, gate=gate, round=row.round, number=number, verdict=verdict, by=by,
                for_id=None, via=Via.LINK, note=note, report_digest=row.report_digest, accepted_at=self.clock.now,
            )  # fmt: skip
            if counted:
                decisions.settle(connection, said.id, DecisionReceipt(decision_id=said.id, gate=gate, counted=True))
        return said.id

    def close(self, gate: str, verdict: Verdict, by: str | None, number: int = 1) -> None:
        """End a round, as the case does when it has counted a decision or waited in vain."""
        outcome = GateOutcome(gate=gate, verdict=verdict, by=by, at=self.clock.now, round=number)
        with self.database.begin() as connection:
            gates.close(connection, CASE, outcome)

    def change_report(self) -> None:
        """A new version of the report with another score; open rounds still name the old one."""
        fields = {"version": self.report.version + 1, "score": self.report.score + 9}
        self.report = self.report.model_copy(update=fields).sealed()
        with self.database.begin() as connection:
            reports.save(connection, self.report, f"version {self.report.version}", at=self.clock.now)

    def escalate(self, gate: str, approver: str) -> GateRound:
        """Nobody answered in time, and somebody else is asked."""
        self.clock.now = DUE + timedelta(minutes=1)
        return self.ask_again(gate, approver)

    def ask_again(
        self, gate: str, *approvers: str, due: datetime = DUE + timedelta(days=2), **delegates: str
    ) -> GateRound:
        """A second round, for other people or under another report."""
        opened = self.open(gate, *approvers, number=2, due=due, **delegates)
        with self.database.begin() as connection:
            row = gates.current(connection, CASE, gate)
            assert row is not None
            changed = delegates or opened.report_digest != self.rounds[0].report_digest
            gates.end_earlier_rounds(
                connection, row, gates.SUPERSEDED if changed else Verdict.TIMED_OUT, at=self.clock.now
            )
        return opened

    def sign_in(self, person: str) -> dict[str, str]:
        """The cookie of somebody who has signed in."""
        with self.database.begin() as connection:
            return {"offboard": sessions.start(connection, SECRET, person, Method.OIDC, at=self.clock.now)}

    def hire(self, *row: str | None) -> None:
        """One more person: id, name, role, manager, language, zone."""
        with self.database.begin() as connection:
            connection.execute(employees.insert(), [_person(*row)])

    def dismiss(self, person: str) -> None:
        """Somebody is no longer active."""
        with self.database.begin() as connection:
            connection.execute(update(employees).where(employees.c.id == person).values(status="left"))

    def end(self, phase: Phase = Phase.WITHDRAWN) -> None:
        """The case is over."""
        with self.database.begin() as connection:
            cases.set_phase(connection, CASE, phase, ended_at=self.clock.now)

    def app(self, client: Callable[[], Awaitable[Client]], public_url: str = PUBLIC_URL) -> Any:
        """The hook of this departure."""
        return create_app(self.database, client, SECRET, public_url, self.clock)


async def no_engine() -> Client:
    """An engine that is down."""
    raise RuntimeError("connection refused")


@workflow.defn(name="Offboarding")
class SmallCase:
    """Judges decisions as the case does, and ends when every gate has an outcome."""

    @workflow.init
    def __init__(self, rounds: list[GateRound], plans: list[GatePlan]) -> None:
        self._rounds = {each.gate: each for each in rounds}
        self._plans = {each.gate: each for each in plans}
        self._votes: dict[str, tuple[Vote, ...]] = {}
        self._receipts: dict[str, DecisionReceipt] = {}
        self._outcomes: dict[str, GateOutcome] = {}
        self._successor = ""
        self._over = False

    @workflow.run
    async def run(self, rounds: list[GateRound], plans: list[GatePlan]) -> dict[str, GateOutcome]:
        """Wait for people."""
        await workflow.wait_condition(lambda: self._over)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._outcomes

    @workflow.update
    def decide(self, decision: Decision) -> DecisionReceipt:
        """Judge one decision, once."""
        return self._judge(decision)

    @decide.validator
    def check_decision(self, decision: Decision) -> None:
        """Refuse before anything is written: a gate that is not open yet, and a successor who was just chosen."""
        if decision.gate not in self._rounds:
            raise DecisionRefused("no such gate is open", reason=Refusal.NOT_OPEN.value)
        if decision.by == self._successor:
            raise DecisionRefused("a successor may not decide", reason=Refusal.SEPARATION_OF_DUTIES.value)

    @workflow.signal
    def decision(self, raw: dict[str, Any]) -> None:
        """The same by the other way."""
        self._judge(Decision.model_validate(raw))

    @workflow.signal
    def choose(self, successor: str) -> None:
        """Plan to hand the clients to somebody, who may then not decide."""
        self._successor = successor

    @workflow.signal
    def finish(self) -> None:
        """End the case."""
        self._over = True

    @workflow.query
    def receipts(self) -> dict[str, DecisionReceipt]:
        """Everything that was heard, by decision."""
        return self._receipts

    def _judge(self, decision: Decision) -> DecisionReceipt:
        if known := self._receipts.get(decision.decision_id):
            return known
        gate, current = decision.gate, self._rounds.get(decision.gate)
        votes, plan = self._votes.get(gate, ()), self._plans[gate]
        outcome = self._outcomes.get(gate)
        standing = Standing(current=current, outcome=outcome, votes=votes, barred=frozenset({"E100"}))
        refusal = judge(decision, standing)
        if refusal is None and current:
            votes = self._votes[gate] = cast(decision, current.seats, votes)
            if end := tally(votes, plan, len(current.seats)):
                outcome = GateOutcome(gate=gate, verdict=end, by=decision.by, at=decision.accepted_at, votes=votes)
                self._outcomes[gate] = outcome
        receipt = DecisionReceipt(
            decision_id=decision.decision_id, gate=gate, counted=refusal is None, refusal=refusal,
            verdict=outcome.verdict if outcome else None, decided_by=outcome.by if outcome else None,
            votes=sum(vote.verdict is Verdict.APPROVED for vote in votes), needed=plan.needed,
        )  # fmt: skip
        self._receipts[decision.decision_id] = receipt
        return receipt


_PEOPLE = (
    ("E100", "陈思远", "salesperson", "E101", "zh-CN", "Asia/Shanghai"),
    ("E101", "李娜", "sales_manager", "E105", "zh-CN", "Asia/Shanghai"),
    ("E102", "Daniel Okafor", "finance_reviewer", None, "en", "Asia/Shanghai"),
    ("E104", "Priya Raman", "hrbp", None, "en", "Asia/Shanghai"),
    ("E105", "赵敏", "sales_manager", None, "zh-CN", "Asia/Shanghai"),
)


def _person(key: str, name: str, role: str, manager: str | None, language: str, zone: str) -> dict[str, Any]:
    return {
        "id": key, "source_key": key, "name": name, "role": role, "manager_id": manager, "language": language,
        "time_zone": zone, "department": "华东销售部", "region": "上海", "country": "CN",
        "email": f"{key.lower()}@example.com",
    }  # fmt: skip


def _plan(departure: Departure) -> CasePlan:
    last = departure.report.case.last_working_day
    return CasePlan(
        case_id=CASE, employee_id="E100", region="上海", department="华东销售部",
        dates=CaseDates(
            notice_date=NOON.date(), last_working_day=last, access_cutoff=DUE + timedelta(days=22), separation_date=last
        ),
        as_of=NOON.date(), policy_name="ifrs", policy_version="2026.1", branch_budget_seconds=60, first_grades=(),
        gates=departure.plans, barred=("E104",), time_zone="Asia/Shanghai",
    )  # fmt: skip
