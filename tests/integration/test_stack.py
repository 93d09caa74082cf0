"""The one-machine stack, with real servers: it starts, survives `kill -9` with nothing lost, and stops cleanly."""

import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from connections import connect_temporal, database_url, link_secret, open_database, public_url, read_stack
from embedded.doctor import examine
from embedded.namespace import RETENTION, missing_attributes, prepare, retention
from embedded.processes import is_alive, is_listening
from embedded.stack import StackInfo, down, status, up
from embedded.supervisor import Programs
from models.errors import Unavailable
from models.search_attributes import DEPARTMENT, TASK_QUEUE
from settings import Settings

ROOT = Path(__file__).parent.parent.parent

# The smallest programs that do what the stack asks of a worker and a page.
WORKER = """
import asyncio
from temporalio import activity
from temporalio.worker import Worker
from connections import connect_temporal
from models.search_attributes import TASK_QUEUE
from settings import Settings
from temporalio import workflow

@workflow.defn(name="Waiting")
class Waiting:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

async def main():
    await Worker(await connect_temporal(Settings()), task_queue=TASK_QUEUE, workflows=[Waiting]).run()

if __name__ == "__main__":
    asyncio.run(main())
"""
WEB = """
import http.server, os

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(os.environ["OFFBOARD_WEB_PORT"])), Page).serve_forever()
"""


AS_NOBODY = """
import sys
from pathlib import Path
from embedded.stack import up
from embedded.supervisor import Programs

home = Path("{home}")
worker, web = ((sys.executable, "-P", str(home / name)) for name in ("small_worker.py", "small_web.py"))
print(up(home, wait=90, programs=Programs(worker=worker, web=web)).model_dump_json())
"""


def programs(folder: Path) -> Programs:
    """A worker and a page that need nothing of the rest of Offboard."""
    (folder / "small_worker.py").write_text(WORKER)
    (folder / "small_web.py").write_text(WEB)
    run = (sys.executable, "-P")
    return Programs(worker=(*run, str(folder / "small_worker.py")), web=(*run, str(folder / "small_web.py")))


@pytest.fixture(autouse=True)
def _no_other_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("TEMPORAL_", "OFFBOARD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running stack."""
    folder = tmp_path_factory.mktemp("stack")
    yield folder
    down(folder)


@pytest.fixture
def running(home: Path) -> StackInfo:
    """The running stack; started when the test before stopped it."""
    return up(home, wait=90, programs=programs(home))


def settings(home: Path) -> Settings:
    return Settings(home=home)


def addresses(info: StackInfo) -> tuple[object, ...]:
    return info.temporal, info.ui, info.metrics, info.web, info.postgres_port


async def start_case(home: Path, workflow_id: str) -> None:
    client = await connect_temporal(settings(home))
    attributes = TypedSearchAttributes([SearchAttributePair(DEPARTMENT, "sales")])
    await client.start_workflow("Waiting", id=workflow_id, task_queue=TASK_QUEUE, search_attributes=attributes)


async def case_runs(home: Path, workflow_id: str) -> bool:
    handle = (await connect_temporal(settings(home))).get_workflow_handle(workflow_id)
    return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


def note(home: Path, source: str) -> None:
    database = open_database(settings(home))
    with database.begin() as connection:
        connection.execute(text("INSERT INTO imports (source, counts) VALUES (:source, '{}')"), {"source": source})
    database.close()


def notes(home: Path) -> list[str]:
    database = open_database(settings(home))
    try:
        with database.begin() as connection:
            return list(connection.execute(text("SELECT source FROM imports ORDER BY id")).scalars())
    finally:
        database.close()


def test_up_gives_four_ready_servers_on_loopback(running: StackInfo, home: Path) -> None:
    assert running.ready
    assert all(str(address).removeprefix("http://").startswith("127.0.0.1:") for address in addresses(running)[:4])
    assert json.loads(running.model_dump_json())["ready"] is True
    assert httpx.get(f"{public_url(settings(home))}/healthz").status_code == 200
    assert notes(home) is not None


def test_nothing_listens_beyond_loopback(running: StackInfo) -> None:
    ours = {info.pid for info in running.services.values()}
    inodes = {
        os.readlink(handle).removeprefix("socket:[").removesuffix("]")
        for pid in ours
        for handle in Path(f"/proc/{pid}/fd").iterdir()
        if handle.is_symlink() and os.readlink(handle).startswith("socket:")
    }
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    listening = [row[1].split(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes]
    assert len(listening) >= 5
    assert set(listening) <= {"0100007F", "00000000000000000000000001000000"}


def test_secrets_and_state_are_for_the_owner_only(running: StackInfo, home: Path) -> None:
    assert link_secret(settings(home)) == link_secret(settings(home))
    assert len(link_secret(settings(home))) >= 43
    for name in ("stack.json", "link-secret", "postgres/postgres.json"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    for name in ("temporal", "log", "postgres"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o700, name
    password = str(json.loads((home / "postgres" / "postgres.json").read_text())["password"])
    assert password in database_url(settings(home))
    assert password not in running.model_dump_json()
    assert password not in repr(read_stack(home))


def test_one_secret_however_many_ask_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: link_secret(settings(tmp_path)), range(64)))
    assert len(secrets) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["link-secret"]


async def test_the_namespace_is_prepared_and_preparing_again_is_harmless(running: StackInfo, home: Path) -> None:
    client = await connect_temporal(settings(home))
    await prepare(client)
    assert client.namespace == "offboard"
    assert await retention(client) == RETENTION
    assert await missing_attributes(client) == {}


def test_a_second_up_is_harmless(running: StackInfo, home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(lambda _: up(home, programs=programs(home)), range(3)))
    assert all(info == running for info in again)


def test_the_doctor_finds_a_healthy_stack_healthy(running: StackInfo, home: Path) -> None:
    findings = examine(settings(home))
    assert [finding for finding in findings if not finding.ok] == []
    assert {"Database", "Schema", "Clocks", "Temporal", "Worker", "Approval page"} <= {one.name for one in findings}


def test_the_doctor_names_a_stuck_workflow(running: StackInfo, home: Path) -> None:
    """No worker knows this type: every step of it fails, and the server says so after a few attempts."""

    async def start() -> None:
        client = await connect_temporal(settings(home))
        await client.start_workflow("Unknown", id="offboarding-stuck", task_queue=TASK_QUEUE)

    async def end() -> None:
        client = await connect_temporal(settings(home))
        await client.get_workflow_handle("offboarding-stuck").terminate()

    asyncio.run(start())
    until = time.monotonic() + 90
    while not (ill := ills(home)) and time.monotonic() < until:
        time.sleep(1)
    assert ill == {"Stuck cases": {"number": "1"}}
    asyncio.run(end())


def ills(home: Path) -> dict[str, dict[str, str]]:
    findings = examine(settings(home))
    return {one.name: one.problem.params for one in findings if one.problem}


@pytest.mark.chaos
@pytest.mark.parametrize("victim", ["postgres", "temporal", "worker", "web"])
def test_a_killed_server_comes_back_with_nothing_lost(running: StackInfo, home: Path, victim: str) -> None:
    note(home, f"before {victim}")
    asyncio.run(start_case(home, f"offboarding-{victim}"))
    killed = running.services[victim].pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    while is_alive(killed):
        time.sleep(0.01)
    after = up(home, programs=programs(home))
    assert time.monotonic() - began < 20
    assert after.services[victim].pid != killed
    assert after.supervisor == running.supervisor
    assert addresses(after) == addresses(running)
    assert f"before {victim}" in notes(home)
    assert asyncio.run(case_runs(home, f"offboarding-{victim}"))


@pytest.mark.chaos
def test_a_killed_supervisor_leaves_nothing_in_the_way(running: StackInfo, home: Path) -> None:
    note(home, "before the supervisor")
    assert running.supervisor is not None
    os.kill(running.supervisor, signal.SIGKILL)
    while status(home).running:
        time.sleep(0.01)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: up(home, programs=programs(home)), range(2))
    assert first == second
    assert addresses(first) == addresses(running)
    assert first.supervisor != running.supervisor
    for name in ("temporal", "worker", "web"):
        assert not is_alive(running.services[name].pid or 0), name
    assert "before the supervisor" in notes(home)


def test_down_stops_all_and_state_survives(running: StackInfo, home: Path) -> None:
    note(home, "before down")
    asyncio.run(start_case(home, "offboarding-down"))
    down(home)
    assert not any(is_alive(service.pid or 0) for service in running.services.values())
    assert not is_listening(running.postgres_port or 0)
    assert not status(home).running
    with pytest.raises(Unavailable, match="offboard up"):
        database_url(settings(home))
    down(home)  # nothing to do is no error
    began = time.monotonic()
    again = up(home, programs=programs(home))
    assert time.monotonic() - began < 30
    assert addresses(again) == addresses(running)
    assert "before down" in notes(home)
    assert asyncio.run(case_runs(home, "offboarding-down"))


def test_two_stacks_side_by_side(running: StackInfo, home: Path, tmp_path: Path) -> None:
    try:
        other = up(tmp_path, wait=90, programs=programs(tmp_path))
        assert set(addresses(other)).isdisjoint(addresses(running))
        note(tmp_path, "only here")
        assert notes(tmp_path) == ["only here"]
        assert "only here" not in notes(home)
        down(tmp_path)
        assert status(home) == running
    finally:
        down(tmp_path)


def test_a_worker_that_cannot_start_is_reported_with_its_log(tmp_path: Path) -> None:
    broken = Programs(worker=(sys.executable, "-c", "raise SystemExit('no licence for this worker')"))
    try:
        with pytest.raises(Unavailable, match="worker is not ready") as failure:
            up(tmp_path, wait=60, programs=broken.model_copy(update={"web": programs(tmp_path).web}))
        assert "no licence for this worker" in str(failure.value)
        assert "offboard down" in str(failure.value)
        assert status(tmp_path).services["postgres"].running
        found = ills(tmp_path)
        assert set(found) == {"Servers", "Worker"}
        assert found["Servers"] == {"name": "worker"}
    finally:
        down(tmp_path)


def test_stale_facts_after_a_restart_of_the_machine_name_strangers(tmp_path: Path) -> None:
    """After a restart the pid of our dead PostgreSQL can belong to anybody, here to this test."""
    try:
        first = up(tmp_path, wait=90, programs=programs(tmp_path))
        note(tmp_path, "before")
        down(tmp_path)
        pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text(f"{os.getpid()}\n{tmp_path / 'postgres' / 'data'}\n1\n{first.postgres_port}\n")
        assert not status(tmp_path).services["postgres"].running
        again = up(tmp_path, wait=90, programs=programs(tmp_path))
        assert addresses(again) == addresses(first)
        assert notes(tmp_path) == ["before"]
    finally:
        down(tmp_path)


def test_a_profile_of_the_environment_wins_over_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        asyncio.run(connect_temporal(settings(tmp_path)))


def test_without_a_stack_everybody_is_told_what_to_run(tmp_path: Path) -> None:
    for ask in (database_url, public_url, lambda given: asyncio.run(connect_temporal(given))):
        with pytest.raises(Unavailable, match="offboard up"):
            ask(settings(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_user_can_run_it() -> None:
    """As root, become `nobody` in a folder of nobody's."""
    python = _python_for_everybody()
    home = Path(tempfile.mkdtemp(prefix="offboard-nobody-"))
    try:
        programs(home)
        command = _as_nobody(python, home, AS_NOBODY.format(home=home))
        os.chown(home, 65534, 65534)
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert answer.returncode == 0, answer.stderr
        info = StackInfo.model_validate({k: v for k, v in json.loads(answer.stdout).items() if k != "ready"})
        assert info.ready
        owners = {Path(f"/proc/{service.pid}").stat().st_uid for service in info.services.values()}
        assert owners == {65534}
    finally:
        down(home)
        shutil.rmtree(home)


def _as_nobody(python: str, home: Path, code: str) -> list[str]:
    library = Path(pytest.__file__).parent.parent
    environment = [f"HOME={home}", f"PYTHONPATH={ROOT}:{library}", f"PATH={Path(sys.executable).parent}:/usr/bin:/bin"]
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", *environment]
    return [*user, python, "-P", "-c", code]


def _python_for_everybody() -> str:
    """A Python of our version that `nobody` may run: ours is often under root's private home."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed: cannot become another user here")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        probe = _as_nobody(python, Path("/"), "import embedded.stack")
        if Path(python).exists() and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip(f"no {version} that an ordinary user may run together with this checkout")
