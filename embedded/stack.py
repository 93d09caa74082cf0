"""The one-machine stack as the command sees it: up, down, status."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from pydantic import computed_field
from temporalio.client import Client
from temporalio.service import RPCError

from connections import NAMESPACE, ServiceState
from embedded.home import Home, is_our_child
from embedded.postgres import Postgres
from embedded.processes import is_alive, set_aside_long, tail
from embedded.processes import stop as stop_process
from embedded.readiness import polls_since, web_fault
from embedded.supervisor import Programs
from models.base import Value
from models.errors import Unavailable

SERVICES = ("postgres", "temporal", "worker", "web")
HOPELESS = 4  # failures in a row after which `up` stops waiting and says why
ALL_DOWN = "Nothing of it runs any more."
OTHERS_RUN = "The other servers keep running and this one is tried again; `offboard down` stops them all."
STOP_GRACE = 90.0  # seconds; the supervisor itself gives each of its children 20 s


class ServiceInfo(Value):
    """One server: its process id and whether it lives."""

    pid: int | None = None
    running: bool = False


class StackInfo(Value):
    """What `offboard up` prints. No secrets. Addresses are None while nothing is there.

    `running` means that the keeper of the stack lives; `ready` that every server of it does.
    """

    home: Path
    running: bool
    supervisor: int | None = None
    temporal: str | None = None
    ui: str | None = None
    metrics: str | None = None
    web: str | None = None
    postgres_port: int | None = None
    services: dict[str, ServiceInfo]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ready(self) -> bool:
        """True when the keeper and all four servers live."""
        return self.running and all(service.running for service in self.services.values())


def up(home: Path, wait: float = 60.0, programs: Programs | None = None) -> StackInfo:
    """Start the stack under `home` unless it runs, and return when all of it answers; at most `wait` seconds.

    Raises Unavailable with the end of the log of the part that is not ready. `programs` replaces our own two programs.
    """
    place = Home(home)
    place.make()
    launched = None if place.supervisor() else _launch(place, programs or Programs())
    until = time.monotonic() + wait
    while (late := _not_ready(place)) is not None:
        facts = place.facts()
        failures = facts.services.get(late, ServiceState()).failures if facts else 0
        ended = launched is not None and launched.poll() is not None and place.supervisor() is None
        if ended or failures >= HOPELESS or time.monotonic() > until:
            raise _not_up(place, "supervisor" if ended else late, ended)
        time.sleep(0.1)
    return status(home)


def down(home: Path) -> None:
    """Stop everything under `home`, also what a killed supervisor left. Nothing happens when nothing runs."""
    place = Home(home)
    if (supervisor := place.supervisor()) is not None:
        stop_process(supervisor, grace=STOP_GRACE)
    if place.folder.exists():
        place.stop_everything()


def status(home: Path) -> StackInfo:
    """What runs under `home` right now. Asks nobody over the network."""
    place = Home(home)
    supervisor, facts = place.supervisor(), place.facts()
    if facts is None:
        services = {name: ServiceInfo() for name in SERVICES}
        return StackInfo(home=place.folder, running=supervisor is not None, supervisor=supervisor, services=services)
    return StackInfo(
        home=place.folder,
        running=supervisor is not None,
        supervisor=supervisor,
        temporal=facts.temporal or None,
        ui=facts.ui or None,
        metrics=facts.metrics or None,
        web=facts.web or None,
        postgres_port=facts.postgres_port,
        services={
            name: _service(place, name, facts.services.get(name, ServiceState()), facts.supervisor) for name in SERVICES
        },
    )


def _service(place: Home, name: str, state: ServiceState, supervisor: int) -> ServiceInfo:
    if name == "postgres":
        server = Postgres(place.postgres_folder)
        return ServiceInfo(pid=server.pid(), running=server.is_running())
    running = state.pid is not None and is_our_child(state.pid, supervisor)
    return ServiceInfo(pid=state.pid, running=running)


def _launch(place: Home, programs: Programs) -> "subprocess.Popen[bytes]":
    log = place.log("supervisor")
    set_aside_long(log)
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "embedded.supervisor", programs.model_dump_json()],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=place.folder,
            env={**os.environ, "OFFBOARD_HOME": str(place.folder)},
            start_new_session=True,
        )


def _not_ready(place: Home) -> str | None:
    facts = place.facts()
    if facts is None or place.supervisor() != facts.supervisor:
        return "supervisor"
    for name in SERVICES:
        state = facts.services.get(name, ServiceState())
        if state.pid is None or not is_alive(state.pid):
            return name
    worker = facts.services["worker"]
    if worker.started_at is None or not asyncio.run(_polls(facts.temporal, worker)):
        return "worker"
    return "web" if web_fault(facts.web) else None


async def _polls(address: str, worker: ServiceState) -> bool:
    try:
        client = await Client.connect(address, namespace=NAMESPACE)
        return worker.started_at is not None and await polls_since(client, worker.started_at)
    except (RuntimeError, RPCError):
        return False


def _not_up(place: Home, name: str, ended: bool) -> Unavailable:
    log = place.log(name)
    return Unavailable(
        "the stack under {home} is not up: {service} is not ready. {advice} Data is kept. {log} ends with:\n{tail}",
        home=place.folder,
        service=name,
        advice=ALL_DOWN if ended else OTHERS_RUN,
        log=log,
        tail=tail(log) or "-",
    )
