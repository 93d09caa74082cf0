"""View of a start that changes nothing."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from reports.terminal_approvals import seats_words
from reports.terminal_tables import Blocks, grid, minute
from reports.terminal_words import Words

SUCCESSORS_SHOWN = 5


def show_preview(plain: Any, words: Words) -> Blocks:
    """What a start would do: its size, who would be asked until when, who could succeed, which rights would go."""
    lines: Blocks = [Text(line) for line in _counts(plain, words)]
    if plain["confirm_clients"] is not None:
        needed = words.text("A start needs --confirm-clients {n}.", n=plain["confirm_clients"])
        lines.append(Text(needed, style="bold"))
    if nobody := [words.word(gate["gate"]) for gate in plain["plan"]["gates"] if not plain["approvers"][gate["gate"]]]:
        warning = words.text("Nobody can be asked for {gates}: the case would wait there until somebody can.",
                             gates=words.text(", ").join(nobody))  # fmt: skip
        lines.append(Text(warning, style="bold red"))
    return [*lines, Text(), _gates(plain, words), Text(), *_successors(plain, words), *_rights(plain, words)]


def _counts(plain: Any, words: Words) -> Iterator[str]:
    plan = plain["plan"]
    yield words.text("Nothing was changed. A start would do this:")
    yield words.text("{person} leaves, last working day {day}", person=words.person(plain["employee"]),
                     day=plan["dates"]["last_working_day"])  # fmt: skip
    yield words.text("rights taken at once: {n}", n=plain["rights_at_once"])
    yield words.text("rights taken at the access cut-off: {n}", n=plain["rights_at_cutoff"])
    yield words.text("access cut-off (UTC): {time}", time=minute(plan["dates"]["access_cutoff"]))
    yield words.text("clients to hand over: {n}", n=plain["clients"])
    yield words.text("open deals to hand over: {n}", n=plain["opportunities"])
    yield words.text("without a successor, for the manager: {n}", n=plain["unassigned"])
    yield words.text("open invoices to audit: {n}", n=plain["open_items"])
    yield words.text("gates that ask somebody, at any level of risk: {n}", n=plain["messages"])
    for level, names in plain["messages_from"].items():
        gates = words.text(", ").join(words.word(gate) for gate in names)
        yield words.text("and from level {level}: {gates}", level=words.text(level), gates=gates)


def _gates(plain: Any, words: Words) -> Table:
    table = grid(words, "gate", "asks", "from level", "until (UTC)", "then")
    for gate in plain["plan"]["gates"]:
        seats = plain["approvers"][gate["gate"]]
        asked = Text(_asked(gate, seats, words)) if seats else Text(words.text("nobody"), style="bold red")
        until, then = minute(gate["due_at"]), words.text(gate["on_silence"])
        table.add_row(words.word(gate["gate"]), asked, words.text(gate["from_level"]), until, then)
    return table


def _asked(gate: Any, seats: Any, words: Words) -> str:
    """Who is asked, how many of them must approve, and which gates come before."""
    said = seats_words(seats, words)
    if gate["people"] > 1:
        said = words.text("{needed} of {people}", needed=gate["needed"], people=said)
    if gate["after"]:
        before = words.text(", ").join(words.word(name) for name in gate["after"])
        said += words.text("; ") + words.text("comes after {gates}", gates=before)
    return said


def _successors(plain: Any, words: Words) -> Blocks:
    shares = plain["successors"]
    if not shares:
        return []
    table = grid(words, "successor", "clients", "open deals", right=("clients", "open deals"))
    for share in shares[:SUCCESSORS_SHOWN]:
        table.add_row(words.person(share["successor"]), str(share["clients"]), str(share["opportunities"]))
    more = len(shares) - SUCCESSORS_SHOWN
    rest = [Text(words.text("and {n} more: offboard handover plan {person}", n=more, person=plain["employee"]))]
    return [table, *(rest if more > 0 else []), Text()]


def _rights(plain: Any, words: Words) -> Blocks:
    if not plain["rights_by_grade"]:
        return []  # "rights taken: 0" is said above
    table = grid(words, "grade", "rights", "taken", right=("grade", "rights"))
    for grade, number in plain["rights_by_grade"].items():
        at_once = int(grade) in plain["plan"]["first_grades"]
        table.add_row(grade, str(number), words.text("at once") if at_once else words.text("at the access cut-off"))
    return [table]
