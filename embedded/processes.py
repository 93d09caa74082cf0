"""Small facts about processes and ports on this machine, and a child process with a log of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from models.errors import Unavailable

LOG_LIMIT = 10_000_000  # bytes; a longer log is set aside once, at the next start
# Below the range from which systems take ports for outgoing connections: such a connection could sit on a kept port.
PORTS = range(18_000, 32_000)

HTTP2_SETTINGS = b"\x04"  # the type of the frame with which each side begins (RFC 9113, section 3.4)
HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + HTTP2_SETTINGS + bytes(5)

NUM_THREADS = 16  # place in /proc/<pid>/stat, counted from after the state


def free_port(others: Container[int] = ()) -> int:
    """A TCP port on 127.0.0.1 that nobody uses right now, none of `others`. Raises Unavailable when none was found."""
    for port in random.sample(PORTS, 200):
        if port not in others and can_bind(port):
            return port
    raise Unavailable("no free port was found on 127.0.0.1; close some programs and try again")


def can_bind(port: int) -> bool:
    """True when a server could listen on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def kept_ports(file: Path, names: Sequence[str]) -> dict[str, int]:
    """A port of its own by name, the same at every call; only one that somebody else took meanwhile is replaced."""
    kept: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    ports = {name: kept[name] for name in names if name in kept and can_bind(kept[name])}
    for name in names:
        if name not in ports:
            ports[name] = free_port(ports.values())
    if ports != kept:
        write_private(file, json.dumps(ports))
    return ports


def is_listening(port: int) -> bool:
    """True when something accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def speaks_http2(port: int, wait: float = 1.0) -> bool:
    """True when an HTTP/2 server, as gRPC servers are, answers on 127.0.0.1:port within `wait` seconds.

    To be listened to is not enough: a listener that never reads would hold a client for half a minute.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), wait) as probe:
            probe.sendall(HTTP2_HELLO)
            return probe.recv(4)[3:] == HTTP2_SETTINGS
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    """True for a running process; a zombie (killed, not reaped by its parent) counts as dead.

    Not while threads of it live: its first thread is a zombie before the others have let go of ports and files.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        try:
            state, *more = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state != "Z" or int(more[NUM_THREADS]) > 1
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    """The command of a process with its arguments, empty when there is no such process.

    A pid alone proves nothing: after a restart of the machine it can belong to anybody.
    """
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return ""
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def stop(pid: int, *, grace: float = 10.0, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end, then make it; returns when it is gone. `grace` in seconds."""
    for ask, wait in ((first, grace), (signal.SIGKILL, 5.0)):
        if not is_alive(pid):
            return
        try:
            os.kill(pid, ask)
        except ProcessLookupError:
            return
        until = time.monotonic() + wait
        while time.monotonic() < until and is_alive(pid):
            time.sleep(0.05)


def write_private(file: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it (mode 0600)."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(file)


def tail(log: Path, characters: int = 1200) -> str:
    """The last lines of a log, empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - characters))
        return source.read().decode(errors="replace").strip()


def set_aside_long(log: Path) -> None:
    """Rename a log above LOG_LIMIT to `<name>.1`, over the one before it, and make the folder of the log."""
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(f"{log.name}.1"))


class Program:
    """One child process that appends its output to a log. It can be started again after it ended."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, *, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.folder = folder
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process unless it runs. Raises OSError when the program cannot be run."""
        if self.is_running():
            return
        set_aside_long(self.log)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
            )

    def is_running(self) -> bool:
        """True while the process lives; a dead one is reaped by asking."""
        return self._process is not None and self._process.poll() is None

    def pid(self) -> int | None:
        """Process id of the last start."""
        return self._process.pid if self._process else None

    def exit_code(self) -> int | None:
        """How the last start ended, as subprocess says it (-9: killed); None before it, and while it runs."""
        return self._process.poll() if self._process else None

    def stop(self, grace: float = 20.0) -> None:
        """End the process: SIGTERM, and SIGKILL after `grace` seconds."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
