"""A thousand calls while three in ten go wrong in every way at once: what a bad week does to an adapter, in seconds."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from models.errors import Unavailable
from systems.receivables.failures import GARBLED, NO_ANSWER, RATE_LIMITED
from systems.receivables.http import Patience
from tests.integration.receivables_port.downstream import Downstream, Fault, Said
from tests.integration.receivables_port.garbage import ON_THE_WIRE

CALLS = 1000
CALLERS = 12
IN_A_STORM = Patience(timeout=0.3, tries=4, budget=3, first_wait=0.005, longest=1 << 20)
RIGHT = "right"
ENDS = {RIGHT, NO_ANSWER, RATE_LIMITED, GARBLED}
FAULTS = (Said(status=500), Said(status=429, headers={"Retry-After": "0"}), Said(reset=True), Said(status=502))


def three_in_ten(seed: int) -> Fault:
    """Errors, limits, broken and silent connections, garbage and cut answers, of seeded chance."""
    chance = random.Random(seed)
    spoils = list(ON_THE_WIRE.values())

    def fault(number: int, path: str, good: Said) -> Said:
        if chance.random() >= 0.3:
            return good
        if chance.random() < 0.02:
            return Said(hang=True) if chance.random() < 0.5 else Said(good.body, drip=True)
        if chance.random() < 0.3:
            return chance.choice(spoils)(good.body)
        if chance.random() < 0.3:
            return Said(good.body, cut=len(good.body) // 2)
        return chance.choice(FAULTS)

    return fault


def weather(server: Downstream, look: Callable[[], None]) -> list[str]:
    """Let twelve callers look again and again; who finds a wrong figure must raise. Returns how each look ended."""
    server.fault = three_in_ten(seed=23)
    until = len(server.asked) + CALLS
    ends: list[str] = []

    def caller(_: int) -> None:
        while len(server.asked) < until:
            try:
                look()
                ends.append(RIGHT)
            except Unavailable as failed:
                ends.append(failed.detail["reason"])

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(caller, range(CALLERS)))
    server.fault = None
    return ends
