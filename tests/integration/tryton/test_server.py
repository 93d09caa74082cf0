"""The ERP that tests read receivables from: its books say what was put in, to the cent, and its reader cannot write."""

import base64
import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.tryton.every_kind import everything
from tests.servers.environments import Unreachable
from tests.servers.tryton import Tryton
from tests.servers.tryton_desk import copy_books
from tests.servers.tryton_fill import Ledger, real_company

LONG_AFTER = "2026-11-01"
OWED = {
    "C1": {"CNY": "870.12"},  # 100.00, 150.55 with 13 % tax, 1000.00 - 300.00 - 100.00
    "C2": {"CNY": "-50.00"},  # paid too much; what was written off is owed no longer
    "C3": {"USD": "300.00"},
    "C4": {"CNY": "426.00"},  # 339.00 - 113.00, 300.00 - 100.00
    "C5": {"CNY": "-143.45", "USD": "-10.00"},
}
KINDS = {"posted": ["A1", "A2", "A3", "D1", "F2", "F3", "G2", "N2", "N3"], "cancelled": ["F1"]}
KINDS["paid"] = ["B1", "B2", "B3", "D2", "F4", "G1", "G3", "G4", "N1", "N4"]


def test_its_own_ledger_has_what_was_put_in(erp: Tryton) -> None:
    assert erp.balances(LONG_AFTER)["ledger"] == OWED


def test_its_ledger_of_a_past_day_knows_nothing_of_later_days(erp: Tryton) -> None:
    ledger = erp.balances("2026-05-20")["ledger"]
    assert ledger["C3"] == {"USD": "1000.00"}
    assert ledger["C2"] == {"CNY": "27.77"}  # not written off yet
    assert ledger["C4"] == {"CNY": "939.00"}  # only the first credit note has been written
    assert "C5" not in ledger  # paid two days after the invoice


def test_its_list_of_ages_agrees_once_everything_that_is_settled_is_due(erp: Tryton) -> None:
    said = erp.balances(LONG_AFTER)
    assert {code: Decimal(row["balance"]) for code, row in said["aged"].items()} == {
        code: Decimal(amount) for code, amount in said["worth"].items()
    }


def test_a_difference_of_exchange_is_worth_something_and_owed_by_nobody(erp: Tryton) -> None:
    # 1000.00 at 0.14 were booked; 700.00 came in at 0.15, and what the settled half lost was booked out.
    assert erp.balances(LONG_AFTER)["worth"]["C3"] == "2238.10"


def test_every_state_of_an_invoice_is_there(erp: Tryton) -> None:
    rows = _read(erp, "account.invoice", [["type", "=", "out"]], ["reference", "state"])
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["state"]].append(row["reference"])
    assert {state: sorted(names) for state, names in found.items()} == KINDS
    assert {row["reference"]: row["id"] for row in rows} == {name: row["id"] for name, row in erp.invoices.items()}


def test_instalments_have_their_own_days(erp: Tryton) -> None:
    fields = ["lines_to_pay.maturity_date", "lines_to_pay.amount", "agent.party.name"]
    (row,) = _read(erp, "account.invoice", [["reference", "=", "A3"]], fields)
    assert [(line["maturity_date"], line["amount"]) for line in row["lines_to_pay"]] == [
        (date(2026, 3, 10), Decimal("300.00")),
        (date(2026, 4, 9), Decimal("300.00")),
        (date(2026, 6, 8), Decimal("400.00")),
    ]
    assert row["agent"]["party"]["name"] == "张伟"


def test_a_disputed_invoice_is_blocked_in_dunning(erp: Tryton) -> None:
    blocked = _read(erp, "account.move.line", [["dunnings.blocked", "=", True]], ["move_origin"])
    assert [row["move_origin"] for row in blocked] == [f"account.invoice,{erp.invoices['A1']['id']}"]


@pytest.mark.parametrize(
    ("verb", "path", "values"),
    [
        ("PUT", "account.invoice/1", {"reference": "another"}),
        ("PUT", "party.party/1", {"name": "another"}),
        ("POST", "party.party", {"name": "a new one"}),
        ("POST", "account.invoice/1/draft", {}),
        ("DELETE", "account.move/1", None),
        ("PUT", "account.move.line/1", {"description": "another"}),
        ("POST", "account.dunning", {"blocked": True}),
        ("POST", "res.user", {"login": "mallory", "name": "Mallory"}),
        ("POST", "res.user.application", {"application": "rest"}),
        ("PUT", "currency.currency/1", {"name": "another"}),
    ],
)
def test_the_readers_key_changes_nothing(erp: Tryton, verb: str, path: str, values: dict[str, Any] | None) -> None:
    with erp.rest(erp.key) as reader:
        refused = reader.request(verb, f"/model/{path}", json=values)
    assert refused.status_code in (400, 403)
    assert "not allowed to access" in refused.text or "have the permission" in refused.text


def test_the_readers_key_sees_only_what_an_audit_needs(erp: Tryton) -> None:
    with erp.rest(erp.key) as reader:
        for model in ("commission.plan", "ir.attachment", "ir.note", "ir.session", "res.user.application"):
            assert reader.get(f"/model/{model}").status_code == 400, model


def test_the_administrators_key_may_write(erp: Tryton) -> None:
    with erp.rest(erp.admin) as admin:
        made = admin.post("/model/party.party", json={"name": "New", "code": "NEW"}).raise_for_status().json()
        admin.delete(f"/model/party.party/{made['id']}").raise_for_status()


def test_a_wrong_key_is_refused(erp: Tryton) -> None:
    with erp.rest("wrong") as nobody:
        assert nobody.get("/model/party.party").status_code == 401


def test_killed_and_started_again_it_has_what_it_had(erp: Tryton) -> None:
    address = erp.url
    erp.kill()
    with pytest.raises(httpx.ConnectError), erp.rest(erp.key) as reader:
        reader.get("/model/party.party")
    erp.start()
    assert erp.url == address
    assert erp.balances(LONG_AFTER)["ledger"] == OWED


def test_paused_it_hangs_and_goes_on(erp: Tryton) -> None:
    erp.pause()
    with erp.rest(erp.key) as reader:
        with pytest.raises(httpx.TimeoutException):
            reader.get("/model/party.party", timeout=0.3)
        erp.resume()
        assert reader.get("/model/party.party").status_code == 200


def test_a_paused_one_can_be_ended(erp: Tryton) -> None:
    erp.pause()
    erp.stop()
    erp.start()
    assert erp.balances(LONG_AFTER)["ledger"] == OWED


def test_more_can_be_entered_while_it_runs(ours: Tryton) -> None:
    ours.fill(Ledger("CNY").invoice("A1", "C1", "10.00", date(2026, 1, 10), agent="E1").document())
    ours.fill(
        Ledger("CNY").invoice("A2", "C1", "5.00", date(2026, 2, 10)).paid("A1", "4.00", date(2026, 2, 11)).document()
    )
    assert ours.balances(LONG_AFTER)["ledger"] == {"C1": {"CNY": "11.00"}}
    assert set(ours.invoices) == {"A1", "A2"}


def test_what_cannot_be_entered_leaves_the_books_as_they_were(ours: Tryton) -> None:
    before = ours.balances(LONG_AFTER)
    with pytest.raises(RuntimeError, match="you must set an invoice date after"):
        ours.fill(Ledger("CNY").invoice("A9", "C1", "10.00", date(2026, 1, 1)).document())
    assert ours.balances(LONG_AFTER) == before
    assert not _read(ours, "account.invoice", [["reference", "=", "A9"]], ["id"])


def test_the_real_company_is_in_the_books_to_the_cent(public_data: Path) -> None:
    folder = public_data / "real_company"
    with _started(real_company(folder).document()) as server:
        said = server.balances("2017-06-30")["ledger"]
    assert {code: Decimal(amounts["USD"]) for code, amounts in said.items()} == _open_by_hand(folder)


def test_the_same_document_is_entered_once(erp: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.tryton_desk.Desk", None)  # whoever asks for one fails
    assert copy_books(everything().document(), tmp_path).invoices == erp.invoices
    assert (tmp_path / "erp.sqlite").stat().st_size > 1_000_000


@pytest.fixture(scope="module")
def ours() -> Iterator[Tryton]:
    """A server with a company that has done no business yet."""
    with _started(None) as server:
        yield server


@contextmanager
def _started(document: dict[str, Any] | None) -> Iterator[Tryton]:
    try:
        with Tryton(document) as server:
            yield server
    except Unreachable as reason:
        pytest.skip(f"the packages of Tryton cannot be fetched from here: {reason}")


def _read(server: Tryton, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    asked = base64.urlsafe_b64encode(json.dumps(domain).encode()).decode()
    with server.rest(server.key) as reader:
        answer = reader.get(f"/model/{model}", params={"d": asked, "f": fields}).raise_for_status()
    rows: list[dict[str, Any]] = json.loads(answer.text, object_hook=_value)
    return rows


def _value(told: dict[str, Any]) -> Any:
    match told.get("__class__"):
        case "Decimal":
            return Decimal(told["decimal"])
        case "date":
            return date(told["year"], told["month"], told["day"])
    return told


def _open_by_hand(folder: Path) -> dict[str, Decimal]:
    """What each account owes, from the files alone."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader((folder / "payments.csv").open()):
        paid[row["invoice_number"]] += Decimal(row["amount"])
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader((folder / "invoices.csv").open()):
        owed[row["account"]] += Decimal(row["amount"]) - paid[row["invoice_number"]]
    return {account: amount for account, amount in owed.items() if amount}
