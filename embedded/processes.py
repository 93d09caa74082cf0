"""Small facts about processes and ports on this machine."""

import os
import signal
import socket
import time
from pathlib import Path


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """True when something accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_alive(pid: int) -> bool:
    """True for a running process; a zombie (killed, not reaped by its parent) counts as dead."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.exists() and Path("/proc/self").exists():
        try:
            return stat.read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stop(pid: int, *, grace: float = 10.0, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end, then make it; returns when it is gone."""
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
