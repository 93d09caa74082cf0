"""Python environments for servers that tests run: made once from hashed requirements, kept in the checkout's cache."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "servers"
PATIENCE = 600  # seconds for one call of uv
UNREACHABLE = "Failed to fetch"  # uv's words when it cannot reach the registry


class Unreachable(Exception):
    """The packages cannot be fetched from here."""


def environment(name: str, cache: Path = CACHE) -> Path:
    """Python of the environment with what `requirements/<name>.txt` says. Made again when that file has changed.

    Only one process makes it, the others wait. Raises Unreachable when the registry is.
    """
    wanted = ROOT / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    folder, made_from = cache / name, cache / f"{name}.made-from"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when the process ends, however it ends
        if not made_from.exists() or made_from.read_text() != digest:
            made_from.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", sys.executable, str(folder))
            _uv("pip", "install", "--python", str(folder / "bin" / "python"), "--require-hashes", "-r", str(wanted))
            made_from.write_text(digest)
    return folder / "bin" / "python"


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [str(uv), "--quiet", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if UNREACHABLE in done.stderr:
        raise Unreachable(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)}: {done.stderr.strip()}")
