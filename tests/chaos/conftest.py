"""Two plays of the same company at once: one in which everything is killed, and one that nothing disturbs."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.chaos.play import Play, play
from tests.chaos.points import DATABASE, EVERYBODY, TEMPORAL, WORKER, Wave
from tests.chaos.stage import Crash, Stage


@dataclass
class Plays:
    """Both plays, while they run."""

    disturbed: "asyncio.Task[Play]"
    undisturbed: "asyncio.Task[Play]"


@pytest.fixture(scope="session")
def only_our_servers() -> Iterator[None]:
    """Nothing in the caller's environment leads to other servers."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("TEMPORAL_", "OFFBOARD_"))]:
            patch.delenv(name)
        patch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
        patch.setenv("OFFBOARD_MAILS_AT_ONCE", "1000")  # one office decides in every case, by the link of every letter
        yield


@pytest.fixture(scope="session")
async def plays(tmp_path_factory: pytest.TempPathFactory, only_our_servers: None) -> AsyncIterator[Plays]:
    """Both plays, begun together. Each goes on while a test waits for something else."""
    stages: list[Stage] = []
    today = datetime.now(UTC).date()

    async def perform(name: str, crashes: Sequence[Crash], waves: Sequence[Wave]) -> Play:
        stage = await Stage.build(tmp_path_factory.mktemp(name), len(EVERYBODY), crashes, today)
        stages.append(stage)
        return await play(stage, waves)

    both = Plays(
        disturbed=asyncio.create_task(perform("disturbed", EVERYBODY, (WORKER, DATABASE, TEMPORAL))),
        undisturbed=asyncio.create_task(perform("undisturbed", (), (Wave(None, EVERYBODY),))),
    )
    yield both
    for task in (both.disturbed, both.undisturbed):
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
    for stage in stages:
        await stage.close()


@pytest.fixture(scope="session")
async def twin(plays: Plays) -> Play:
    """The play that nothing disturbed."""
    return await asyncio.shield(plays.undisturbed)


@pytest.fixture(scope="session")
async def chaos(plays: Plays) -> Play:
    """The play in which everything was killed."""
    return await asyncio.shield(plays.disturbed)
