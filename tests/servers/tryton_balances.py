"""Runs in Tryton's own environment: what clients owe, as Tryton's own client library reads it from a running server.

Part of `tryton_program.py`; see there why this may import Tryton's libraries. It is the second way to the figures that
an adapter reads by REST: over XML-RPC, from the ledger, without a look at a single invoice.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from proteus import config as proteus

Totals = dict[str, dict[str, str]]


def balances(address: str, password: str, as_of: date) -> dict[str, Any]:
    """What each party owes at the end of a day, and what Tryton's own list of ages says about it.

    `ledger` is the balance of the receivable accounts by party and currency, in that currency; `worth` is the same by
    party in the company's currency, differences of exchange included; `aged` is `account.aged_balance`: that list takes
    a settled item for open until its due date, so it differs from `worth` on days when something was just paid early.
    """
    with proteus.set_xmlrpc_session(address, "admin", password) as session:
        context = {**session.context, "company": 1}
        lines = session.get_proxy("account.move.line").search_read(
            [("account.type.receivable", "=", True), ("move_state", "=", "posted"), ("date", "<=", as_of)],
            0, None, None,
            ["party.code", "debit", "credit", "second_currency.code", "amount_second_currency", "journal.code"],
            context,
        )  # fmt: skip
        ages = {"type": "customer", "date": as_of, "term1": 30, "term2": 60, "term3": 90, "unit": "day", "posted": True}
        aged = session.get_proxy("account.aged_balance").search_read(
            [], 0, None, None, ["party.code", "balance", "term0", "term1", "term2", "term3"], {**context, **ages}
        )
        (company,) = session.get_proxy("company.company").search_read([], 0, 1, None, ["currency.code"], context)
    return {**_totals(lines, company["currency."]["code"]), "aged": {row["party."]["code"]: _ages(row) for row in aged}}


def _totals(lines: list[dict[str, Any]], own: str) -> dict[str, Any]:
    ledger: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    worth: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        code, value = line["party."]["code"], line["debit"] - line["credit"]
        worth[code] += value
        if line["second_currency."]:
            ledger[code][line["second_currency."]["code"]] += line["amount_second_currency"]
        elif line["journal."]["code"] != "EXC":  # a difference of exchange is owed by nobody
            ledger[code][own] += value
    return {
        "ledger": {code: _open(amounts) for code, amounts in ledger.items() if _open(amounts)},
        "worth": _open(worth),
    }


def _open(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {key: str(amount) for key, amount in amounts.items() if amount}


def _ages(row: dict[str, Any]) -> dict[str, str]:
    return {key: str(row[key]) for key in ("balance", "term0", "term1", "term2", "term3")}
