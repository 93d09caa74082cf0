"""Run by `make test` before the tests: installs Chromium and Poppler where that is possible, and never fails.

Only as root on a Debian-like system. Elsewhere the tests that need them skip and say so.
"""

import os
import shutil
import subprocess
import sys

WANTED = {"chromium": "chromium", "pdftotext": "poppler-utils"}  # program -> package
PATIENCE = 600  # seconds for one call


def main() -> int:
    """Install what is missing; always returns 0, because the tests tell what they skipped."""
    packages = [package for program, package in WANTED.items() if shutil.which(program) is None]
    if not packages:
        return 0
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        _say(f"Some tests will be skipped. They need: {names} (on Debian: sudo apt-get install {names})")
        return 0
    _say(f"Installing {names} for the tests ...")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        if fault := _apt(command):
            _say(f"Some tests will be skipped: {names} could not be installed ({fault}).")
            return 0
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _apt(arguments: list[str]) -> str:
    """Run apt-get quietly; returns what went wrong, or nothing."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            ["apt-get", "-qq", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        return str(failed)
    last_words = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (last_words[-1] if last_words else f"exit code {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
