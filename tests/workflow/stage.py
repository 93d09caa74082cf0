"""One departure on real servers: the real worker with its real departments on a database of its own."""

import asyncio
import json
import mailbox
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text
from temporalio.client import Client, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.testing import TimeSkipper, TimeSkippingConfig, WorkflowEnvironment

from models.approvals import Decision, DecisionReceipt, Refusal, Verdict, Via
from models.case import CaseDates, CaseProgress, CaseResult, NewPlan, Phase, SeparationKind
from models.errors import DecisionRefused
from models.judging import NEEDS_REASON
from services.cases import StartedCase, StartOrder, as_refusal, reschedule, start_case
from settings import Settings
from store import decisions, gates
from store.database import Database
from store.policies import SHIPPED
from tests.approval_case import ROLES
from tests.company import Company
from worker import build_activities, build_worker

CASE = "offboarding-E1"
MONTH = timedelta(days=30)
PATIENCE = timedelta(seconds=20)
NOTE = "because of the debts"


class Stage(ABC):
    """The case of E1, or the workflow with another `id`.

    Decisions are stamped with the time of the case, as the hook stamps them in real life.
    """

    def __init__(self, client: Client, database: Database, home: Path) -> None:
        self.client = client
        self.database = database
        self.id = CASE
        self.settings = Settings(
            home=home,
            public_url="http://hook.test",
            link_secret=SecretStr("a secret of thirty-two characters"),
            policy_dir=home,
        )

    @abstractmethod
    async def clock(self) -> datetime:
        """The time of the case."""

    @abstractmethod
    async def pass_time(self, span: timedelta) -> None:
        """Let time go by at once; what falls due on the way happens."""

    async def pass_until(self, moment: datetime) -> None:
        """Let time go by until a moment."""
        await self.pass_time(moment - await self.clock())

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """The running workflow that the stage is about: the case of E1 unless another id was set."""
        return self.client.get_workflow_handle(self.id, result_type=CaseResult if self.id == CASE else None)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """The worker of production, for as long as the block lasts."""
        with ThreadPoolExecutor(16) as executor:
            async with build_worker(self.client, build_activities(self.settings, self.database), executor):
                yield

    def policy(self, separation: str = "case", **gates: str | dict[str, Any]) -> str:
        """The name of a policy like the shipped one, with these gates.

        Each gate with its rules, or with what silence leads to alone. `separation`: who votes once in a case.
        """
        text_of_policy = (SHIPPED / "ifrs.toml").read_text().split("[[gates]]")[0]
        text_of_policy = text_of_policy.replace('name = "ifrs"', 'name = "test"', 1)
        text_of_policy = text_of_policy.replace('separation = "case"', f'separation = "{separation}"', 1)
        for gate, rules in gates.items():
            own = rules if isinstance(rules, dict) else {"on_silence": rules}
            lines = {"gate": gate, "role": ROLES[gate].value, "working_days": 2} | own
            text_of_policy += "[[gates]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
        (self.settings.home / "test.toml").write_text(text_of_policy)
        return "test"

    async def start(self, **order: Any) -> StartedCase:
        """Start the departure as HR does, by H2, with a month to go."""
        today = (await self.clock()).date()
        fields: dict[str, Any] = {
            "employee": "E1",
            "kind": SeparationKind.RESIGNATION,
            "last_working_day": today + MONTH,
            "requested_by": "H2",
            "policy": "ifrs",
        }
        return await start_case(
            self.client, self.database, StartOrder(**(fields | order)), policy_dir=self.settings.policy_dir
        )

    async def reschedule(self, days_from_today: timedelta) -> CaseDates:
        """HR moves the last working day."""
        day = (await self.clock()).date() + days_from_today
        return await reschedule(self.client, CASE, day, "H2")

    async def replan(self, exclude: Sequence[str] = ()) -> CaseProgress:
        """HR wants another handover plan."""
        wish = NewPlan(exclude=tuple(exclude), requested_by="H2")
        answer: CaseProgress = await self.handle.execute_update("replan", wish, result_type=CaseProgress)
        return answer

    async def progress(self) -> CaseProgress:
        """What the case says about itself."""
        answer: CaseProgress = await self.handle.query("progress", result_type=CaseProgress)
        return answer

    async def until(self, holds: Callable[[CaseProgress], bool], within: float = 30) -> CaseProgress:
        """Wait for the case to be so; fails with what it was instead."""
        give_up = time.monotonic() + within
        while not holds(now := await self.progress()):
            assert time.monotonic() < give_up, f"not within {within} s: {now}"
            await asyncio.sleep(0.03)
        return now

    async def until_asked(self) -> CaseProgress:
        """Wait until people are asked."""
        return await self.until(lambda now: bool(now.gates) and all(gate.waiting_on for gate in now.gates))

    async def until_phase(self, phase: Phase) -> CaseProgress:
        """Wait for a phase."""
        return await self.until(lambda now: now.phase is phase)

    async def eventually(self, holds: Callable[[], bool], what: str, within: float = 20) -> None:
        """Wait for our books to be so."""
        give_up = time.monotonic() + within
        while not holds():
            assert time.monotonic() < give_up, f"not within {within} s: {what}"
            await asyncio.sleep(0.03)

    # ---- decisions, as the hook makes them ----

    async def press(  # the fields of a button, all of them optional
        self,
        gate: str,
        verdict: Verdict = Verdict.APPROVED,
        by: str | None = None,
        accepted_at: datetime | None = None,
        digest: str | None = None,
        number: int | None = None,
        for_id: str | None = None,
    ) -> Decision:
        """Write a decision down before anybody hears of it, as the hook does; returns it for the engine.

        It answers the newest round, or the one with that number.
        """
        at = accepted_at or await self.clock()
        with self.database.begin() as connection:
            row = gates.current(connection, CASE, gate)
            assert row is not None, f"{gate} was never opened"
            person, answered = by or row.approvers[0], number or row.round
            kept = decisions.accept(
                connection,
                self.settings.link_secret.get_secret_value(),
                case_id=CASE,
                gate=gate,
                round=answered,
                number=len(decisions.said_by(connection, CASE, gate, answered, person)) + 1,
                verdict=verdict,
                by=person,
                for_id=for_id,
                via=Via.SESSION,
                note=NOTE if verdict in NEEDS_REASON else "",
                report_digest=digest or row.report_digest,
                accepted_at=at,
            )
        return kept.message()

    async def update(self, decision: Decision) -> DecisionReceipt:
        """Deliver by update. Raises what the case refuses, as its callers see it."""
        try:
            answer: DecisionReceipt = await self.handle.execute_update(
                "decide", decision, id=decision.decision_id, result_type=DecisionReceipt, rpc_timeout=PATIENCE
            )
        except WorkflowUpdateFailedError as refused:
            raise as_refusal(refused) from refused
        return answer

    async def refusal_of(self, decision: Decision) -> Refusal | None:
        """Why an update does not count: said at once, or in its receipt where the case had to look first."""
        try:
            return (await self.update(decision)).refusal
        except DecisionRefused as refused:
            return Refusal(refused.detail["reason"])

    async def signal(self, decision: Decision) -> None:
        """Deliver by signal, in the raw form that the hook sends."""
        await self.handle.signal("decision", decision.model_dump(mode="json"))

    async def decide(self, *names: str, verdict: Verdict = Verdict.APPROVED) -> None:
        """Whoever is asked at these gates decides, by update; at all open gates when none is named."""
        for name in names or [view.gate for view in (await self.progress()).gates if view.outcome is None]:
            receipt = await self.update(await self.press(name, verdict))
            assert receipt.counted, receipt

    # ---- what is left behind ----

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def run(self, statement: str, **values: object) -> None:
        """One statement, committed."""
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def evidence(self, *kinds: str) -> list[str]:
        """Kinds of the evidence, in order; only those that are named."""
        every = [row["kind"] for row in self.rows("SELECT kind FROM evidence ORDER BY seq")]
        return [kind for kind in every if not kinds or kind in kinds]

    def forgeries(self) -> list[str]:
        """Ids of the decisions of which the evidence says that they never went by the hook."""
        rows = self.rows("SELECT body ->> 'decision' AS id FROM evidence WHERE kind = 'decision.forged' ORDER BY seq")
        return [row["id"] for row in rows]

    def told(self) -> list[tuple[str, str, int]]:
        """Every message as (kind, recipient, attempts), in order."""
        query = "SELECT kind, recipient_id, attempts FROM outbox WHERE sent_at IS NOT NULL ORDER BY created_at, id"
        return [(row["kind"], row["recipient_id"], row["attempts"]) for row in self.rows(query)]

    def letters(self) -> list[Message]:
        """The mails that left."""
        folder = self.settings.home / "mail"
        return list(mailbox.Maildir(folder, create=False)) if (folder / "new").is_dir() else []

    async def history(self) -> WorkflowHistory:
        """Everything that the engine keeps of the case."""
        return await self.handle.fetch_history()


class TestServerStage(Stage):
    """On the time-skipping test server: one clock for everybody on it."""

    __test__ = False

    def __init__(self, environment: WorkflowEnvironment, database: Database, home: Path) -> None:
        super().__init__(environment.client, database, home)
        self._environment = environment

    async def clock(self) -> datetime:
        """The time of the server."""
        return await self._environment.get_current_time()

    async def pass_time(self, span: timedelta) -> None:
        """Skip, for every timer on the server.

        In steps: the server has half a minute for one, and a failing activity is tried again in every minute of it.
        """
        step = timedelta(hours=1) if span <= timedelta(days=1) else timedelta(days=1)
        while span > timedelta(0):
            await self._environment.sleep(min(span, step))
            span -= step


class DevServerStage(Stage):
    """On the dev server: its clock is real, and the clock of the case can be put forward."""

    def __init__(self, client: Client, database: Database, home: Path) -> None:
        super().__init__(client, database, home)
        self._skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        self._ahead = timedelta()

    async def clock(self) -> datetime:
        """The time of the case."""
        return datetime.now(UTC) + self._ahead

    async def pass_time(self, span: timedelta) -> None:
        """Put the clock of the case forward."""
        await self._skipper.fast_forward(self.handle, span)
        self._ahead += span


def build_company(database: Database, clients: int = 2) -> Company:
    """The small company, with an address for everybody, and a leaver whose name also has Chinese characters."""
    company = Company.build(database, clients=clients)
    with database.begin() as connection:
        connection.execute(text("UPDATE employees SET email = lower(id) || '@example.com'"))
        connection.execute(text("UPDATE employees SET name = '李娜 Lina Liang' WHERE id = 'E1'"))
    return company
