"""One play: cases are started wave by wave, something dies in each wave, and at the end all is read."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.outcome import Outcome, books, letters, letters_due, outcome, ownership
from tests.chaos.points import Wave
from tests.chaos.stage import Crash, Stage, until
from tests.chaos.teams import case_of

REACH = 55.0  # seconds; an activity that is held times out after 60
END = 240.0


@dataclass
class Play:
    """How it ended. `cases` by team; `reborn` are the services that died and came back."""

    stage: Stage
    cases: dict[int, Outcome]
    books: dict[str, list[tuple[Any, ...]]]
    ownership: dict[str, list[tuple[str, bool, str | None]]]
    letters: dict[str, int]
    letters_due: tuple[int, int]
    reborn: list[str] = field(default_factory=list)


async def play(stage: Stage, waves: Sequence[Wave]) -> Play:
    """Run all waves to the end of all cases."""
    people = asyncio.create_task(stage.approve_everything())
    reborn: list[str] = []
    try:
        for wave in waves:
            starting = asyncio.create_task(stage.start([one.team for one in wave.crashes]))
            if wave.victim:
                await _strike(stage, wave.victim, wave.crashes, starting)
                reborn.append(wave.victim)
            await starting
        teams = [one.team for wave in waves for one in wave.crashes]
        await _all_end(stage, teams)
        found = {team: await outcome(stage.database, stage.client, case_of(team)) for team in teams}
    finally:
        people.cancel()
        with suppress(asyncio.CancelledError):
            await people
    return Play(
        stage=stage,
        cases=found,
        books=books(stage.database),
        ownership=ownership(stage.database),
        letters=letters(stage.home),
        letters_due=letters_due(stage.database),
        reborn=reborn,
    )


async def _strike(stage: Stage, victim: str, crashes: Sequence[Crash], starting: "asyncio.Task[None]") -> None:
    """Kill it when everybody is at the point, and wait until it is back."""

    def all_there() -> bool:
        if starting.done():
            starting.result()  # a case that could not be started is the better message
        return not stage.not_reached(crashes)

    await until(all_there, REACH, lambda: f"nobody at: {stage.not_reached(crashes)}")
    dead = await stage.kill(victim)
    stage.release(crashes)
    await stage.comes_back(victim, dead)


async def _all_end(stage: Stage, teams: Sequence[int]) -> None:
    waiting = {asyncio.create_task(stage.result(team)): team for team in teams}
    done, late = await asyncio.wait(waiting, timeout=END)
    for task in late:
        task.cancel()
    assert not late, f"not at their end: {sorted(case_of(waiting[task]) for task in late)}"
    for task in done:
        task.result()
