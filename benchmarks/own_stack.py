"""A stack of its own for one measurement, gone afterwards."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from embedded.stack import StackInfo, down, up
from settings import Settings


def on_a_stack(measure: Callable[[Settings, StackInfo], Awaitable[dict[str, str]]]) -> dict[str, str]:
    """Start the servers in an empty home, measure, and stop them again."""

    async def measured(info: StackInfo) -> dict[str, str]:
        return await measure(Settings(), info)

    with tempfile.TemporaryDirectory(prefix="offboard-bench-") as place:
        home = Path(place)
        os.environ["OFFBOARD_HOME"] = place
        info = up(home)
        try:
            return asyncio.run(measured(info))
        finally:
            down(home)
