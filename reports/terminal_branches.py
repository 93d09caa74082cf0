"""Views of each branch alone and of the evidence chain."""

from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from reports.terminal_tables import Blocks, grid, why
from reports.terminal_words import Words

DEBTORS_SHOWN = 10


def show_audit(plain: Any, words: Words) -> Blocks:
    """What the clients of a person owe, a currency at a time, and who owes most."""
    blocks: Blocks = []
    for found in [plain["main"], *plain["others"]] if plain["main"] else []:

        def money(amount: str, currency: str = found["currency"]) -> str:
            return words.money(Decimal(amount), currency)

        table = grid(words, "bucket", "items", "amount", right=("items", "amount"))
        for label, amount in found["buckets"].items():
            table.add_row(label, str(found["bucket_items"].get(label, 0)), money(amount))
        lines = (
            words.text(
                "Open: {amount}, overdue: {overdue}", amount=money(found["total"]), overdue=money(found["overdue"])
            ),
            words.text("Expected credit loss: {amount}", amount=money(found["expected_credit_loss"])),
            words.text("Bad-debt coefficient: {ratio}", ratio=found["bad_debt_coefficient"]),
            words.text(
                "open items: {n}, disputed: {disputed}", n=found["open_items"], disputed=found["disputed_items"]
            ),
            words.text(
                "Adds up with invoices and payments."
                if found["reconciled"]
                else "UNRECONCILED: differs from the ledger."
            ),
        )
        blocks += [*(Text(line) for line in lines), table, Text(), *_debtors(found, words)]
    return blocks or [Text(words.text("Nothing is open."))]


def _debtors(found: Any, words: Words) -> Blocks:
    """The clients that owe most, the overdue first."""
    worst = sorted(found["clients"], key=lambda row: (-Decimal(row["overdue"]), -Decimal(row["total"]), row["client"]))
    table: Table = grid(words, "client", "owed", "overdue", "days late", right=("owed", "overdue", "days late"))
    for row in worst[:DEBTORS_SHOWN]:
        total, overdue = (words.money(Decimal(row[part]), found["currency"]) for part in ("total", "overdue"))
        table.add_row(words.client(row["client"]), total, overdue, str(max(0, row["oldest_days_past_due"])))
    more = len(worst) - DEBTORS_SHOWN
    rest = [Text(words.text("and {n} more clients; --json shows all", n=more))] if more > 0 else []
    return [table, *rest]


def show_handover(plain: Any, words: Words) -> Blocks:
    """Who would take which client and deal, and why."""
    table = grid(words, "what", "successor", "score", "why", right=("score",))
    for transfer in plain["transfers"]:
        what = words.client(transfer["id"]) if transfer["kind"] == "client" else words.deal(transfer["id"])
        successor = words.person(transfer["successor"]) or words.text("the manager")
        reasons = " ".join(why(reason, words) for reason in transfer["reasons"][:3])
        table.add_row(what, successor, transfer["score"] or "", reasons)
    person = words.text("The book of business of {person}:", person=words.person(plain["employee"]))
    total = words.text("{clients} clients, {deals} open deals, {left} without a successor.",
                       clients=plain["clients"], deals=plain["opportunities"], left=plain["unassigned"])  # fmt: skip
    return [Text(person), table, Text(total)]


def show_access(plain: Any, words: Words) -> Blocks:
    """Every right of a person."""
    person = Text(words.text("Rights of {person}:", person=words.person(plain["employee"])))
    table = grid(words, "grade", "system", "right", "state", right=("grade",))
    for right in plain["rights"]:
        table.add_row(str(right["grade"]), right["system"], right["right"], words.text(right["state"]))
    return [person, table if plain["rights"] else Text(words.text("No rights are known."))]


def show_evidence(plain: Any, words: Words) -> Blocks:
    """Whether the evidence chain holds, and its first bad entry."""
    if plain["ok"]:
        return [Text(words.text("The chain holds: {n} entries, head {head}", n=plain["entries"], head=plain["head"]))]
    fault = plain["fault"]
    broken = words.text(
        "The chain is broken at entry {seq}: {fault}", seq=fault["seq"], fault=words.text(fault["fault"])
    )
    return [Text(broken)]
