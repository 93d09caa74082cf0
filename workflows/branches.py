"""The parallel branches of an assessment: a dead one never holds the others, and its late result is not lost."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio import workflow

from workflows.calls import background, patiently

with workflow.unsafe.imports_passed_through():
    from models.case import Branch

# A branch is an activity whose result names its full result in the store.
Digest = str
BranchCall = Callable[[], Awaitable[Digest]]


class Branches:
    """Runs every branch until it has a result. `digests` holds None for a branch that is still unknown."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.digests: dict[Branch, Digest | None] = {}
        self._on_change = on_change
        self._problems: dict[Branch, str] = {}
        self._tasks: dict[Branch, asyncio.Task[None]] = {}
        self._merged: dict[Branch, Digest | None] = {}
        self._heard = 0
        self._told = 0

    def start(self, branch: Branch, call: BranchCall) -> None:
        """Begin a branch; it keeps trying in the background."""
        self.digests.setdefault(branch, None)
        self._tasks[branch] = background(self._run(branch, call), lambda problem: self._note(branch, problem))

    async def forget(self, branch: Branch) -> None:
        """Stop trying a branch; what it found stays until there is something newer."""
        if task := self._tasks.pop(branch, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._note(branch, None)

    def update(self, branch: Branch, digest: Digest) -> None:
        """A newer result of a branch that is known already."""
        self.digests[branch] = digest

    def hear(self) -> None:
        """Something beside the branches changed what the report rests on, such as what people said of an alert."""
        self._heard += 1

    @property
    def heard(self) -> int:
        """How often that was."""
        return self._heard

    @property
    def unknown(self) -> tuple[Branch, ...]:
        """Branches without a result, in the order in which they were started."""
        return tuple(branch for branch, digest in self.digests.items() if digest is None)

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps branches from their results and needs a person, as error types."""
        return tuple(dict.fromkeys(self._problems.values()))

    @property
    def has_news(self) -> bool:
        """True when something came that no report version holds yet."""
        return self.digests != self._merged or self._heard > self._told

    def mark_merged(self, taken: dict[Branch, Digest | None], heard: int) -> None:
        """Remember what the newest report version was made from."""
        self._merged, self._told = dict(taken), heard

    async def stop(self) -> None:
        """Cancel what still runs and wait until it is gone."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, branch: Branch, call: BranchCall) -> None:
        self.digests[branch] = await patiently(call, lambda problem: self._note(branch, problem))

    def _note(self, branch: Branch, problem: str | None) -> None:
        if problem != self._problems.get(branch):
            self._problems = {key: known for key, known in self._problems.items() if key is not branch}
            if problem is not None:
                self._problems[branch] = problem
            self._on_change()
