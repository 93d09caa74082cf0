"""A hundred decisions at random times: reminders and the escalation come when they are due, and never after the end.

A workflow of the desk alone, with an office that only writes down what it is asked to do.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

import worker
from models.approvals import (
    CollectDecisions,
    CollectedDecisions,
    GateRound,
    Ladder,
    OpenedGates,
    OpenGates,
    RecordDecisions,
    RecordedDecisions,
    Remind,
    Reseat,
    Reseated,
    Seat,
)
from tests.workflow.desk_alone import FIRST, SECOND, WHO, DeskAlone
from tests.workflow.stage import TestServerStage

QUEUE = "desk alone"
DRAWS = 100
SHARES = (0.5, 0.9)


@dataclass(frozen=True)
class Draw:
    """How long after the first ask whoever is asked then decides."""

    case_id: str
    after_seconds: float


class Office:
    """What it was asked to do, by case, with the time of the case."""

    def __init__(self) -> None:
        self.done: dict[str, list[tuple[str, datetime]]] = {}

    def _note(self, case_id: str, what: str, at: datetime) -> None:
        self.done.setdefault(case_id, []).append((what, at))

    @activity.defn(name="open_gates")
    def open_gates(self, asked: OpenGates) -> OpenedGates:
        """Ask the one person of that step."""
        (ask,) = asked.asks
        self._note(asked.case_id, ask.ladder.value, asked.at)
        span = FIRST if ask.ladder is Ladder.APPROVER else SECOND
        opened = GateRound(
            gate=ask.gate,
            round=ask.round,
            ladder=ask.ladder,
            seats=(Seat(principal=WHO[ask.ladder]),),
            due_at=asked.at + span,
            report_version=1,
            report_digest="d",
            reminders_at=tuple(asked.at + span * share for share in SHARES),
        )
        return OpenedGates(rounds=(opened,))

    @activity.defn(name="reseat_gates")
    def reseat(self, asked: Reseat) -> Reseated:
        """Nobody else."""
        return Reseated()

    @activity.defn(name="remind_approvers")
    def remind(self, asked: Remind) -> None:
        """A reminder."""
        self._note(asked.case_id, f"reminder {asked.number} of {asked.round}", asked.at)

    @activity.defn(name="collect_decisions")
    def collect_decisions(self, asked: CollectDecisions) -> CollectedDecisions:
        """Nothing that was not heard."""
        return CollectedDecisions(decisions=())

    @activity.defn(name="record_decisions")
    def record_decisions(self, asked: RecordDecisions) -> RecordedDecisions:
        """All are genuine."""
        return RecordedDecisions()


def due(draw: Draw) -> list[tuple[str, timedelta]]:
    """What has to be done until the decision, with its time after the first ask."""
    every = [
        ("approver", timedelta(0)),
        *((f"reminder {number} of 1", FIRST * share) for number, share in enumerate(SHARES, 1)),
        ("escalation", FIRST),
        *((f"reminder {number} of 2", FIRST + SECOND * share) for number, share in enumerate(SHARES, 1)),
    ]
    return [(what, after) for what, after in every if after.total_seconds() < draw.after_seconds or not after]


def draws() -> list[Draw]:
    """Moments in both rounds, not within five seconds of anything that falls due: that one may come before or after."""
    dice, found = random.Random(20261124), list[Draw]()
    edges = [after for _, after in due(Draw(case_id="", after_seconds=float("inf")))]
    while len(found) < DRAWS:
        after = dice.uniform(10, (FIRST + SECOND).total_seconds() - 10)
        if all(abs(after - edge.total_seconds()) > 5 for edge in edges):
            found.append(Draw(case_id=f"offboarding-X{len(found)}", after_seconds=after))
    return found


async def test_a_hundred_decisions_end_the_reminders_at_their_moment(stage: TestServerStage) -> None:
    office, some = Office(), draws()
    activities = [office.open_gates, office.reseat, office.remind, office.collect_decisions, office.record_decisions]
    with ThreadPoolExecutor(8) as executor:
        async with Worker(
            stage.client,
            task_queue=QUEUE,
            workflows=[DeskAlone],
            activities=activities,
            activity_executor=executor,
            workflow_runner=worker.sandbox(),
        ):
            started = [await run(stage.client, draw) for draw in some]
    for draw, start in zip(some, started, strict=True):
        expected, done = due(draw), office.done[draw.case_id]
        assert [what for what, _ in done] == [what for what, _ in expected], draw
        late = [at - start - after for (_, at), (_, after) in zip(done, expected, strict=True)]
        assert all(timedelta(seconds=-1) < by < timedelta(seconds=5) for by in late), (draw, late)
    escalated = [draw for draw in some if draw.after_seconds > FIRST.total_seconds()]
    assert 20 < len(escalated) < 80, "both kinds are drawn"


async def run(client: Client, draw: Draw) -> datetime:
    """One desk to its end."""
    started: datetime = await client.execute_workflow(
        "DeskAlone", args=[draw.case_id, draw.after_seconds], id=draw.case_id, task_queue=QUEUE, result_type=datetime
    )
    return started
