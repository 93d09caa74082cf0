"""The parallel branches of an assessment: a dead one never holds the others, and its late result is not lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow

from workflows.calls import patiently

with workflow.unsafe.imports_passed_through():
    from models.case import Branch

# A branch is an activity whose result names its full result in the store.
Digest = str
BranchCall = Callable[[], Awaitable[Digest]]


class Branches:
    """Runs every branch until it has a result. `digests` holds None for a branch that is still unknown."""

    def __init__(self) -> None:
        self.digests: dict[Branch, Digest | None] = {}
        self.problems: dict[Branch, str] = {}
        self._tasks: dict[Branch, asyncio.Task[None]] = {}
        self._merged: dict[Branch, Digest | None] = {}

    def start(self, branch: Branch, call: BranchCall) -> None:
        """Begin a branch; it keeps trying in the background."""
        self.digests.setdefault(branch, None)
        self._tasks[branch] = asyncio.create_task(self._run(branch, call))

    def update(self, branch: Branch, digest: Digest) -> None:
        """A newer result of a branch that is known already."""
        self.digests[branch] = digest

    @property
    def unknown(self) -> tuple[Branch, ...]:
        """Branches without a result, in the order in which they were started."""
        return tuple(branch for branch, digest in self.digests.items() if digest is None)

    @property
    def has_news(self) -> bool:
        """True when a result came that no report version holds yet."""
        return self.digests != self._merged

    def mark_merged(self, taken: dict[Branch, Digest | None]) -> None:
        """Remember what the newest report version was made from."""
        self._merged = dict(taken)

    async def wait(self, budget: timedelta) -> None:
        """Wait for all branches, at most for the budget; what is missing then is unknown, not zero."""
        try:
            await workflow.wait_condition(
                lambda: not self.unknown, timeout=budget, timeout_summary="budget of the branches"
            )
        except TimeoutError:
            workflow.logger.warning("branches past their budget", extra={"unknown": [str(b) for b in self.unknown]})

    async def stop(self) -> None:
        """Cancel what still runs and wait until it is gone."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, branch: Branch, call: BranchCall) -> None:
        self.digests[branch] = await patiently(call, lambda problem: self._note(branch, problem))

    def _note(self, branch: Branch, problem: str | None) -> None:
        if problem is None:
            self.problems.pop(branch, None)
        else:
            self.problems[branch] = problem
