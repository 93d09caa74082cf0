"""A Temporal server and a whole worker in a loop of their own thread: tests of the command are plain functions."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from connections import NAMESPACE
from embedded.namespace import prepare
from embedded.temporal import find_binary
from settings import Settings
from store.database import Database
from worker import ACTIVITY_SLOTS, build_activities, build_worker

WAIT = 60.0  # seconds


class Engine:
    """The server; `address` is where the command finds it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: WorkflowEnvironment = self._run(self._start())
        self.address = self._server.client.service_client.config.target_host

    @contextmanager
    def worker(self, database: Database) -> Iterator[None]:
        """The real worker with the settings of the environment, for the time of a test."""
        with ThreadPoolExecutor(ACTIVITY_SLOTS) as executor:
            working = self._run(self._built(database, executor))
            task = asyncio.run_coroutine_threadsafe(working.run(), self._loop)
            try:
                yield
            finally:
                self._run(working.shutdown())
                task.result(WAIT)

    def run(self, work: Callable[[Client], Awaitable[Any]]) -> Any:
        """Do something with a client of the server."""
        return self._run(work(self._server.client))

    def terminate(self, case_id: str) -> None:
        """End a case whose database is about to go."""
        self.run(lambda client: client.get_workflow_handle(case_id).terminate("the test is over"))

    def close(self) -> None:
        """Stop the server and the loop."""
        self._run(self._server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT)
        self._loop.close()

    async def _start(self) -> WorkflowEnvironment:
        server = await WorkflowEnvironment.start_local(
            namespace=NAMESPACE,
            dev_server_existing_path=str(find_binary()),
            data_converter=pydantic_data_converter,
            dev_server_log_level="error",
        )
        await prepare(server.client)
        return server

    async def _built(self, database: Database, executor: ThreadPoolExecutor) -> Worker:
        return build_worker(self._server.client, build_activities(Settings(), database), executor)

    def _run(self, work: Awaitable[Any]) -> Any:
        async def waited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), self._loop).result(WAIT)
