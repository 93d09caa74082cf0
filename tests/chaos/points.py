"""The named crash points: every step of a case, before its effect and after it, and the gaps inside of it."""

from dataclasses import dataclass
from itertools import count

from tests.chaos.crashing_worker import AFTER, BEFORE, BETWEEN, MAILED, SUSPENDED, UNSAVED
from tests.chaos.stage import Crash

# Activity, and a text in its argument that tells its calls apart. Late steps first: their cases need the longest.
FIRST_LOCK, WHOLE_LOCK = '"grades":[1]', '"grades":[1,2,3,4,5]'
LATE = (
    ("merge_report", ": final"),
    ("close_case", ""),
    ("lock_access", WHOLE_LOCK),
    ("transfer_clients", ""),
    ("record_decisions", ""),
)
EARLY = (
    ("open_gates", ""),
    ("merge_report", ": assessment"),
    ("take_inventory", ""),
    ("propose_successors", ""),
    ("report_clients", ""),
    ("audit_receivables", ""),
    ("lock_access", FIRST_LOCK),
    ("plan_case", ""),
)
STEPS = (*LATE, *EARLY)
INSIDE = (
    (BETWEEN, "transfer_clients", ""),  # between two batches
    (SUSPENDED, "lock_access", FIRST_LOCK),  # the system has changed, our record has not
    (SUSPENDED, "lock_access", WHOLE_LOCK),
    (MAILED, "open_gates", ""),
)

_teams = count(1)


@dataclass(frozen=True)
class Wave:
    """One death: what dies when every case of the wave has come to its point. None: nothing dies."""

    victim: str | None
    crashes: tuple[Crash, ...]


def _crash(moment: str, activity: str, wants: str) -> Crash:
    return Crash(team=next(_teams), activity=activity, moment=moment, wants=wants)


def _at_every_step(*moments: str) -> tuple[Crash, ...]:
    return tuple(_crash(moment, activity, wants) for activity, wants in STEPS for moment in moments)


WORKER = Wave("worker", (*(_crash(*one) for one in INSIDE), *_at_every_step(BEFORE, AFTER)))
DATABASE = Wave("postgres", _at_every_step(UNSAVED))
TEMPORAL = Wave("temporal", _at_every_step(AFTER))
EVERYBODY = (*WORKER.crashes, *DATABASE.crashes, *TEMPORAL.crashes)
