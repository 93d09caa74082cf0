"""The money after a departure in a terminal: plans, dates, letters, commission held, and the figures."""

from decimal import Decimal
from typing import Any

from rich.text import Text

from reports.collection_words import CONFIRMATIONS, MILESTONES
from reports.terminal_tables import Blocks, grid, minute
from reports.terminal_words import Words


def show_collection(plain: Any, words: Words) -> Blocks:
    """Everything about the money of a case after its hand-over."""
    found = plain["follow_up"]
    if not (found["plans"] or found["confirmations"] or found["holds"]):
        return [Text(words.text("Nothing is followed up: the handover is not done, or no client owes anything."))]
    blocks: Blocks = [_plans(found["plans"], words)]
    if found["confirmations"]:
        rate = words.percent(Decimal(plain["rate"]))
        said = words.text(
            "Balance confirmations: {confirmed} of {asked} confirmed ({rate}).",
            confirmed=plain["confirmed"],
            asked=plain["asked"],
            rate=rate,
        )
        blocks += [Text(""), Text(said), _letters(found["confirmations"], words)]
    if found["holds"]:
        blocks += [
            Text(""),
            Text(words.text("Commission held until the client has paid:")),
            _holds(found["holds"], words),
        ]
    if plain["outcome"]:
        blocks += [Text(""), *_outcome(plain["outcome"], words)]
    return blocks


def show_letters(plain: Any, words: Words) -> Blocks:
    """The letters that were printed."""
    said = words.count("{n} letter written:", "{n} letters written:", len(plain["files"]))
    return [Text(said), *(Text(each) for each in plain["files"])]


def show_letter(plain: Any, words: Words) -> Blocks:
    """One letter after something was written down."""
    letter = plain["letter"]
    state = words.text(CONFIRMATIONS[letter["state"]])
    amount = _money(letter["amount"], letter["currency"], words)
    lines = [
        words.text("{client}, {amount}: {state}.", client=words.client(letter["client"]), amount=amount, state=state)
    ]
    if letter["state"] == "sent":
        lines.append(words.text("An answer is expected until {time} UTC.", time=minute(letter["due_at"])))
    if letter["state"] == "disputed":
        said = _money(letter["answered_amount"], letter["currency"], words)
        lines.append(words.text("The client says to owe {amount}.", amount=said))
    return [Text(line) for line in lines]


def _plans(plans: Any, words: Words) -> Any:
    table = grid(
        words, "client", "collects", "audited", "open", "by (UTC)", "at most", "state",
        right=("audited", "open", "at most"),
    )  # fmt: skip
    for plan in plans:
        left = _money(plan["open_now"], plan["currency"], words) if plan["open_now"] is not None else "-"
        head = [words.client(plan["client"]), words.person(plan["collector"])]
        head += [_money(plan["audited"], plan["currency"], words), left]
        for each in plan["milestones"]:
            goal = _money(each["at_most"], each["currency"], words)
            table.add_row(*head, minute(each["due_at"]), goal, words.text(MILESTONES[each["state"]]))
            head = ["", "", "", ""]
        if not plan["milestones"]:
            table.add_row(*head, "", "", words.text("nothing to collect"))
    return table


def _letters(letters: Any, words: Words) -> Any:
    table = grid(
        words, "client", "amount", "as of", "state", "answer until (UTC)", "admitted", right=("amount", "admitted")
    )
    for each in letters:
        admitted = each["answered_amount"]
        table.add_row(
            words.client(each["client"]),
            _money(each["amount"], each["currency"], words),
            each["as_of"],
            words.text(CONFIRMATIONS[each["state"]]),
            minute(each["due_at"]),
            _money(admitted, each["currency"], words) if admitted is not None else "",
        )
    return table


def _holds(holds: Any, words: Words) -> Any:
    table = grid(
        words, "commission", "document", "client", "amount", "since (UTC)", "released (UTC)", right=("amount",)
    )
    for each in holds:
        amount = _money(each["amount"], each["currency"], words)
        client = words.client(each["client"])
        since, until = minute(each["held_at"]), minute(each["released_at"])
        table.add_row(each["commission"], each["document"], client, amount, since, until)
    return table


def _outcome(outcome: Any, words: Words) -> Blocks:
    lines: Blocks = [Text(words.text("Follow-up audit as of {day}:", day=outcome["as_of"]))]
    table = grid(words, "age at the audit", "audited", "recovered", "share", right=("audited", "recovered", "share"))
    for each in outcome["buckets"]:
        was, back = Decimal(each["audited"]), Decimal(each["recovered"])
        share = words.percent(back / was) if was > 0 else "-"
        amounts = (_money(each[name], each["currency"], words) for name in ("audited", "recovered"))
        table.add_row(each["bucket"], *amounts, share)
    lines.append(table)
    figures = grid(words, "figure", "days", "before", "after", right=("days", "before", "after"))
    for each in outcome["figures"]:
        for row in _figures(each, words):
            figures.add_row(*row)
    return [*lines, figures]


def _figures(each: Any, words: Words) -> list[tuple[str, str, str, str]]:
    before = {row["days"]: row for row in each["before"]}
    after = {row["days"]: row for row in each["after"]}
    names = {
        "days_sales_outstanding": words.text("Days sales outstanding"),
        "collection_effectiveness_index": words.text("Collection effectiveness, %"),
        "overdue_share": words.text("Overdue share"),
        "largest_client_share": words.text("Largest client's share"),
    }
    currency = each["currency"]
    rows = [
        (f"{name}, {currency}", str(days), _value(before.get(days), key), _value(after.get(days), key))
        for days in sorted({*before, *after})
        for key, name in names.items()
    ]
    losses = (each["expected_credit_loss_before"], each["expected_credit_loss_after"])
    told = [_money(loss, currency, words) if loss is not None else "-" for loss in losses]
    return [*rows, (f"{words.text('Expected credit loss')}, {currency}", "", told[0], told[1])]


def _value(row: Any, key: str) -> str:
    return "-" if row is None or row[key] is None else str(row[key])


def _money(amount: str, currency: str, words: Words) -> str:
    return words.money(Decimal(amount), currency)
