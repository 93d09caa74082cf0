"""What happens to invoices beside being paid: instalments, credit notes, disputes, money on account, shared accounts.

All draws come from a source of their own, so that clients, deals and debts of the company stay what they were.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from embedded.sample.places import EAST_CHINA
from embedded.sample.staff import Staff
from embedded.sample.trade import Account, Row
from models.commission import CLAWBACK_AGREEMENT

CENT = Decimal("0.01")
# What one unit of the first was worth in the second, on these days before today.
RATES = {("USD", "CNY"): "7.1", ("EUR", "CNY"): "7.8", ("EUR", "USD"): "1.1"}
RATE_DAYS = (75, 45, 14)
COMMISSION = Decimal("0.02")
PAID_OUT_AFTER = 45  # days


@dataclass(frozen=True)
class Chances:
    """How likely each of these is: of an open invoice, and of a client."""

    instalments: float = 0.06
    credit_note: float = 0.06
    on_account: float = 0.04
    shared: float = 0.05
    foreign: float = 0.03


USUAL = Chances()
# The leaver's first clients have one of everything, so that a report of the demo shows what it can tell.
OF_THE_LEAVER = (
    Chances(instalments=1, credit_note=0, on_account=0, shared=1, foreign=0),
    Chances(instalments=0, credit_note=1, on_account=1, shared=0, foreign=1),
)
SINGLY = 2  # the leaver's client, counted from 0, that is in litigation


def company_rows(staff: Staff, random: Random, today: date) -> Iterator[Row]:
    """Exchange rates of the last months, and what the leaver has signed."""
    for (currency, quoted_in), usual in RATES.items():
        for number, days in enumerate(RATE_DAYS, 1):
            rate = Decimal(usual) * Decimal(random.randint(985, 1015)) / 1000
            yield (
                "exchange_rates",
                {
                    "rate_id": f"{currency}-{quoted_in}-{number}",
                    "currency": currency,
                    "quoted_in": quoted_in,
                    "on_day": _ago(today, days),
                    "rate": str(rate.quantize(Decimal("0.0001"))),
                },
            )
    yield (
        "agreements",
        {
            "agreement_id": f"{staff.problem_leaver.key}-clawback",
            "employee_id": staff.problem_leaver.key,
            "kind": CLAWBACK_AGREEMENT,
            "signed_on": staff.problem_leaver.hired_on or _ago(today, 700),
        },
    )


def dressed(rows: Iterable[Row], account: Account, staff: Staff, place: int, random: Random, today: date) -> list[Row]:
    """The rows of one client with what happens beside. `place` counts the clients of the owner from 0."""
    leaver = account.owner is staff.problem_leaver
    chances = OF_THE_LEAVER[place] if leaver and place < len(OF_THE_LEAVER) else USUAL
    found = list(rows)
    paid = {row["invoice_id"] for table, row in found if table == "payments"}
    unpaid = [row for table, row in found if table == "invoices" and row["invoice_id"] not in paid]
    for invoice in unpaid:
        found += _of_invoice(invoice, account, chances, random, today)
    found += _of_client(account, staff, chances, random, today)
    if leaver and place == SINGLY:
        found.append(_assessment(account, today))
    return found


def _of_invoice(invoice: dict[str, str], account: Account, chances: Chances, random: Random, today: date) -> list[Row]:
    rows = [_commission(invoice, account, today)]
    amount, issued = Decimal(invoice["amount"]), date.fromisoformat(invoice["issued_on"])
    if invoice["disputed"] == "yes" and random.random() < 0.5:
        invoice["disputed_on"] = min(today, issued + timedelta(days=random.randint(5, 25))).isoformat()
        invoice["disputed_amount"] = str((amount * random.randint(3, 6) / 10).quantize(CENT))
    if random.random() < chances.instalments:
        first = (amount / 2).quantize(CENT)
        due = date.fromisoformat(invoice["due_on"])
        for number, (day, part) in enumerate(((due, first), (due + timedelta(days=30), amount - first)), 1):
            key = f"{invoice['invoice_id']}-I{number}"
            of_it = {"invoice_id": invoice["invoice_id"], "due_on": day.isoformat(), "amount": str(part)}
            rows.append(("instalments", {"instalment_id": key, **of_it}))
    if random.random() < chances.credit_note:
        given = min(today, issued + timedelta(days=random.randint(3, 20))).isoformat()
        note = {"invoice_id": f"{invoice['invoice_id']}-N", "credits_id": invoice["invoice_id"], "due_on": given}
        credit = -(amount * random.randint(5, 12) / 100).quantize(CENT)
        same = {name: invoice[name] for name in ("client_id", "salesperson_id", "currency")}
        rows.append(("invoices", {**note, **same, "issued_on": given, "amount": str(credit), "disputed": "no"}))
    return rows


def _of_client(account: Account, staff: Staff, chances: Chances, random: Random, today: date) -> Iterator[Row]:
    little = (Decimal(account.value) / 100).quantize(CENT)
    if random.random() < chances.on_account:
        yield (
            "payments",
            {
                "payment_id": f"{account.key}-A1",
                "client_id": account.key,
                "paid_on": _ago(today, random.randint(5, 60)),
                "amount": str(little),
                "currency": account.owner.place.currency,
            },
        )
    peers = [each for each in staff.sellers if each.place is account.owner.place and each.status == "active"]
    others = [each for each in peers if each not in (account.owner, staff.new_joiner, staff.problem_leaver)]
    if others and random.random() < chances.shared:
        yield (
            "client_shares",
            {
                "share_id": f"{account.key}-S1",
                "client_id": account.key,
                "employee_id": random.choice(others).key,
                "percent": str(random.choice((20, 30, 35))),
            },
        )
    if random.random() < chances.foreign:
        issued = random.randint(40, 75)
        yield (
            "invoices",
            {
                "invoice_id": f"{account.key}-X1",
                "client_id": account.key,
                "salesperson_id": account.owner.key,
                "issued_on": _ago(today, issued),
                "due_on": _ago(today, issued - 30),
                "amount": str(max(Decimal(10), little // (7 if account.owner.place is EAST_CHINA else 1))),
                "currency": "EUR" if account.owner.place.currency == "USD" else "USD",
                "disputed": "no",
            },
        )


def _commission(invoice: dict[str, str], account: Account, today: date) -> Row:
    issued = date.fromisoformat(invoice["issued_on"])
    paid_on = issued + timedelta(days=PAID_OUT_AFTER)
    return "commissions", {
        "commission_id": f"{invoice['invoice_id']}-C",
        "employee_id": account.owner.key,
        "invoice_id": invoice["invoice_id"],
        "earned_on": issued.isoformat(),
        "paid_on": paid_on.isoformat() if paid_on <= today else "",
        "amount": str((Decimal(invoice["amount"]) * COMMISSION).quantize(CENT)),
        "currency": invoice["currency"],
    }


def _assessment(account: Account, today: date) -> Row:
    return "debtor_assessments", {
        "assessment_id": f"{account.key}-D1",
        "client_id": account.key,
        "standing": "in_litigation",
        "loss_rate": "0.6",
        "assessed_on": _ago(today, 20),
        "note": "claim filed at court",
    }


def _ago(today: date, days: int) -> str:
    return (today - timedelta(days=days)).isoformat()
