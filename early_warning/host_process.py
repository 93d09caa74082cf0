"""The child process in which a model is loaded: little memory, no file to write, nothing of ours but the document.

It answers one question at a time over its pipes: eight bytes (length of a JSON head, length of a body), the head, the
body. Figures travel as the bytes of little-endian doubles with their shape in the head; nothing is ever unpickled. Run
by early_warning.host as `python -m early_warning.host_process`.
"""

import json
import os
import resource
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from early_warning.document import BadDocument, parse

if TYPE_CHECKING:
    from early_warning.model import Model

MEMORY = 1536 * 1024 * 1024  # bytes of address space
SECONDS = 60  # of processor time for one question
SIZES = struct.Struct(">II")
# XGBoost imports them when they are there: two seconds and 100 MB for what nothing here uses.
UNWANTED = ("pandas", "sklearn", "matplotlib", "pyarrow")


def main() -> None:
    """Answer until the pipe closes."""
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    # Whatever a library prints must not get between the answers.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    model: Model | None = None
    while (question := receive(questions)) is not None:
        head, body = question
        _limit(resource.RLIMIT_CPU, int(sum(os.times()[:2])) + SECONDS, hard=False)
        try:
            if head["ask"] == "load":
                model = _load(body)
                send(answers, {"names": model.names})
            elif model is not None:
                _answer(answers, model, head, body)
        except BadDocument as wrong:
            send(answers, {"refused": str(wrong)})
        except (Exception, MemoryError) as wrong:
            send(answers, {"refused": f"it cannot be used ({type(wrong).__name__})"})


def send(stream: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """Write one question or answer."""
    said = json.dumps(head).encode()
    stream.write(SIZES.pack(len(said), len(body)) + said + body)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one question; None when nobody asks any more."""
    sizes = stream.read(SIZES.size)
    if len(sizes) < SIZES.size:
        return None
    of_head, of_body = SIZES.unpack(sizes)
    return json.loads(stream.read(of_head)), stream.read(of_body)


def _load(document: bytes) -> "Model":
    parse(document)  # most bad documents end here, before the libraries below are paid for
    for unwanted in UNWANTED:
        sys.modules.setdefault(unwanted, None)  # type: ignore[arg-type]
    from early_warning.model import read  # noqa: PLC0415

    return read(document)


def _answer(answers: BinaryIO, model: "Model", head: dict[str, Any], body: bytes) -> None:
    import numpy as np  # noqa: PLC0415

    matrix = np.frombuffer(body, dtype="<f8").reshape(head["shape"]).astype(np.float64)
    found = model.contributions(matrix) if head["ask"] == "contributions" else model.margins(matrix)
    send(answers, {"shape": found.shape}, np.ascontiguousarray(found, dtype="<f8").tobytes())


def _limit(kind: int, most: int, *, hard: bool = True) -> None:
    _, ceiling = resource.getrlimit(kind)
    if ceiling != resource.RLIM_INFINITY:
        most = min(most, ceiling)
    with suppress(ValueError):  # macOS knows the limit of address space and does not let it be set
        resource.setrlimit(kind, (most, most if hard else ceiling))


if __name__ == "__main__":
    main()
