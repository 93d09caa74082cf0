"""The embedded Temporal server gets its ports, whoever takes them between the choice and the start."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from embedded import processes, temporal
from embedded.processes import is_alive, kept_ports
from embedded.temporal import Temporal
from models.errors import Unavailable

EXIT_OF_ONE_THREAD = {"x86_64": 60, "aarch64": 93}  # system calls of Linux

# Lives and says nothing the first time; the real server afterwards.
MUTE_ONCE = """#!/bin/sh
if [ ! -e {marker} ]; then touch {marker}; exec sleep 60; fi
exec {real} "$@"
"""


class Thief:
    """Somebody who listens on a chosen port before our server does; `wants` names the next one."""

    def __init__(self) -> None:
        self.wants: str | None = None
        self.chosen: list[dict[str, int]] = []
        self._taken: list[socket.socket] = []

    def choose(self, file: Path, names: Sequence[str]) -> dict[str, int]:
        """What the server asks for its ports."""
        ports = kept_ports(file, names)
        self.chosen.append(ports)
        if self.wants:
            taken = socket.socket()
            taken.bind(("127.0.0.1", ports[self.wants]))
            taken.listen()
            self._taken.append(taken)
            self.wants = None
        return ports

    def give_back(self) -> None:
        """Listen no more."""
        while self._taken:
            self._taken.pop().close()


@pytest.fixture
def thief(monkeypatch: pytest.MonkeyPatch) -> Iterator[Thief]:
    one = Thief()
    monkeypatch.setattr(temporal, "kept_ports", one.choose)
    yield one
    one.give_back()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Temporal]:
    one = Temporal(tmp_path / "temporal", tmp_path / "log")
    yield one
    one.stop()


def test_a_first_start_gets_other_ports_and_a_later_one_keeps_them(thief: Thief, server: Temporal) -> None:
    thief.wants = "grpc"
    server.start()
    first, kept = thief.chosen
    assert first["grpc"] not in kept.values()
    assert server.log.read_text().count("address already in use") == 1
    assert json.loads((server.folder / "ports.json").read_text()) == kept

    server.stop()
    thief.wants = "ui"
    with pytest.raises(Unavailable, match=r"ended while it started, with code 1[^0-9](?s:.*)address already in use"):
        server.start()
    thief.give_back()
    server.start()
    assert (server.ports, len(thief.chosen)) == (kept, 4)


def test_a_first_start_that_is_silent_is_made_again(
    server: Temporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, marker = tmp_path / "mute-once", tmp_path / "marker"
    program.write_text(MUTE_ONCE.format(marker=marker, real=temporal.find_binary()))
    program.chmod(0o755)
    monkeypatch.setattr(temporal, "find_binary", lambda: program)
    launched = []

    def choose(file: Path, names: Sequence[str]) -> dict[str, int]:
        launched.append(names)
        monkeypatch.setattr(temporal, "PATIENCE", 20.0 if marker.exists() else 1.0)
        return kept_ports(file, names)

    monkeypatch.setattr(temporal, "kept_ports", choose)
    server.start()
    assert marker.exists()
    assert server.is_running()
    assert len(launched) > 1


def test_a_server_that_stays_silent_is_told_from_one_that_ended(
    server: Temporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal, "find_binary", lambda: program)
    program = tmp_path / "silent"
    for does, said in (
        ("exec sleep 60", "runs but does not answer"),
        ("exit 3", "ended while it started, with code 3"),
    ):
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
        with pytest.raises(Unavailable, match=said):
            server.start(0.5)
        assert not server.is_running()
        assert not (server.folder / "ports.json").exists()


def test_ports_of_one_file_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.random, "sample", lambda ports, _: list(ports))
    assert len(set(kept_ports(tmp_path / "ports.json", ("grpc", "ui", "metrics")).values())) == 3


def test_a_listener_that_never_answers_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not processes.speaks_http2(silent.getsockname()[1], 0.2)


def test_one_that_is_killed_while_it_is_asked_to_start_is_started_again(
    server: Temporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    killed = server.pid()
    assert killed

    def looked_at(port: int) -> bool:
        if is_alive(killed):
            os.kill(killed, signal.SIGKILL)
            return False
        return processes.speaks_http2(port)

    monkeypatch.setattr(temporal, "speaks_http2", looked_at)
    server.start()
    assert server.is_running()
    assert server.pid() != killed


@pytest.mark.skipif(platform.machine() not in EXIT_OF_ONE_THREAD, reason="the number of the system call is not known")
def test_a_process_lives_as_long_as_one_of_its_threads() -> None:
    exits = f"ctypes.CDLL(None).syscall({EXIT_OF_ONE_THREAD[platform.machine()]}, 0)"
    code = f"import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); {exits}"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        assert is_alive(process.pid)
        assert process.poll() is None
        process.kill()
        until(lambda: not is_alive(process.pid))
        assert process.poll() == -signal.SIGKILL


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)
