"""The adapter before a real Tryton: every kind of item on past days, its rights, its companies, its silence."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from models.errors import Unavailable
from models.open_items import ItemKind, OpenItem, Portion, SettledItem
from systems.receivables.calls import Calls
from systems.receivables.failures import GARBLED, NO_ANSWER, NOT_ALLOWED
from systems.receivables.http import PATIENCE, Patience
from systems.receivables.tryton import TrytonReceivables
from systems.receivables.tryton_books import Scope
from systems.receivables.tryton_items import items_of
from systems.receivables.tryton_matching import matched
from systems.receivables.tryton_reading import read_books
from systems.receivables.tryton_rest import TrytonRest
from tests.integration.receivables_port.downstream import Said
from tests.integration.receivables_port.suite import whole
from tests.integration.tryton.every_kind import everything
from tests.integration.tryton.filled import adapter
from tests.integration.tryton.test_tryton_faults import HASTY, Between
from tests.servers.tryton import Tryton
from tests.servers.tryton_fill import Ledger

LONG_AFTER = date(2026, 11, 1)
SHORT = Patience(timeout=0.5, tries=2, budget=2, first_wait=0.01)
CODES = ("C1", "C2", "C3", "C4", "C5")
CLIENTS = whole(*CODES)
INVOICES = "/rest/model/account.invoice?"
OPEN = {
    "A1": ("100.00", 0, "invoice"),
    "A2": ("170.12", 0, "invoice"),
    "A3": ("200.00", 2, "invoice"),
    "A3 again": ("400.00", 3, "invoice"),
    "B1": ("-50.00", 0, "invoice"),
    "D1": ("300.00", 0, "invoice"),
    "F2": ("339.00", 0, "invoice"),
    "F3": ("200.00", 0, "invoice"),
    "G2": ("-20.00", 0, "credit_note"),
    "N2": ("-113.00", 0, "credit_note"),
}


@pytest.fixture(scope="module")
def source(erp: Tryton) -> Iterator[TrytonReceivables]:
    """The adapter with the key that can only read."""
    with adapter(erp) as made:
        yield made


@pytest.mark.parametrize(
    "as_of",
    ["2026-01-09", "2026-03-20", "2026-04-01", "2026-05-16", "2026-05-20", "2026-06-10", "2026-06-20", "2026-11-01"],
)
def test_on_every_day_items_and_ledger_are_what_tryton_says_itself(
    erp: Tryton, source: TrytonReceivables, as_of: str
) -> None:
    with source.snapshot(CLIENTS, date.fromisoformat(as_of)) as snapshot:
        ledger = {(key.client, key.currency): amount for key, amount in snapshot.ledger().items()}
        items = list(snapshot.items())
    own = erp.balances(as_of)["ledger"]
    assert ledger == {
        (f"our-{code}", currency): Decimal(amount) for code, sums in own.items() for currency, amount in sums.items()
    }
    for account in {(item.client_id, item.currency) for item in items} | ledger.keys():
        assert sum(item.whole for item in items if (item.client_id, item.currency) == account) == ledger.get(account, 0)


def test_each_item_is_what_an_accountant_calls_it(erp: Tryton, source: TrytonReceivables) -> None:
    ours = {row["number"]: reference for reference, row in erp.invoices.items()}
    found: dict[str, tuple[str, int, str]] = {}
    cash = []
    for item in read(source, LONG_AFTER):
        if item.kind is ItemKind.UNAPPLIED_CASH:
            cash.append((item.client_id, str(item.whole), item.currency, item.due_on))
            continue
        name = ours[item.document]
        found[name if name not in found else f"{name} again"] = str(item.whole), item.instalment, item.kind.value
    assert {name: (f"{Decimal(sum_):.2f}", *rest) for name, (sum_, *rest) in found.items()} == OPEN
    assert [(client, f"{Decimal(sum_):.2f}", currency, day) for client, sum_, currency, day in sorted(cash)] == [
        ("our-C5", "-10.00", "USD", date(2026, 5, 30)),
        ("our-C5", "-123.45", "CNY", date(2026, 5, 30)),
    ]


@pytest.mark.parametrize("as_of", ["2026-03-20", "2026-04-01", "2026-05-20", "2026-06-10", "2026-11-01"])
def test_reading_only_what_is_open_leaves_nothing_out(erp: Tryton, source: TrytonReceivables, as_of: str) -> None:
    """What is settled is left where it is. Out of all lines ever written the same items come."""
    day, ours = date.fromisoformat(as_of), {code: (f"our-{code}", Portion(key=code)) for code in CODES}
    rest = TrytonRest(erp.url, erp.database, erp.key, Calls(1), PATIENCE)
    books = read_books(rest, [Scope(1, "CNY", CODES, day)], disputes=True, settled=True)
    rest.close()
    assert books is not None
    everything_read = items_of(matched(books.lines, books.invoices, books.ledger), ours)
    with source.snapshot(CLIENTS, day) as snapshot:
        assert sorted(map(str, snapshot.items())) == sorted(map(str, everything_read))


def test_what_is_blocked_in_dunning_is_disputed(erp: Tryton, source: TrytonReceivables) -> None:
    disputed = [item for item in read(source, LONG_AFTER) if item.disputed]
    assert [(item.document, item.disputed) for item in disputed] == [(erp.invoices["A1"]["number"], Decimal(100))]


def test_what_was_paid_early_was_open_until_then_and_not_longer(erp: Tryton, source: TrytonReceivables) -> None:
    """Tryton's own list of ages takes it for open until it was due."""
    number = erp.invoices["G1"]["number"]
    assert number in {item.document for item in read(source, date(2026, 5, 17))}
    assert number not in {item.document for item in read(source, date(2026, 5, 18))}


def test_the_past_has_the_day_of_the_last_payment(erp: Tryton, source: TrytonReceivables) -> None:
    told = {row.document: row for row in source.history(LONG_AFTER, date(2026, 1, 1), CLIENTS)}

    def settled(reference: str) -> SettledItem:
        return told[erp.invoices[reference]["number"]]

    assert settled("B1").settled_on == date(2026, 4, 1)
    assert settled("B2").settled_on == date(2026, 4, 2)
    assert settled("B3").settled_on == date(2026, 9, 1)
    assert settled("D2").settled_on == date(2026, 6, 10)
    assert settled("F4").settled_on == date(2026, 5, 23)
    assert settled("G3").settled_on == settled("G4").settled_on == date(2026, 6, 20)
    assert settled("A3").settled_on is None
    assert settled("A3").due_on == date(2026, 6, 8)
    assert not any(erp.invoices[note]["number"] in told for note in ("N1", "N2", "G2")), "a credit note is no invoice"
    everybody = list(source.history(LONG_AFTER, date(2026, 1, 1)))
    assert {row.client_id for row in everybody} == {"C1", "C2", "C3", "C4", "C5"}
    assert len(everybody) == len(told)


def test_many_clients_are_asked_for_in_parts(source: TrytonReceivables) -> None:
    crowd = CLIENTS | whole(*(f"nobody-{number}-客户" for number in range(350)))
    with source.snapshot(crowd, LONG_AFTER) as snapshot:
        assert list(snapshot.items()) == read(source, LONG_AFTER)


def test_pages_are_read_to_the_end(erp: Tryton, source: TrytonReceivables, monkeypatch: pytest.MonkeyPatch) -> None:
    right = read(source, LONG_AFTER)
    monkeypatch.setattr("systems.receivables.tryton_rest.TrytonRest.rows.__defaults__", (None, 3))
    assert read(source, LONG_AFTER) == right


def test_a_company_that_pays_in_another_currency_owes_nothing(books: Tryton) -> None:
    """An invoice in the company's currency and money in another one, matched by hand: worth the same, so settled."""
    books.fill(
        Ledger("CNY").rates("USD", {date(2026, 7, 8): "0.10"})
        .invoice("X1", "C9", "100.00", date(2026, 7, 1))
        .received("C9", "10.00", date(2026, 7, 9), currency="USD", settles=("X1",))
        .document()
    )  # fmt: skip
    with adapter(books) as source, source.snapshot(whole("C9"), LONG_AFTER) as snapshot:
        assert (list(snapshot.items()), dict(snapshot.ledger())) == ([], {})
    with adapter(books) as source, source.snapshot(whole("C9"), date(2026, 7, 8)) as snapshot:
        assert [item.whole for item in snapshot.items()] == [Decimal(100)]
    with adapter(books) as source:
        (row,) = source.history(LONG_AFTER, date(2026, 7, 1), whole("C9"))
        assert row.settled_on == date(2026, 7, 9)


@pytest.mark.parametrize(
    "model", ["account.invoice", "account.dunning", "party.party", "account.move", "account.move.reconciliation"]
)
def test_a_right_that_is_missing_is_named_and_no_figure_is_told(books: Tryton, model: str) -> None:
    with (
        denied(books, "ir.model.access", [["model", "=", model], ["group.name", "=", "Receivables reader"]]),
        adapter(books) as source,
    ):
        check = source.check()
        assert [reason.params["model"] for reason in check.broken] == [model]
        assert check.can == ()
        with pytest.raises(Unavailable, match="does not let Offboard read") as failure:
            read(source, LONG_AFTER)
        assert failure.value.detail["reason"] == NOT_ALLOWED
    with adapter(books) as source:
        assert source.check().broken == ()
        assert read(source, LONG_AFTER)


def test_a_field_that_may_not_be_read_is_named(books: Tryton) -> None:
    with books.rest(books.admin) as admin:
        rule = admin.post(
            "/model/ir.model.field.access",
            json={"model": "account.move.line", "field": "maturity_date", "perm_read": False, "group": _group(books)},
        ).raise_for_status().json()  # fmt: skip
        with adapter(books) as source:
            (broken,) = {reason.params["model"] for reason in source.check().broken}
            with pytest.raises(Unavailable, match="maturity_date") as failure:
                read(source, LONG_AFTER)
        admin.delete(f"/model/ir.model.field.access/{rule['id']}").raise_for_status()
    assert broken == "maturity_date of account.move.line"
    assert failure.value.detail["reason"] == NOT_ALLOWED


def test_a_wrong_key_is_refused_and_not_told(erp: Tryton) -> None:
    with adapter(erp, key="wrong-key") as source:
        for ask in (
            source.check,
            lambda: read(source, LONG_AFTER),
            lambda: list(source.history(LONG_AFTER, LONG_AFTER)),
        ):
            with pytest.raises(Unavailable) as failure:
                ask()
            assert failure.value.detail["reason"] == NOT_ALLOWED
            assert "wrong-key" not in f"{failure.value} {failure.value.detail}"


def test_without_dunning_nothing_is_disputed_and_it_says_so(books: Tryton) -> None:
    with (
        denied(
            books, "ir.model.access", [["model", "=", "account.dunning"], ["group.name", "=", "Receivables reader"]]
        ),
        adapter(books, disputes=False) as source,
    ):
        assert source.check().broken == ()
        with source.snapshot(CLIENTS, LONG_AFTER) as snapshot:
            assert all(item.disputed == 0 for item in snapshot.items())
            assert [reason.code for reason in snapshot.source.cannot] == ["which invoices are disputed"]


def test_of_several_companies_one_must_be_named(books: Tryton) -> None:
    with books.rest(books.admin) as admin:
        party = (
            admin.post("/model/party.party", json={"name": "The sister", "code": "SISTER"}).raise_for_status().json()
        )
        sister = (
            admin.post("/model/company.company", json={"party": party["id"], "currency": 1}).raise_for_status().json()
        )
        with adapter(books) as source, pytest.raises(Unavailable, match="2 companies") as failure:
            read(source, LONG_AFTER)
        assert failure.value.detail["reason"] == NOT_ALLOWED
        with adapter(books, company="The company") as source:
            assert len(read(source, LONG_AFTER)) == 12
            assert source.check().broken == ()
        with adapter(books, company="The sister") as source:
            assert read(source, LONG_AFTER) == []
        with adapter(books, company="nobody") as source, pytest.raises(Unavailable, match="named as ours"):
            source.check()
        admin.delete(f"/model/company.company/{sister['id']}").raise_for_status()


@pytest.mark.parametrize(
    "change",
    [
        {"invoice_date": None}, {"move": None}, {"number": ""},
        {"number": "A1\u202e"}, {"number": "A" * 300}, {"number": 17}, {"id": "one"}, {"id": 0}, {"move": 4},
    ],
    ids=str,
)  # fmt: skip
def test_an_invoice_that_cannot_be_meant_is_garbage(between: Between, change: dict[str, Any]) -> None:
    def spoiled(number: int, path: str, good: Said) -> Said:
        if INVOICES not in path:
            return good
        rows = json.loads(good.body)
        rows[0] |= change
        return Said(json.dumps(rows).encode(), headers=good.headers)

    between.downstream.fault = spoiled
    source = between.adapter(HASTY)
    with pytest.raises(Unavailable) as failure:
        read(source, LONG_AFTER)
    assert failure.value.detail["reason"] == GARBLED
    source.close()


def test_killed_it_does_not_answer_and_started_again_it_does(books: Tryton) -> None:
    with adapter(books, patience=SHORT) as source:
        right = read(source, LONG_AFTER)
        for end, back in ((books.kill, books.start), (books.pause, books.resume)):
            end()
            with pytest.raises(Unavailable) as failure:
                read(source, LONG_AFTER)
            assert failure.value.detail["reason"] == NO_ANSWER
            assert "127.0.0.1" not in f"{failure.value} {failure.value.detail}"
            back()
            with adapter(books) as again:
                assert read(again, LONG_AFTER) == right


def test_a_database_that_is_not_there_is_no_zero(erp: Tryton) -> None:
    source = between_database(erp, "another")
    with pytest.raises(Unavailable):
        read(source, LONG_AFTER)
    source.close()


def read(source: TrytonReceivables, as_of: date) -> list[OpenItem]:
    """Everything that is open."""
    with source.snapshot(CLIENTS, as_of) as snapshot:
        return list(snapshot.items())


def between_database(erp: Tryton, name: str) -> TrytonReceivables:
    """The adapter before another database of the same server."""
    return TrytonReceivables(erp.url, name, erp.key, calls=Calls(1), patience=SHORT)


@contextmanager
def denied(server: Tryton, model: str, domain: list[Any]) -> Iterator[None]:
    """The reader may not read something, for the length of a block."""
    with server.rest(server.admin) as admin:
        asked = base64.urlsafe_b64encode(json.dumps(domain).encode()).decode()
        (row,) = admin.get(f"/model/{model}", params={"d": asked}).raise_for_status().json()
        _set(admin, model, row["id"], may=False)
        try:
            yield
        finally:
            _set(admin, model, row["id"], may=True)


def _set(admin: httpx.Client, model: str, row: int, *, may: bool) -> None:
    admin.put(f"/model/{model}/{row}", json={"perm_read": may}).raise_for_status()


def _group(server: Tryton) -> int:
    with server.rest(server.admin) as admin:
        asked = base64.urlsafe_b64encode(json.dumps([["name", "=", "Receivables reader"]]).encode()).decode()
        (row,) = admin.get("/model/res.group", params={"d": asked}).raise_for_status().json()
    return int(row["id"])


@pytest.fixture(scope="module")
def between(erp: Tryton) -> Iterator[Between]:
    """Faults before a real Tryton."""
    made = Between(erp)
    yield made
    made.downstream.close()


@pytest.fixture(scope="module")
def books() -> Iterator[Tryton]:
    """A server of its own for tests that change it."""
    with Tryton(everything().document()) as server:
        yield server
