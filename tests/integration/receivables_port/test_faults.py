"""What a system downstream can do to us: it is slow, breaks, limits, refuses, changes. No wrong figure, no rush."""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from models.errors import Unavailable
from systems.receivables.calls import Calls
from systems.receivables.failures import GARBLED, NO_ANSWER, NOT_ALLOWED, RATE_LIMITED
from systems.receivables.http import Patience
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.downstream import Fault, Said
from tests.integration.receivables_port.example_erp import KEY, ExampleSystem, Number, written
from tests.integration.receivables_port.plain_ledger import open_items
from tests.integration.receivables_port.stories import LAST_DAY, random_business
from tests.integration.receivables_port.storm import ENDS, IN_A_STORM, RIGHT, weather
from tests.integration.receivables_port.suite import as_open, whole

HASTY = Patience(timeout=0.3, tries=3, budget=3, first_wait=0.005)
BUSINESS = random_business(seed=11, clients=8, invoices=150)
EXPECTED = open_items(BUSINESS, LAST_DAY)


@pytest.fixture
def erp() -> Iterator[ExampleSystem]:
    """The imaginary ERP with three pages of open items."""
    system = ExampleSystem(HASTY)
    system.filled(BUSINESS, LAST_DAY)
    yield system
    system.close()


def figures(erp: ExampleSystem, business: Business = BUSINESS) -> list[Any]:
    """What the adapter reads."""
    with erp.source.snapshot(whole(*business.clients), LAST_DAY) as snapshot:
        return sorted(as_open(erp, item) for item in snapshot.items())


def failure(erp: ExampleSystem) -> Unavailable:
    """The error that comes instead of figures."""
    with pytest.raises(Unavailable) as caught:
        figures(erp)
    told = f"{caught.value} {caught.value.detail} {caught.value.details}"
    assert KEY not in told
    assert erp.server.url not in told
    return caught.value


def always(said: Said) -> Fault:
    """The same answer to every call."""
    return lambda number, path, good: said


def once(said: Said) -> Fault:
    """The first call goes wrong."""
    return lambda number, path, good: said if number == 1 else good


def test_pages_are_read_to_the_end(erp: ExampleSystem) -> None:
    assert len(EXPECTED) > 100
    assert figures(erp) == EXPECTED
    assert sum(path.startswith("/items") for path in erp.server.asked) == 1 + len(EXPECTED) // 50


@pytest.mark.parametrize(
    "said",
    [
        Said(status=500),
        Said(status=503),
        Said(b'{"revision": 1', cut=5),
        Said(reset=True),
        Said(hang=True),
        Said(b"[" + b" " * 400 + b"]", drip=True),
        Said(b"<html>busy</html>", headers={"Content-Type": "text/html"}),
    ],
    ids=["error", "away", "cut", "reset", "silent", "drop by drop", "HTML"],
)
def test_one_bad_answer_is_asked_again_and_many_are_unavailable(erp: ExampleSystem, said: Said) -> None:
    erp.server.fault = once(said)
    assert figures(erp) == EXPECTED
    erp.server.fault = always(said)
    before = len(erp.server.asked)
    assert failure(erp).detail["reason"] in {NO_ANSWER, GARBLED}
    assert len(erp.server.asked) - before == HASTY.tries


def test_a_system_that_is_not_there_does_not_answer(erp: ExampleSystem) -> None:
    erp.server.close()
    assert failure(erp).detail["reason"] == NO_ANSWER


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_what_to_do_and_is_not_repeated(erp: ExampleSystem, status: int) -> None:
    erp.server.fault = always(Said(b'{"error": "forbidden"}', status=status))
    refusal = failure(erp)
    assert refusal.detail["reason"] == NOT_ALLOWED
    assert "OFFBOARD_RECEIVABLES_KEY" in str(refusal)
    assert "right to read" in str(refusal)
    assert len(erp.server.asked) == 1


def test_a_redirect_is_not_followed_with_our_key(erp: ExampleSystem) -> None:
    elsewhere = ExampleSystem()
    erp.server.fault = always(Said(status=307, headers={"Location": elsewhere.server.url}))
    assert failure(erp).detail["reason"] == GARBLED
    assert elsewhere.server.asked == []
    elsewhere.close()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_is_honoured(erp: ExampleSystem, status: int, dated: bool) -> None:
    moments: list[float] = []
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)

    def limited(number: int, path: str, good: Said) -> Said:
        moments.append(time.monotonic())
        headers = {"Retry-After": until if dated else "1"}
        return Said(status=status, headers=headers) if number == 1 else good

    erp.server.fault = limited
    assert figures(erp) == EXPECTED
    # A date has whole seconds: two of them are at least one and a bit from now.
    assert moments[1] - moments[0] >= (0.9 if dated else 1.0)


def test_a_limit_that_outlasts_our_patience_ends_at_once(erp: ExampleSystem) -> None:
    erp.server.fault = always(Said(status=429, headers={"Retry-After": "3600"}))
    began = time.monotonic()
    assert failure(erp).detail["reason"] == RATE_LIMITED
    assert failure(erp).detail["reason"] == RATE_LIMITED
    assert time.monotonic() - began < 1
    assert len(erp.server.asked) == 1, "it wants to be left alone, by everybody"


@pytest.mark.parametrize("said", ["soon", "-5", "9" * 400, "Wed, 99 Foo 2026", "Mon, 01 Jan 99999999999 00:00:00 GMT"])
def test_a_retry_after_that_means_nothing_does_not_break_anything(said: str) -> None:
    erp = ExampleSystem(HASTY._replace(budget=0.3))
    erp.server.fault = always(Said(status=429, headers={"Retry-After": said}))
    assert failure(erp).detail["reason"] == RATE_LIMITED
    erp.close()


def test_books_that_change_between_two_pages_are_read_again(erp: ExampleSystem) -> None:
    def moved(number: int, path: str, good: Said) -> Said:
        if number == 2:
            # An invoice is paid after the first page was given out; the second page tells of it by the revision.
            erp.business = random_business(seed=12, clients=8, invoices=150)
            erp.revision += 1
            return erp.answer(path, {"authorization": f"Bearer {KEY}"})
        return good

    erp.server.fault = moved
    after = random_business(seed=12, clients=8, invoices=150)
    assert figures(erp, after) == open_items(after, LAST_DAY)


def test_books_that_never_stand_still_are_unavailable(erp: ExampleSystem) -> None:
    def moving(number: int, path: str, good: Said) -> Said:
        erp.revision += 1
        return good

    erp.server.fault = moving
    assert failure(erp).detail["reason"] == NO_ANSWER


@pytest.mark.parametrize("order", ["backwards", "shuffled", "one moved back", "one moved on"])
def test_another_order_between_pages_is_noticed(erp: ExampleSystem, order: str) -> None:
    """A system that sorts each page anew skips rows or tells them twice; the revision does not give it away."""

    def disordered(number: int, path: str, good: Said) -> Said:
        document = _document(good)
        rows = document["rows"]
        if not path.startswith("/items") or not rows:
            return good
        if order == "backwards":
            rows.reverse()
        elif order == "shuffled":
            random.Random(number).shuffle(rows)
        elif order == "one moved back":
            rows.insert(0, rows.pop())
        else:
            rows.append(rows.pop(0))
        return Said(_bytes(document))

    erp.server.fault = disordered
    assert failure(erp).detail["reason"] == GARBLED


def test_a_page_that_comes_twice_is_noticed(erp: ExampleSystem) -> None:
    pages: list[Said] = []

    def again(number: int, path: str, good: Said) -> Said:
        pages.append(good)
        return pages[0]

    erp.server.fault = again
    assert failure(erp).detail["reason"] == GARBLED


def test_a_thousand_calls_with_faults_give_no_wrong_figure_and_no_rush() -> None:
    calls = Calls(4)
    erp = ExampleSystem(IN_A_STORM, calls)
    erp.filled(BUSINESS, LAST_DAY)

    def look() -> None:
        assert figures(erp) == EXPECTED

    ends = weather(erp.server, look)
    erp.close()
    assert set(ends) <= ENDS
    assert ends.count(RIGHT) > 20
    assert erp.server.most <= 4
    assert calls.most == 4, "the calls that are allowed are made"


def test_a_system_that_is_down_is_asked_by_one_at_a_time(erp: ExampleSystem) -> None:
    erp.server.fault = always(Said(status=500))
    for _ in range(2):
        failure(erp)
    erp.server.most = 0

    def look(_: int) -> str:
        return failure(erp).detail["reason"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(8))) == {NO_ANSWER}
    assert erp.server.most == 1
    erp.server.fault = None
    assert figures(erp) == EXPECTED


def _document(said: Said) -> Any:
    return json.loads(said.body, parse_float=str)


def _bytes(document: Any) -> bytes:
    for row in document["rows"]:
        for name in ("amount", "open", "disputed"):
            row[name] = Number(row[name])
    return written(document)
