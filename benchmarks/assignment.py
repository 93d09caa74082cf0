"""Assignment of 10,000 clients to 200 successors: the optimal plan against the greedy one, in one run."""

import random
import time
from decimal import Decimal

import numpy as np

from activities.assignment import NOBODY, Points, assign
from activities.fit_matrix import points_of, weights_of
from activities.successor_planning import propose
from models.clients import Client, ClientFacts
from models.handover import Candidate
from models.people import Employee, Role

CLIENTS, PEOPLE, ROOM, SEGMENTS, REGIONS = 10_000, 200, 52, 20, 8


def run() -> dict[str, str]:
    """Plan a large made-up book. Times are CPU seconds of this process; the gap is lost value-weighted fit."""
    leaver, book, pool = _company(random.Random(2026))
    clients = [one.client for one in book]
    weights = weights_of([(one.client.currency, one.client.annual_value) for one in book])
    room = np.array([one.free for one in pool], dtype=np.int64)

    started = time.process_time()
    points = points_of(clients, pool)
    scored = time.process_time()
    best = assign(points, weights, room)
    solved = time.process_time()
    simple = _greedy(points, weights, room)
    greedy_done = time.process_time()
    plan = propose(leaver, book, [], {}, pool, None)
    planned = time.process_time()

    optimal, greedy = _worth(best, points, weights), _worth(simple, points, weights)
    return {
        "clients x successors": f"{CLIENTS} x {PEOPLE}",
        "unassigned": str(sum(one.successor is None for one in plan.transfers)),
        "greedy loses against optimal": f"{100 * (optimal - greedy) / optimal:.1f} %",
        "score all pairs": f"{scored - started:.2f} s",
        "optimal assignment": f"{solved - scored:.2f} s",
        "optimal / greedy time": f"{(solved - scored) / (greedy_done - solved):.1f}",
        "whole plan with reasons": f"{planned - greedy_done:.2f} s",
    }


def _company(numbers: random.Random) -> tuple[Employee, list[ClientFacts], list[Candidate]]:
    leaver = Employee(id="E", name="Leaver", role=Role.SALESPERSON, region="R0")
    book = [
        ClientFacts(
            client=Client(
                id=f"C{number:05d}",
                name=f"Client {number}",
                owner_id=leaver.id,
                region=f"R{numbers.randrange(REGIONS)}",
                segment=f"S{numbers.randrange(SEGMENTS)}",
                tier=numbers.randint(1, 3),
                annual_value=Decimal(round(numbers.lognormvariate(10, 1))),
                currency="CNY",
            ),
            contacts=None,
            last_touch=None,
            touches_known=False,
            open_opportunities=0,
            open_value=Decimal(0),
            orders=0,
            ordered_value=Decimal(0),
        )
        for number in range(CLIENTS)
    ]
    pool = [
        Candidate(
            employee=Employee(id=f"P{number:03d}", name="", role=Role.SALESPERSON, region=f"R{number % REGIONS}"),
            load=(load := numbers.randint(0, 40)),
            capacity=load + ROOM,
            segments={f"S{numbers.randrange(SEGMENTS)}": numbers.randint(1, 9) for _ in range(4)},
            tiers={tier: numbers.randint(0, 9) for tier in (1, 2, 3)},
            earlier_contact=frozenset(f"C{numbers.randrange(CLIENTS):05d}" for _ in range(100)),
        )
        for number in range(PEOPLE)
    ]
    return leaver, book, pool


def _greedy(points: Points, weights: Points, room: Points) -> Points:
    """What a person would do: the most valuable client first, each to the best match that still has room."""
    left = room.copy()
    chosen = np.full(len(weights), NOBODY, dtype=np.int64)
    for row in np.argsort(-weights, kind="stable"):
        open_points = np.where(left > 0, points[row], NOBODY)
        chosen[row] = open_points.argmax()
        left[chosen[row]] -= 1
    return chosen


def _worth(chosen: Points, points: Points, weights: Points) -> int:
    placed = np.flatnonzero(chosen != NOBODY)
    return int((weights[placed] * points[placed, chosen[placed]]).sum())


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name}: {figure}")
