"""The audit of one person in a terminal: currency by currency, then what is said of all of them together."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from models.amounts import ZERO
from models.open_items import OWN_SUMS_ONLY, SOME_UNKNOWN
from reports.money_words import bucket_words
from reports.terminal_tables import Blocks, grid, minute, why
from reports.terminal_words import Words

DEBTORS_SHOWN = 10


def show_audit(plain: Any, words: Words) -> Blocks:
    """What the clients of a person owe, a currency at a time, who owes most, and where it was read."""
    blocks: Blocks = []
    for found in [plain["main"], *plain["others"]] if plain["main"] else []:
        blocks += [*(Text(line) for line in _lines(found, plain, words)), _ageing(found, words), Text()]
        blocks += [*_debtors(found, words), Text()]
    blocks = blocks or [Text(words.text("Nothing is open."))]
    return [*blocks, *(Text(line) for line in _together(plain, words))]


def _lines(found: Any, plain: Any, words: Words) -> Iterator[str]:
    def money(amount: str | Decimal) -> str:
        return words.money(Decimal(amount), found["currency"])

    yield words.text(
        "Open: {amount}, overdue: {overdue}", amount=money(found["total"]), overdue=money(found["overdue"])
    )
    yield words.text("Expected credit loss: {amount}", amount=money(found["expected_credit_loss"]))
    yield words.text("Bad-debt coefficient: {ratio}", ratio=found["bad_debt_coefficient"])
    if Decimal(found["singly"]):
        yield words.text(
            "Assessed singly: {amount}, of which {loss} are expected to be lost",
            amount=money(found["singly"]),
            loss=money(found["singly_loss"]),
        )
    yield words.text("open items: {n}, disputed: {disputed}", n=found["open_items"], disputed=found["disputed_items"])
    for total in (plain["forecast"] or {}).get("totals", ()):
        if total["currency"] == found["currency"]:
            sums = [money(total[name]) for name in ("cash_30", "cash_60", "cash_90")]
            amounts = words.text(", ").join(sums)
            yield words.text("Money expected within 30, 60 and 90 days: {amounts}", amounts=amounts)
    if found["reconciled"]:
        own = any(each["code"] == OWN_SUMS_ONLY.code for each in (plain["source"] or {}).get("cannot", ()))
        yield words.text("Adds up with invoices and payments.") if own else words.text("Adds up with the ledger.")
    else:
        clients = words.text(", ").join(words.client(each) for each in found["unreconciled"])
        yield words.text("UNRECONCILED: differs from the ledger for {clients}.", clients=clients)


def _ageing(found: Any, words: Words) -> Table:
    table = grid(words, "bucket", "items", "amount", right=("items", "amount"))
    for label, amount in found["buckets"].items():
        items = str(found["bucket_items"].get(label, 0))
        table.add_row(bucket_words(words, label), items, words.money(Decimal(amount), found["currency"]))
    return table


def _together(plain: Any, words: Words) -> Iterator[str]:
    reporting = plain["reporting"]
    if reporting and reporting["total"] is None:
        currencies = words.text(", ").join(reporting["missing"])
        yield words.text("All currencies: unknown, no recent exchange rate for {currencies}", currencies=currencies)
    elif reporting:
        total, overdue, loss = (
            words.money(Decimal(reporting[name]), reporting["currency"])
            for name in ("total", "overdue", "expected_credit_loss")
        )
        sentence = "All currencies: {total}, of which overdue {overdue}; expected loss {loss}"
        yield words.text(sentence, total=total, overdue=overdue, loss=loss)
    held = plain["commission"]
    if held and (held["hold"] or held["clawback"]):
        yield words.text(
            "Commission on unpaid invoices: {hold} not paid out, {paid} paid within {days} days.",
            hold=_sums(held["hold"], words),
            paid=_sums(held["clawback"], words),
            days=held["window_days"],
        )
    if source := plain["source"]:
        yield words.text(
            "Read from {system} at {moment} UTC, as of {day}.",
            system=source["system"],
            moment=minute(source["read_at"]),
            day=plain["as_of"],
        )
        yield from (why(each, words) for each in source["cannot"] if each["code"] == SOME_UNKNOWN)


def _sums(held: Any, words: Words) -> str:
    sums: dict[str, Decimal] = {}
    for each in held:
        sums[each["currency"]] = sums.get(each["currency"], ZERO) + Decimal(each["amount"])
    said = [words.money(amount, currency) for currency, amount in sorted(sums.items())]
    return words.text(", ").join(said) or words.text("nothing")


def _debtors(found: Any, words: Words) -> Blocks:
    """The clients that owe most, the overdue first."""
    worst = sorted(found["clients"], key=lambda row: (-Decimal(row["overdue"]), -Decimal(row["total"]), row["client"]))
    table: Table = grid(
        words, "client", "owed", "overdue", "most days late", right=("owed", "overdue", "most days late")
    )
    for row in worst[:DEBTORS_SHOWN]:
        total, overdue = (words.money(Decimal(row[part]), found["currency"]) for part in ("total", "overdue"))
        table.add_row(words.client(row["client"]), total, overdue, str(max(0, row["oldest_days_past_due"])))
    more = len(worst) - DEBTORS_SHOWN
    rest = [Text(words.text("and {n} more clients; --json shows all", n=more))] if more > 0 else []
    return [table, *rest]
