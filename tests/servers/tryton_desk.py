"""The desk at which a test database of Tryton is made, filled and read: a program in Tryton's own environment."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.environments import CACHE, ROOT, environment

HERE = Path(__file__).parent
PROGRAM = HERE / "tryton_program.py"
MADE_BY = (ROOT / "requirements" / "tryton.txt", PROGRAM, HERE / "tryton_company.py")
FILLED_BY = tuple(HERE / f"tryton_{part}.py" for part in ("books", "entries", "settling"))
DATABASE = "erp"
KEPT = 12  # filled databases, of four to ten MB each; the one that was not used for longest makes room
PATIENCE = 30  # seconds for the end of a program that has nothing left to do


class Desk:
    """One process that does jobs on the database of a folder, until it is closed."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._log = (folder / "desk.log").open("w+")
        self._process = subprocess.Popen(
            [str(python), "-B", str(PROGRAM), str(folder), DATABASE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=surroundings(), text=True,
        )  # fmt: skip

    def do(self, **job: Any) -> Any:
        """Do a job and return what it answers. Raises RuntimeError with the reason when it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            raise RuntimeError(f"the program ended: {self._log.read()[-2000:]}")
        told = json.loads(answer)
        if "failed" in told:
            raise RuntimeError(told["failed"])
        return told["done"]

    def close(self) -> None:
        """End the process, by itself if it can: then the database is one file again."""
        try:
            self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._log.close()


def surroundings(**settings: str) -> dict[str, str]:
    """The environment of a program of Tryton: settings of whoever runs the tests are not for it."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return kept | settings


@dataclass(frozen=True)
class Opening:
    """What opens a copied database: two keys for REST, the password of `admin`; and its invoices by reference."""

    key: str
    admin: str
    password: str
    invoices: dict[str, dict[str, Any]]


def copy_books(document: dict[str, Any] | None, into: Path, cache: Path = CACHE) -> Opening:
    """Put `erp.sqlite` into a folder: a company with empty books, or with those of a document (`tryton_fill`).

    Each is made once and kept. Only one process makes it, the others wait. Raises Unreachable when the packages cannot
    be fetched.
    """
    python = environment("tryton", cache)
    empty = cache / f"tryton-{_digest(sys.version.encode(), *(file.read_bytes() for file in MADE_BY))}"
    with (cache / "tryton-books.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when the process ends, however it ends
        if not empty.exists():
            for outdated in cache.glob("tryton-*/"):
                shutil.rmtree(outdated)
            _make(python, empty, {"do": "set_up"})
        books = empty if document is None else _filled(python, empty, document)
        shutil.copy(books / f"{DATABASE}.sqlite", into)
        opening = _answer(empty)
        return Opening(**opening, invoices={} if document is None else _answer(books))


def _filled(python: Path, empty: Path, document: dict[str, Any]) -> Path:
    content = json.dumps(document, sort_keys=True).encode()
    folder = empty / _digest(content, *(file.read_bytes() for file in FILLED_BY))
    if not folder.exists():
        used_last = sorted(empty.glob("*/"), key=lambda kept: kept.stat().st_mtime)
        for forgotten in used_last[: -KEPT + 1]:
            shutil.rmtree(forgotten)
        _make(python, folder, {"do": "fill", "document": document}, empty / f"{DATABASE}.sqlite")
    os.utime(folder)
    return folder


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def _answer(folder: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return answer


def _make(python: Path, folder: Path, job: dict[str, Any], copied: Path | None = None) -> None:
    """The folder with a database on which a job was done, and what the job answered."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if copied:
        shutil.copy(copied, unfinished)
    desk = Desk(python, unfinished)
    try:
        answer = desk.do(**job)
    finally:
        desk.close()
    (unfinished / "answer.json").write_text(json.dumps(answer))
    unfinished.rename(folder)
