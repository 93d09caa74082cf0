"""The worker of Offboard that stops at named points and waits there, so that a test can kill something just then.

`OFFBOARD_HOME/chaos/points.json` names at most one point a case: an activity, a text that its argument holds, and a
moment of it. Who reaches a point leaves `reached/<case>` and goes on when `released/<case>` appears; a point that was
reached before holds nobody. Departments, workflows and databases are the real ones.
"""

import asyncio
import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

import worker
from activities import handover
from connections import connect_temporal, database_url
from settings import Settings
from store import sending
from store.database import Database
from systems.access.postgres import PostgresAccessDirectory
from systems.mail.choose import mailer_for
from systems.mail.port import Mailer

BEFORE, AFTER = "before", "after"
UNSAVED = "unsaved"  # everything of a transaction is written, nothing is committed
BETWEEN = "between"  # one transaction is committed and the next one has written nothing
SUSPENDED = "suspended"  # a right is gone from its system, and we have not written it down
MAILED = "mailed"  # a letter has left, and we have not written it down

SLOTS = 64  # every point holds a slot until something is killed
WRITING = ("INSERT", "UPDATE", "DELETE")
BATCH = 3  # transfers a transaction, so that a small book has several


@dataclass
class Point:
    """One moment of one activity of one case. `saved` when the activity has committed something."""

    folder: Path
    case_id: str
    moment: str
    saved: bool = False

    def hold(self) -> None:
        """Stay here until released, the first time only."""
        try:
            (self.folder / "reached" / self.case_id).touch(exist_ok=False)
        except FileExistsError:
            return
        while not (self.folder / "released" / self.case_id).exists():
            time.sleep(0.02)


AHEAD: ContextVar[Point | None] = ContextVar("AHEAD", default=None)


def reach(moment: str) -> None:
    """Called at every moment of every activity: hold when the case at hand has its point here."""
    point = AHEAD.get()
    if point is not None and point.moment == moment:
        point.hold()


class CrashPoints(ClientInterceptor, Interceptor):
    """Knows the points of all cases. `folder` holds the plan and the marks. Workers take it over from their client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Look at every activity."""
        return _Inbound(self.folder, super().intercept_activity(next))


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, folder: Path, following: ActivityInboundInterceptor) -> None:
        super().__init__(following)
        self.folder = folder

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        AHEAD.set(self._point(input))
        await asyncio.to_thread(reach, BEFORE)
        result = await super().execute_activity(input)
        await asyncio.to_thread(reach, AFTER)
        return result

    def _point(self, started: ExecuteActivityInput) -> Point | None:
        info = activity.info()
        case_id = str(info.workflow_id)
        plan = json.loads((self.folder / "points.json").read_text()).get(case_id)
        if plan is None or plan["activity"] != info.activity_type:
            return None
        if plan["wants"] not in started.args[0].model_dump_json():
            return None
        return Point(self.folder, case_id, plan["moment"])


class HoldingDirectory(PostgresAccessDirectory):
    """The directory of rights, with a point between its change and our record of it."""

    def suspend(self, entitlement_id: str) -> None:
        """Take the right."""
        super().suspend(entitlement_id)
        reach(SUSPENDED)


class HoldingMailer:
    """The mailer, with a point between the letter and our record of it."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, message: EmailMessage) -> None:
        """Send the letter."""
        self._mailer.send(message)
        reach(MAILED)


def watch_transactions(database: Database) -> None:
    """Put a point before every commit that saves something, and one before the first change after it."""

    def execute(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.info.get("wrote") or not statement.lstrip().upper().startswith(WRITING):
            return
        connection.info["wrote"] = True
        point = AHEAD.get()
        if point is not None and point.saved:
            reach(BETWEEN)

    def commit(connection: Connection) -> None:
        if connection.info.pop("wrote", False):
            reach(UNSAVED)
            point = AHEAD.get()
            if point is not None:
                point.saved = True

    event.listen(database.engine, "before_cursor_execute", execute)
    event.listen(database.engine, "commit", commit)
    event.listen(database.engine, "rollback", lambda connection: connection.info.pop("wrote", None))


def put_points() -> None:
    """Build the departments with our adapters, which only add the points."""
    parts: dict[str, object] = {
        "ACTIVITY_SLOTS": SLOTS,
        "PostgresAccessDirectory": HoldingDirectory,
        "mailer_for": lambda settings: HoldingMailer(mailer_for(settings)),
    }
    for name, part in parts.items():
        setattr(worker, name, part)
    handover.BATCH = BATCH
    # The claim of a sender that died ends while its case still has steps to take.
    sending.CLAIM_LIFE = timedelta(seconds=1)


async def serve(settings: Settings) -> None:
    """Host the task queue as `worker.serve` does."""
    # A held transaction keeps the other branches of its case waiting, each with a connection of its own.
    database = Database(database_url(settings), pool_size=SLOTS)
    watch_transactions(database)
    config = (await connect_temporal(settings)).config()
    config["interceptors"] = [CrashPoints(settings.home / "chaos")]
    client = Client(**config)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with ThreadPoolExecutor(SLOTS) as executor:
        async with worker.build_worker(client, worker.build_activities(settings, database), executor):
            await stopped.wait()
    database.close()


def main() -> None:
    """Run until SIGTERM or something worse."""
    put_points()
    # Every held point before and after an activity sits in a thread of the loop's own pool.
    run = partial(ThreadPoolExecutor, SLOTS)
    with asyncio.Runner() as runner, run() as waiting:
        runner.get_loop().set_default_executor(waiting)
        runner.run(serve(Settings()))


if __name__ == "__main__":
    main()
