"""Heartbeats while an activity works without a word."""

import time
from collections.abc import Callable

from temporalio.testing import ActivityEnvironment

from activities.beating import beating


def beats_of(work: Callable[[Callable[..., None]], None], *, patience: float = 60) -> list[tuple[object, ...]]:
    """What the engine hears while `work` runs."""
    heard: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heard.append(details)

    def activity() -> None:
        with beating(every=0.01, patience=patience) as progress:
            work(progress)

    environment.run(activity)
    return heard


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_silent_activity_beats_and_repeats_what_it_reached() -> None:
    heard: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heard.append(details)

    def activity() -> None:
        with beating(every=0.01) as progress:
            until(lambda: len(heard) > 2)
            progress("client", 7)
            until(lambda: heard.count(("client", 7)) > 2)

    environment.run(activity)
    assert heard[0] == ()
    ended = len(heard)
    time.sleep(0.05)
    assert len(heard) == ended, "nothing beats for work that is over"


def test_without_progress_it_stops_beating() -> None:
    heard = beats_of(lambda _: time.sleep(0.5), patience=0.1)
    assert 1 <= len(heard) <= 12


def test_outside_of_an_activity_nothing_happens() -> None:
    with beating() as progress:
        progress("client", 1)
