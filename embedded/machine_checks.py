"""What `offboard doctor` can see without asking any server: Python, programs, folder, secrets."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from connections import link_secret_file, stack_file
from embedded.finding import Finding, ill, well
from embedded.home import Home
from embedded.postgres import find_binaries
from embedded.temporal import find_binary
from models.errors import Unavailable
from models.reasons import because
from services.exchange import EVENT_SECRETS, WEBHOOK_SECRETS
from systems.receivables.choose import KEY_FILE

OLDEST_PYTHON = (3, 11)
SPACE_NEEDED = 1 << 30  # bytes; PostgreSQL stops taking writes on a full disk


def check_python() -> Finding:
    """Is this Python new enough?"""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        return well("Python")
    return ill(
        "Python",
        because("This is Python {version}; Offboard needs 3.11 or newer.", version=version),
        because("Install a newer Python and set Offboard up again with it."),
    )


def check_programs() -> Iterator[Finding]:
    """Are the programs of the embedded servers there?"""
    mend = because("Run `make demo` once more: it installs what is missing.")
    programs: tuple[tuple[str, Callable[[], Path]], ...] = (
        ("PostgreSQL program", find_binaries),
        ("Temporal program", find_binary),
    )
    for name, find in programs:
        try:
            find()
        except Unavailable:
            yield ill(name, because("The program was not found."), mend)
        else:
            yield well(name)


def check_home(home: Path) -> Finding:
    """Can we write into the folder of our state, and is there room?"""
    existing = next(place for place in (home.resolve(), *home.resolve().parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return ill(
            "Folder",
            because("{folder} cannot be written.", folder=home.resolve()),
            because("Set OFFBOARD_HOME to a folder of yours, or give this user the right to write there."),
        )
    free = shutil.disk_usage(existing).free
    if free < SPACE_NEEDED:
        return ill(
            "Folder",
            because("{free} MB are free for {folder}.", free=free >> 20, folder=home.resolve()),
            because("Make room: {needed} MB should be free.", needed=SPACE_NEEDED >> 20),
        )
    return well("Folder")


def check_secrets(home: Path) -> Finding:
    """Are the files with passwords and keys closed to everybody else?"""
    place = Home(home)
    kept = (stack_file(place.folder), link_secret_file(place.folder), place.postgres_folder / "postgres.json")
    files = (*kept, place.folder / WEBHOOK_SECRETS, place.folder / EVENT_SECRETS, place.folder / KEY_FILE)
    for file in files:
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
        except OSError:
            continue
        if mode & 0o077:
            return ill(
                "Secrets",
                because("{file} has mode {mode}: others on this machine can read it.", file=file, mode=f"{mode:04o}"),
                because("Run `chmod 600 {file}`.", file=file),
            )
    return well("Secrets")
