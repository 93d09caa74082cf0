"""The hook as a process: it serves while the engine is down, logs no links, and stops in an orderly way."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from embedded.processes import free_port
from store.database import Database
from tests.browser.departure import SECRET, Departure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hook(database: Database, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """The process, its address and its log. The engine's address is one where nobody listens."""
    port, log = free_port(), tmp_path / "web.log"
    environment = os.environ | {
        "OFFBOARD_HOME": str(tmp_path),
        "OFFBOARD_DATABASE_URL": database.url,
        "OFFBOARD_LINK_SECRET": SECRET,
        "OFFBOARD_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "OFFBOARD_WEB_PORT": str(port),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "TEMPORAL_NAMESPACE": "offboard",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "web.server"], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield process, f"http://127.0.0.1:{port}", log
        finally:
            process.kill()
            process.wait()


def until_it_answers(url: str, log: Path) -> httpx.Response:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return httpx.get(f"{url}/healthz", timeout=10)
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the hook does not answer: {log.read_text()[-2000:]}")


def test_a_decision_is_stored_while_the_engine_is_down(
    database: Database, hook: tuple[subprocess.Popen[bytes], str, Path]
) -> None:
    process, url, log = hook
    token = Departure(database).build().link()
    health = until_it_answers(url, log)
    assert (health.status_code, health.json()["temporal"]) == (200, "down")
    with httpx.Client(base_url=url, timeout=30) as client:
        page = client.get(f"/d/{token}")
        assert page.status_code == 200
        assert "server" not in page.headers
        seen = re.search(r'name="seen" value="([^"]+)"', page.text)
        assert seen
        receipt = client.post(f"/d/{token}", data={"seen": seen[1], "verdict": "approve"}, follow_redirects=True)
        assert (receipt.status_code, receipt.request.method) == (202, "GET")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    written = log.read_text()
    assert "POST /d/*** 303" in written
    assert token not in written


def test_without_servers_it_says_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "TEMPORAL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "web.server"], cwd=ROOT, env=environment | {"OFFBOARD_HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "offboard up" in done.stderr
    assert "Traceback" not in done.stderr
