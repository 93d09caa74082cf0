"""Waiting for the end of what was asked of a case, while somebody watches."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporalio.client import Client

    from models.case import CaseProgress
    from store.database import Database

# Long enough for some thousand clients; a longer walk back goes on without a watcher.
PATIENCE = timedelta(seconds=60)
LOOK_EVERY = 0.3  # seconds


async def walk_back(
    client: "Client",
    database: "Database",
    case_id: str,
    requested_by: str | None,
    *,
    on_accepted: Callable[[], None],
) -> "CaseProgress":
    """Withdraw a case and wait until everything is given back, for `PATIENCE` at most.

    `on_accepted` is called once the case has taken the withdrawal. The progress says whether it is over: its phase is
    one of `models.case.ENDED` then. Raises CaseConflict when the case has ended, Unavailable when nobody answers.
    """
    from models.case import ENDED
    from services.cases import progress_or_last_known, withdraw

    progress = await withdraw(client, case_id, requested_by)
    on_accepted()
    until = datetime.now(UTC) + PATIENCE
    while progress.phase not in ENDED and datetime.now(UTC) < until:
        await asyncio.sleep(LOOK_EVERY)
        progress = await progress_or_last_known(client, database, case_id)
    return progress
