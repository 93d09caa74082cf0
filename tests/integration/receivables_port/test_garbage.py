"""Garbage for an answer: a typed error each time, and no figure."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from models.errors import Unavailable
from systems.receivables.failures import GARBLED
from systems.receivables.http import Patience
from tests.integration.receivables_port.downstream import Said
from tests.integration.receivables_port.example_erp import ExampleSystem
from tests.integration.receivables_port.garbage import MEGABYTE, ON_THE_WIRE, Spoil, edited, json_of
from tests.integration.receivables_port.stories import LAST_DAY, every_kind
from tests.integration.receivables_port.suite import whole

HASTY = Patience(timeout=5, tries=2, budget=10, first_wait=0.001, longest=MEGABYTE)


@pytest.fixture(scope="module")
def erp() -> Iterator[ExampleSystem]:
    """The imaginary ERP with a small business."""
    system = ExampleSystem(HASTY)
    system.filled(every_kind(), LAST_DAY)
    yield system
    system.close()


def first(**values: Any) -> Spoil:
    """The first row says something else."""
    return edited(lambda document: document["rows"][0].update(values))  # type: ignore[index]


def without(name: str) -> Spoil:
    """The first row lacks a field."""
    return edited(lambda document: document["rows"][0].pop(name))  # type: ignore[index]


def digits(number: str) -> Spoil:
    """The first row has a number of exactly these characters."""

    def spoil(good: bytes) -> Said:
        document = json.loads(good)
        document["rows"][0]["open"] = "@"
        return json_of(json.dumps(document).encode().replace(b'"@"', number.encode()))

    return spoil


IN_A_ROW: dict[str, Spoil] = {
    "an amount that is a text": first(open="12.50"),
    "an amount with a comma": first(open="1,000.00"),
    "an amount that is nothing": first(open=None),
    "an amount that is true": first(open=True),
    "an amount that is a list": first(open=[1]),
    "an amount that is missing": without("open"),
    "an amount that is NaN": digits("NaN"),
    "an amount without end": digits("-Infinity"),
    "an amount of 400 digits": digits("1e400"),
    "an amount with a fifth place": digits("12.34567"),
    "an amount too small to be one": digits("1e-999999999"),
    "nothing open": digits("0.00"),
    "a negative zero": digits("-0.0"),
    "the year 0": first(due_on="0000-01-01"),
    "30 February": first(due_on="2026-02-30"),
    "a day written in German": first(due_on="24.11.2026"),
    "a moment for a day": first(due_on="2026-11-24T00:00:00Z"),
    "seconds since 1970": first(due_on=1795478400),
    "the day before history": first(due_on="0001-01-01"),
    "the end of time": first(due_on="9999-12-31"),
    "digits of another script": first(due_on="２０２６-１１-２４"),
    "a currency in small letters": first(currency="usd"),
    "a currency that never was": first(currency="XQQ"),
    "a currency with a blank": first(currency="USD "),
    "no currency": first(currency=""),
    "a look-alike of a currency": first(currency="UЅD"),
    "a document that runs backwards": first(document="A1\u202e"),
    "a document with an invisible sign": first(document="A\u200b1"),
    "a document with a line in it": first(document="A1\r\nX: y"),
    "a document of 300 signs": first(document="A" * 300),
    "half a sign": first(document="\ud800"),
    "somebody else's client": first(client="SOMEBODY-ELSE"),
    "a kind of its own": first(kind="proforma"),
    "more disputed than open": first(disputed=10**9),
    "less than nothing disputed": first(disputed=-1),
    "a credit note that is owed to us": first(kind="credit_note", open=5),
    "half an instalment": first(instalment=1.5),
    "a row twice": edited(lambda document: document["rows"].append(document["rows"][0])),  # type: ignore[attr-defined]
    "a row too few": edited(lambda document: document["rows"].pop()),  # type: ignore[attr-defined]
    "a count that disagrees": edited(lambda document: document.update(count=3)),
    "rows that are no list": edited(lambda document: document.update(rows={"1": {}})),
    "no rows": edited(lambda document: document.pop("rows")),
    "a revision that is a text": edited(lambda document: document.update(revision="17")),
}


def test_there_are_more_than_fifty_kinds() -> None:
    assert len(ON_THE_WIRE | IN_A_ROW) == len(ON_THE_WIRE) + len(IN_A_ROW) > 50


@pytest.mark.parametrize("kind", [*ON_THE_WIRE, *IN_A_ROW])
def test_garbage_is_a_typed_error_and_no_figure(erp: ExampleSystem, kind: str) -> None:
    spoil = (ON_THE_WIRE | IN_A_ROW)[kind]
    erp.server.fault = lambda number, path, said: spoil(said.body) if path.startswith("/items") else said
    with pytest.raises(Unavailable) as failure, erp.source.snapshot(whole(*every_kind().clients), LAST_DAY):
        pytest.fail("a figure came out of garbage")
    assert failure.value.detail["reason"] == GARBLED
    assert failure.value.detail["system"] == "Example ERP"
    assert len(str(failure.value)) < 300


def test_after_all_that_a_good_answer_is_a_good_answer(erp: ExampleSystem) -> None:
    erp.server.fault = None
    with erp.source.snapshot(whole(*every_kind().clients), LAST_DAY) as snapshot:
        assert len(list(snapshot.items())) > 15
