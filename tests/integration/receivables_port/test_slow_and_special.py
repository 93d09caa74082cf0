"""What would hold a worker for hours: answers whose headers drip, and pipes and devices where files should be."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.errors import Unavailable
from systems.receivables.answers import Misread, read_json
from systems.receivables.calls import Calls
from systems.receivables.csv_folder import CsvFolder
from systems.receivables.drop_rows import BALANCES, OPEN_ITEMS
from systems.receivables.failures import GARBLED, NO_ANSWER
from systems.receivables.http import HttpSystem, Patience
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.deliveries import contents, deliver
from tests.integration.receivables_port.stories import LAST_DAY
from tests.integration.receivables_port.suite import whole

Drip = Callable[[socket.socket, threading.Event], None]


def headers(line: socket.socket, over: threading.Event) -> None:
    """A header without an end, a letter now and then."""
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Slow: ")
    while not over.wait(0.05):
        line.sendall(b"a")


def promises(line: socket.socket, over: threading.Event) -> None:
    """An answer that is always about to come."""
    while not over.wait(0.05):
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@contextmanager
def dripping(drip: Drip) -> Iterator[str]:
    """The address of a server that answers every call like that."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(line: socket.socket) -> None:
            with line:
                try:
                    line.recv(65536)
                    drip(line, over)
                except OSError:
                    return  # the caller has hung up, as it should

        def serve() -> None:
            while not over.is_set():
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(line,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()


@pytest.mark.parametrize("drip", [headers, promises])
def test_headers_that_drip_end_with_the_limit_of_the_call(drip: Drip) -> None:
    patience = Patience(timeout=0.3, tries=2, budget=2, first_wait=0.01)
    began = time.monotonic()
    with (
        dripping(drip) as address,
        HttpSystem("slow", address, Calls(1), patience=patience) as system,
        pytest.raises(Unavailable) as caught,
    ):
        system.get("/items")
    assert caught.value.detail["reason"] == NO_ANSWER
    assert time.monotonic() - began < 10, "generous: other tests may run beside this one"


@pytest.mark.parametrize("text", [b'{"amount": 1e9999999999999999999}', b"[1E-9999999999999999999]"])
def test_a_number_beyond_every_decimal_is_misread(text: bytes) -> None:
    with pytest.raises(Misread):
        read_json(text)


@pytest.mark.parametrize("name", [OPEN_ITEMS, BALANCES, "manifest.json"])
@pytest.mark.parametrize("device", [False, True])
def test_a_pipe_or_device_in_a_delivery_is_refused_at_once(tmp_path: Path, name: str, device: bool) -> None:
    delivery = deliver(tmp_path, LAST_DAY, contents(Business().client("A"), LAST_DAY))
    (delivery / name).unlink()
    if device:
        (delivery / name).symlink_to("/dev/zero")
    else:
        os.mkfifo(delivery / name)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught, CsvFolder(tmp_path, 3).snapshot(whole("A"), LAST_DAY):
        pytest.fail("nothing was read")
    assert caught.value.detail["reason"] == GARBLED
    assert time.monotonic() - began < 10, "generous: other tests may run beside this one"
