"""Views of each branch alone and of the evidence chain."""

from typing import Any

from rich.text import Text

from reports.terminal_tables import Blocks, grid, why
from reports.terminal_words import Words


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
