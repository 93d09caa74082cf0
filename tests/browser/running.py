"""The hook under a real web server, the engine beside it, and a real browser in front of it."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from embedded.processes import free_port
from tests.browser.departure import CASE, QUEUE, Departure, SmallCase

TEMPORAL = Path(__file__).parents[2] / ".venv" / "bin" / "temporal"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def engine() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal dev server of its own."""
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(TEMPORAL), data_converter=pydantic_data_converter, dev_server_log_level="error"
    )
    try:
        yield server
    finally:
        await server.shutdown()


def worker(client: Client) -> Worker:
    """A worker that knows the small case."""
    return Worker(client, task_queue=QUEUE, workflows=[SmallCase], workflow_runner=UnsandboxedWorkflowRunner())


async def start_case(client: Client, departure: Departure) -> None:
    """Start the workflow of a departure with the rounds that are open."""
    arguments = [departure.rounds, list(departure.plans)]
    await client.start_workflow("Offboarding", args=arguments, id=CASE, task_queue=QUEUE)


class Site:
    """Runs an event loop in a thread: tests of a browser are plain functions."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Awaitable[Any], timeout: float = 60) -> Any:
        """Run a coroutine in the loop of the site."""

        async def waited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), self.loop).result(timeout)

    @contextmanager
    def serve(self, departure: Departure, client: Callable[[], Awaitable[Client]]) -> Iterator[str]:
        """Serve the hook on a free port; yields its address."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(departure.app(client, url), host="127.0.0.1", port=port, log_level="error")
        server = uvicorn.Server(config)
        serving = asyncio.run_coroutine_threadsafe(server.serve(), self.loop)
        self.run(_until(lambda: server.started))
        try:
            yield url
        finally:
            server.should_exit = True
            serving.result(30)

    def close(self) -> None:
        """Stop the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


async def _until(ready: Callable[[], bool]) -> None:
    while not ready():
        await asyncio.sleep(0.02)


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Debian's Chromium with a Chinese font, so that Chinese text has its real width on a machine without one."""
    if not CHROMIUM.is_file():
        pytest.skip("Chromium is not installed: `apt-get install chromium` runs the browser tests")
    fonts = Path(pylopdf_fonts_zh_cn.sans_path()).parent
    config = folder / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>/usr/share/fonts</dir><dir>{fonts}</dir><cachedir>{folder}</cachedir></fontconfig>"
    )
    environment = os.environ | {"FONTCONFIG_FILE": str(config)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS, env=environment)
        try:
            yield browser
        finally:
            browser.close()
