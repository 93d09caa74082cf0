"""Models at work in child processes of their own: whatever is wrong with one, the worker lives.

The SHA-256 of a document is compared before a byte is handed over. A child is kept for the next question about the same
model; one that dies or takes too long is replaced. A document that cannot be loaded is ModelRefused; a child that dies
over a question is Unavailable, which is tried again.
"""

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from early_warning.document import LARGEST, kind_of, sha256_of, version_of
from early_warning.metrics import Floats
from models.errors import ModelRefused, Unavailable

DEADLINE = 120.0  # seconds for one answer, with the start of the child
KEPT = 2  # children: the champion's, and that of a challenger who is measured
HOME = Path(__file__).parents[1]
SIZES = struct.Struct(">II")
ROWS_AT_ONCE = 50_000


class _Died(Exception):
    """The child gave no answer: it died, or it took too long and was ended."""


class _Answer(NamedTuple):
    head: dict[str, Any]
    body: bytes


class _Child:
    """One process and its pipes."""

    def __init__(self) -> None:
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONSAFEPATH": "1", "PYTHONPATH": str(HOME)}
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "early_warning.host_process"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/",
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, head: dict[str, Any], body: bytes, largest: int) -> _Answer:
        """Raises _Died. An answer that is larger than it can be counts as none."""
        until = time.monotonic() + DEADLINE
        try:
            said = json.dumps(head).encode()
            self._write(SIZES.pack(len(said), len(body)) + said + body, until)
            of_head, of_body = SIZES.unpack(self._read(SIZES.size, until))
            if of_head > LARGEST or of_body > largest:
                raise _Died
            return _Answer(json.loads(self._read(of_head, until)), self._read(of_body, until))
        except (OSError, ValueError, _Died) as lost:
            self.end()
            raise _Died from lost

    def end(self) -> None:
        """Stop it, whatever it does."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _write(self, content: bytes, until: float) -> None:
        assert self._process.stdin is not None  # noqa: S101  (opened above)
        place = self._process.stdin.fileno()
        os.set_blocking(place, False)
        left = memoryview(content)
        while left:
            _, ready, _ = select.select([], [place], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise _Died
            left = left[os.write(place, left) :]

    def _read(self, size: int, until: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101  (opened above)
        place, parts = self._process.stdout.fileno(), bytearray()
        while len(parts) < size:
            ready, _, _ = select.select([place], [], [], max(0.0, until - time.monotonic()))
            part = os.read(place, min(size - len(parts), 1 << 20)) if ready else b""
            if not part:
                raise _Died
            parts += part
        return bytes(parts)


class HostedModel:
    """A model in a child process. It answers as early_warning.model.Model does; one question at a time."""

    def __init__(self, document: bytes, sha256: str) -> None:
        self.document, self.sha256 = document, sha256
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.names = tuple(self._start())

    @property
    def version(self) -> str:
        """The name of the document."""
        return version_of(self.sha256, kind_of(self.document))

    def margins(self, matrix: Floats) -> Floats:
        """The log-odds of leaving, a row a person. Raises ModelRefused and Unavailable."""
        return self._ask("margins", matrix, ())

    def contributions(self, matrix: Floats) -> Floats:
        """The part of every feature and, last, the bias; a row adds up to the margin. Raises as `margins`."""
        return self._ask("contributions", matrix, (len(self.names) + 1,))

    def close(self) -> None:
        """End the child."""
        with self._lock:
            if self._child:
                self._child.end()
                self._child = None

    def _start(self) -> list[str]:
        """A child that has loaded the document. Raises ModelRefused when that fails, and when it dies of it twice."""
        for _ in range(2):
            child = _Child()
            try:
                said = child.ask({"ask": "load"}, self.document, 0).head
            except _Died:
                continue
            if "refused" in said:
                child.end()
                raise refused(self.version, str(said["refused"]))
            self._child = child
            return list(said["names"])
        raise refused(self.version, "the process that loads it dies of it")

    def _ask(self, what: str, matrix: Floats, width: tuple[int, ...]) -> Floats:
        parts = [matrix[at : at + ROWS_AT_ONCE] for at in range(0, len(matrix), ROWS_AT_ONCE)]
        with self._lock:
            found = [self._one(what, part, (len(part), *width)) for part in parts]
        return np.concatenate(found) if found else np.empty((0, *width))

    def _one(self, what: str, matrix: Floats, shape: tuple[int, ...]) -> Floats:
        if self._child is None or not self._child.alive:
            self._start()
        assert self._child is not None  # noqa: S101  (started above)
        size = 8 * int(np.prod(shape))
        body = np.ascontiguousarray(matrix, dtype="<f8").tobytes()
        try:
            answer = self._child.ask({"ask": what, "shape": matrix.shape}, body, size)
        except _Died as lost:
            self._child = None
            raise Unavailable(
                "the process of the model {version} died over a question: nobody was scored. It is started again.",
                version=self.version,
            ) from lost
        if "refused" in answer.head or len(answer.body) != size:
            raise refused(self.version, str(answer.head.get("refused", "it gives an answer of another shape")))
        found = np.frombuffer(answer.body, dtype="<f8").reshape(shape)
        if not np.isfinite(found).all():
            raise refused(self.version, "it gives figures that are none")
        return found


def hosted(document: bytes, sha256: str) -> HostedModel:
    """The model of a registered document, in the child that this process keeps for it. Raises ModelRefused."""
    found = sha256_of(document)
    if found != sha256:
        raise ModelRefused(
            "the model file does not match its registered SHA-256 ({found:.12} is not {registered:.12}): it was not "
            "loaded and nobody was scored. Train a model anew, or promote another one.",
            found=found,
            registered=sha256,
        )
    with _lock:
        if sha256 not in _kept:
            _kept[sha256] = HostedModel(document, sha256)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)[1].close()
        _kept.move_to_end(sha256)
        return _kept[sha256]


def refused(version: str, cause: str) -> ModelRefused:
    """The document is that of its hash, and yet no model that can be used."""
    return ModelRefused(
        "the model {version} was not used and nobody was scored: {cause}. Train a model anew, or promote another one.",
        version=version,
        cause=cause,
    )


def close_all() -> None:
    """End every child of this process."""
    with _lock:
        while _kept:
            _kept.popitem()[1].close()


_lock = threading.Lock()
_kept: "OrderedDict[str, HostedModel]" = OrderedDict()
atexit.register(close_all)
