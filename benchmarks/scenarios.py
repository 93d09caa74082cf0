"""Indicators against anomaly detectors on made-up companies: leavers found within ten reviews a week, and at what cost.

All see the same daily counters (the rule on sequences sees single events as well, as in the product) and are read once
a week, on its last day. A person who was shown is not shown again for four weeks. The detectors always fill the budget;
"at our number" gives them as many alerts a week as the indicators raised. They are fitted on all the weeks, which helps
them: the indicators never see a later day. Nobody sees who leaves. Thresholds were tuned on `TUNED`, never on `SEEDS`.
Who takes hardly anything (`FAINT`) is told apart: that is where the indicators reach their end.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from statistics import median
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.scenario_company import COUNTERS, DAYS_LONG, FIRST, HISTORY, PERSONAL, Difficulty, ScenarioCompany
from benchmarks.scenario_company import build as company_of
from benchmarks.scenario_company import frames as frames_of
from early_warning.indicators.finder import find
from early_warning.indicators.own import past
from models.warning import Finding, RuleId
from models.warning_policy import Destination, Trust
from store.policies import load_warning_policy

TUNED, SEEDS = (1, 2), (21, 22)
TOLD = (Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD)
BUDGET, PAUSE = 10, 4  # alerts a week; weeks in which nobody is shown again
WEEKS = range(HISTORY // 7, DAYS_LONG // 7)
SPAN = 60  # days of the own past, for everybody's z

Scores = npt.NDArray[np.float64]  # people by weeks; 0 for nothing to show


class Outcome(NamedTuple):
    """Of one company: days of delay per story of who was found, how many leavers, how many false alerts."""

    delays: dict[str, list[int]]
    leavers: dict[str, int]
    false: int
    alerts: list[int]


def run(seeds: Iterable[int] = SEEDS) -> dict[str, str]:
    """Every detector on every company; figures per detector over all of them, then per difficulty and story."""
    outcomes: defaultdict[str, dict[tuple[int, Difficulty], Outcome]] = defaultdict(dict)
    spent: defaultdict[str, float] = defaultdict(float)
    size = 0
    for seed in seeds:
        for difficulty in Difficulty:
            made = company_of(seed, difficulty)
            size = made.size
            ours = _judge(made, _timed(spent, "indicators", lambda made=made: indicators(made)), [BUDGET] * len(WEEKS))
            outcomes["indicators"][seed, difficulty] = ours
            for name, scores in _anchors(made, spent).items():
                outcomes[name][seed, difficulty] = _judge(made, scores, [BUDGET] * len(WEEKS))
                outcomes[f"{name}, at our number"][seed, difficulty] = _judge(made, scores, ours.alerts)
    told = {name: _summary(_of(by, *TOLD), size) + _cpu(spent, name) for name, by in outcomes.items()}
    faint = {f"{name}, faint": _summary(_of(by, Difficulty.FAINT), size) for name, by in outcomes.items()}
    companies = f"{len(_of(outcomes['indicators'], *TOLD))} of {size} people, {len(WEEKS)} weeks judged"
    return {"companies": companies, **told, **faint, **_details(outcomes)}


def _of(by: dict[tuple[int, Difficulty], Outcome], *wanted: Difficulty) -> list[Outcome]:
    return [one for (_, difficulty), one in by.items() if difficulty in wanted]


# ---- ours ----


def indicators(made: ScenarioCompany) -> Scores:
    """Points per person and week by the standard policy, with one destination known to be personal."""
    policy = load_warning_policy()
    entry = Destination(name=PERSONAL, trust=Trust.PERSONAL, since=FIRST)
    windows = policy.windows.model_copy(update={"judged": DAYS_LONG - HISTORY})
    policy = policy.model_copy(update={"windows": windows, "destinations": (entry,)})
    last = FIRST + timedelta(days=DAYS_LONG - 1)
    return _points(made, find(frames_of(made), policy, last).findings)


def _points(made: ScenarioCompany, found: list[Finding]) -> Scores:
    """A week's points: of every rule its highest. Only a week with a finding that stands alone has any.

    Supporting ones add to it if they are at most four weeks old. (A window that such a finding opened ends with the
    dismissal of its alert, so that it would show nobody innocent once more.)
    """
    alone = {_place(one) for one in found if not one.supporting}
    best: defaultdict[tuple[int, int], dict[RuleId, int]] = defaultdict(dict)
    for one in found:
        row, week = _place(one)
        for later in range(week, week + PAUSE + 1 if one.supporting else week + 1):
            if (row, later) in alone:
                cell = best[row, later]
                cell[one.rule] = max(cell.get(one.rule, 0), one.points)
    scores = np.zeros((made.size, len(WEEKS)))
    for (row, week), points in best.items():
        if week >= 0:  # a month that is still on when the first week begins was told before it
            scores[row, week] = sum(points.values())
    return scores


def _place(one: Finding) -> tuple[int, int]:
    return int(one.employee_id[1:]), (one.day - FIRST).days // 7 - WEEKS.start


# ---- anchors ----


def _anchors(made: ScenarioCompany, spent: dict[str, float]) -> dict[str, Scores]:
    from pyod.models.ecod import ECOD
    from sklearn.ensemble import IsolationForest

    cells = np.nonzero(made.present[:, HISTORY:])
    cells = (cells[0], cells[1] + HISTORY)
    raw = np.column_stack([made.counts[name][cells] for name in COUNTERS])
    own = _timed(spent, "robust z, top 3", lambda: _own_z(made, cells))

    def forest(rows: Scores) -> Scores:
        return -IsolationForest(random_state=0).fit(rows).score_samples(rows)  # type: ignore[no-any-return]

    def ecod(rows: Scores) -> Scores:
        return ECOD().fit(rows).decision_scores_  # type: ignore[no-any-return]

    detectors: dict[str, Callable[[], Scores]] = {
        "robust z, top 3": lambda: np.sort(own, axis=1)[:, -3:].sum(axis=1),
        "isolation forest": lambda: forest(raw),
        "isolation forest on own z": lambda: forest(own),
        "ECOD": lambda: ecod(raw),
        "ECOD on own z": lambda: ecod(own),
    }
    return {name: _weekly(made, cells, _timed(spent, name, detector)) for name, detector in detectors.items()}


def _own_z(made: ScenarioCompany, cells: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> Scores:
    """Robust z of every counter against the own past; one is added to the spread, so that zeros compare too."""
    columns = []
    for name in COUNTERS:
        table = made.counts[name].astype(np.float32)
        own = past(table, made.present, cells, SPAN)
        columns.append((table[cells] - own.median) / (1.4826 * own.mad + 1))
    return np.column_stack(columns)


def _weekly(
    made: ScenarioCompany, cells: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], scores: Scores
) -> Scores:
    """A person's highest day of each week, above zero."""
    weeks = np.zeros((made.size, len(WEEKS)))
    np.maximum.at(weeks, (cells[0], cells[1] // 7 - WEEKS.start), scores - scores.min() + 1e-9)
    return weeks


# ---- the same judge for all ----


def _judge(made: ScenarioCompany, scores: Scores, budgets: list[int]) -> Outcome:
    """Show the highest of every week and count: who was taking things by then is found, everybody else is false."""
    delays: defaultdict[str, list[int]] = defaultdict(list)
    false, alerts, found = 0, [], set()
    shown = np.full(made.size, -PAUSE - 1)
    for column, budget in enumerate(budgets):
        week = WEEKS[column]
        free = np.where(week - shown > PAUSE, scores[:, column], 0)
        top = [row for row in np.argsort(-free, kind="stable")[:budget].tolist() if free[row] > 0]
        alerts.append(len(top))
        for row in top:
            shown[row] = week
            story, days = made.leavers.get(row, ("", []))
            if days and days[0] <= week * 7 + 6:
                if row not in found:
                    delays[story].append(week * 7 + 6 - days[0])
                found.add(row)
            else:
                false += 1
    totals: defaultdict[str, int] = defaultdict(int)
    for story, _ in made.leavers.values():
        totals[story] += 1
    return Outcome(dict(delays), dict(totals), false, alerts)


def _timed(spent: dict[str, float], name: str, work: Callable[[], Scores]) -> Scores:
    started = time.process_time()
    scores = work()
    spent[name] = spent.get(name, 0) + time.process_time() - started
    return scores


def _cpu(spent: dict[str, float], name: str) -> str:
    return f", {spent[name]:.1f} CPU s" if name in spent else ""


def _summary(outcomes: list[Outcome], size: int) -> str:
    delays = [delay for one in outcomes for several in one.delays.values() for delay in several]
    leavers = sum(sum(one.leavers.values()) for one in outcomes)
    false = sum(one.false for one in outcomes) / (len(outcomes) * len(WEEKS) * size) * 1000
    late = f"{median(delays):.0f} days" if delays else "never"
    return f"found {len(delays)}/{leavers}, median delay {late}, {false:.2f} false alerts per 1,000 people and week"


def _details(outcomes: dict[str, dict[tuple[int, Difficulty], Outcome]]) -> dict[str, str]:
    """Where each is strong and weak: found per story and difficulty."""
    said = {}
    for name, by in outcomes.items():
        cells: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for (_, difficulty), one in by.items():
            for story, number in one.leavers.items():
                for key in (story, difficulty) if difficulty in TOLD else (difficulty,):
                    cells[key][0] += len(one.delays.get(story, []))
                    cells[key][1] += number
        said[f"{name}, found of"] = ", ".join(f"{key} {hits}/{all_}" for key, (hits, all_) in cells.items())
    return said


if __name__ == "__main__":
    for label, figure in run([int(seed) for seed in sys.argv[1:]] or TUNED).items():
        print(f"{label}: {figure}")
