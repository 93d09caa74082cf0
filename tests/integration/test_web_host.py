"""The approval page listens where the settings say: a container has to reach it from outside."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from embedded.processes import free_port
from store.database import Database

ROOT = Path(__file__).parents[2]
ANOTHER_LOOPBACK = "127.0.0.2"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on every address of 127.0.0.0/8")
def test_the_page_listens_on_the_address_of_the_settings(database: Database, tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {
        "OFFBOARD_HOME": str(tmp_path),
        "OFFBOARD_DATABASE_URL": database.url,
        "OFFBOARD_PUBLIC_URL": f"http://{ANOTHER_LOOPBACK}:{port}",
        "OFFBOARD_WEB_HOST": ANOTHER_LOOPBACK,
        "OFFBOARD_WEB_PORT": str(port),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    with subprocess.Popen([sys.executable, "-m", "web.server"], cwd=ROOT, env=environment) as process:
        try:
            assert _answers(f"http://{ANOTHER_LOOPBACK}:{port}/healthz")
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            return httpx.get(url, timeout=10).is_success
        except httpx.TransportError:
            time.sleep(0.2)
    return False
