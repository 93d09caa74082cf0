"""Real answers of Tryton with faults in between: garbage, storms, changes. No wrong figure comes out of the adapter."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from models.errors import Unavailable
from models.open_items import OpenItem
from systems.receivables.calls import Calls
from systems.receivables.failures import GARBLED, NO_ANSWER, NOT_ALLOWED
from systems.receivables.http import Patience
from systems.receivables.tryton import TrytonReceivables
from tests.integration.receivables_port.downstream import Downstream, Said
from tests.integration.receivables_port.garbage import MEGABYTE, ON_THE_WIRE, Spoil, edited
from tests.integration.receivables_port.storm import ENDS, IN_A_STORM, RIGHT, weather
from tests.integration.receivables_port.suite import whole
from tests.servers.tryton import Tryton

AS_OF = date(2026, 11, 1)
CLIENTS = whole("C1", "C2", "C3", "C4", "C5")
HASTY = Patience(timeout=5, tries=2, budget=10, first_wait=0.001, longest=MEGABYTE)
PASSED_ON = ("authorization", "range", "x-tryton-context", "accept-language")
LINES = "/rest/model/account.move.line"


class Between:
    """Stands between adapter and server. What the server said once is remembered, so that a storm does not last."""

    def __init__(self, erp: Tryton) -> None:
        self.erp = erp
        self.downstream = Downstream(self._pass_on)
        self._remembered: dict[tuple[str, ...], Said] = {}

    def adapter(self, patience: Patience, calls: Calls | None = None) -> TrytonReceivables:
        """The adapter on this side."""
        return TrytonReceivables(
            self.downstream.url, self.erp.database, self.erp.key, calls=calls or Calls(4), patience=patience
        )

    def _pass_on(self, path: str, headers: dict[str, str]) -> Said:
        passed = {name: headers[name] for name in PASSED_ON if name in headers}
        asked = (path, *passed.values())
        if asked not in self._remembered:
            answer = httpx.get(self.erp.url + path, headers=passed, timeout=30, trust_env=False)
            kept = {name: answer.headers[name] for name in ("Content-Type", "Content-Range") if name in answer.headers}
            self._remembered[asked] = Said(answer.content, answer.status_code, kept)
        return self._remembered[asked]


@pytest.fixture(scope="module")
def between(erp: Tryton) -> Iterator[Between]:
    """Faults before a real Tryton."""
    made = Between(erp)
    yield made
    made.downstream.close()


@pytest.fixture(scope="module")
def expected(between: Between) -> list[OpenItem]:
    """What the adapter reads on a quiet day."""
    found = figures(between.adapter(HASTY))
    assert len(found) > 10
    return found


def figures(source: TrytonReceivables) -> list[OpenItem]:
    """What the adapter reads."""
    with source.snapshot(CLIENTS, AS_OF) as snapshot:
        return list(snapshot.items())


def amount(text: object) -> dict[str, object]:
    """An amount as Tryton writes it."""
    return {"__class__": "Decimal", "decimal": text}


def day(year: object, month: object = 1, on: object = 1) -> dict[str, object]:
    """A day as Tryton writes it."""
    return {"__class__": "date", "year": year, "month": month, "day": on}


def first(**values: object) -> Spoil:
    """The first line says something else."""
    return edited(lambda rows: rows[0].update(values))  # type: ignore[index,attr-defined]


IN_A_ROW: dict[str, Spoil] = {
    "an amount that is NaN": first(debit=amount("NaN")),
    "an amount without end": first(debit=amount("Infinity")),
    "an amount with a comma": first(debit=amount("1,000.00")),
    "an amount with a fifth place": first(debit=amount("1.00001")),
    "an amount of 400 digits": first(debit=amount("1e400")),
    "an amount that is empty": first(debit=amount("")),
    "an amount that is nothing": first(debit=amount(None)),
    "an amount that was a float": first(debit=amount(12.5)),
    "an amount as a text": first(debit="12.50"),
    "no amount": first(debit=None),
    "an amount that is a list": first(debit=[12]),
    "a class of its own": first(debit={"__class__": "Money", "amount": "12.50"}),
    "the year 0": first(date=day(0)),
    "the month 13": first(date=day(2026, 13)),
    "a day of text": first(date=day("2026")),
    "a day after the day asked": first(date=day(2026, 12, 31)),
    "the day before history": first(date=day(1, 1, 1)),
    "no day": first(date=None),
    "nobody's line": first(party=None),
    "somebody else's line": first(party={"id": 7, "__name__": "party.party", "code": "SOMEBODY-ELSE"}),
    "an id that is a text": first(id="17"),
    "an id that is true": first(id=True),
    "no move": first(move=None),
    "a currency that never was": first(second_currency={"code": "XQQ"}, amount_second_currency=amount("1")),
    "a currency in small letters": first(second_currency={"code": "usd"}, amount_second_currency=amount("1")),
    "a foreign amount that is missing": first(second_currency={"code": "USD"}, amount_second_currency=None),
    "an invoice that is none": first(move_origin="account.invoice,seventeen"),
    "a block that is a word": first(dunnings=[{"blocked": "yes"}]),
    "blocks that are no list": first(dunnings="none"),
    "a line twice": edited(lambda rows: rows.append(rows[0])),  # type: ignore[attr-defined]
    "a line too few": edited(lambda rows: rows.pop()),  # type: ignore[attr-defined]
    "another order": edited(lambda rows: rows.reverse()),  # type: ignore[attr-defined]
}


def spoiled(spoil: Spoil) -> Callable[[int, str, Said], Said]:
    """Every answer about lines goes bad; the header that counts its rows stays as it was."""

    def fault(number: int, path: str, good: Said) -> Said:
        if LINES not in path:
            return good
        bad = spoil(good.body)
        counted = {name: value for name, value in good.headers.items() if name == "Content-Range"}
        return Said(bad.body, bad.status, bad.headers | counted, length=bad.length)

    return fault


@pytest.mark.parametrize("kind", [*ON_THE_WIRE, *IN_A_ROW])
def test_garbage_is_a_typed_error_and_no_figure(between: Between, expected: list[OpenItem], kind: str) -> None:
    between.downstream.fault = spoiled((ON_THE_WIRE | IN_A_ROW)[kind])
    source = between.adapter(HASTY)
    with pytest.raises(Unavailable) as failure:
        figures(source)
    assert failure.value.detail["reason"] == GARBLED
    assert failure.value.detail["system"] == "Tryton"
    between.downstream.fault = None
    assert figures(source) == expected
    source.close()


def test_a_field_that_the_key_may_not_read_is_a_refusal(between: Between) -> None:
    """Tryton leaves it out without a word."""
    between.downstream.fault = spoiled(edited(lambda rows: rows[0].pop("credit")))  # type: ignore[index,attr-defined]
    with pytest.raises(Unavailable) as failure:
        figures(between.adapter(HASTY))
    between.downstream.fault = None
    assert failure.value.detail["reason"] == NOT_ALLOWED
    assert between.erp.key not in str(failure.value.details)


@pytest.mark.parametrize("always", [False, True])
def test_books_that_change_while_they_are_read(between: Between, expected: list[OpenItem], always: bool) -> None:
    seen: list[str] = []

    def paid_meanwhile(number: int, path: str, good: Said) -> Said:
        if LINES not in path or "move_origin" in path:
            return good
        seen.append(path)  # the second reading, which is only to add up
        if len(seen) > 1 and not always:
            return good
        rows: list[Any] = json.loads(good.body)
        rows[0]["credit"] = amount("0.01")
        return Said(json.dumps(rows).encode(), headers=good.headers)

    between.downstream.fault = paid_meanwhile
    try:
        if not always:
            assert figures(between.adapter(HASTY)) == expected
            assert len(seen) == 2
            return
        with pytest.raises(Unavailable) as failure:
            figures(between.adapter(HASTY))
        assert failure.value.detail["reason"] == NO_ANSWER
    finally:
        between.downstream.fault = None


def test_a_thousand_calls_with_faults_give_no_wrong_figure_and_no_rush(
    between: Between, expected: list[OpenItem]
) -> None:
    calls = Calls(4)
    source = between.adapter(IN_A_STORM, calls)

    def look() -> None:
        assert figures(source) == expected

    ends = weather(between.downstream, look)
    source.close()
    assert set(ends) <= ENDS
    assert ends.count(RIGHT) > 20
    assert between.downstream.most <= 4
    assert calls.most == 4
