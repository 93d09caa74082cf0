"""Views of the servers of this machine and of the company's data."""

from typing import Any

from rich.text import Text

from reports.terminal_branches import show_evidence
from reports.terminal_tables import Blocks, grid, why
from reports.terminal_words import Words

FAULTS_SHOWN = 30


def show_stack(plain: Any, words: Words) -> Blocks:
    """The servers of this machine."""
    table = grid(words, "server", "address", "state")
    addresses = {
        "temporal": plain["temporal"],
        "web": plain["web"],
        "postgres": f"127.0.0.1:{plain['postgres_port']}" if plain["postgres_port"] else None,
    }
    for name, service in plain["services"].items():
        state = words.text("runs") if service["running"] else words.text("does not run")
        table.add_row(name, addresses.get(name) or "", state)
    where = words.text("Temporal Web UI: {address}", address=plain["ui"] or "-")
    return [table, Text(where), Text(words.text("State is kept in {folder}", folder=plain["home"]))]


def show_findings(plain: Any, words: Words) -> Blocks:
    """What the doctor found."""
    lines: Blocks = []
    for finding in plain["findings"]:
        state = words.text("fine") if finding["ok"] else words.text("NOT RIGHT")
        lines.append(Text(f"{state}  {words.text(finding['name'])}", style="" if finding["ok"] else "bold"))
        lines += [Text(f"    {why(finding[part], words)}") for part in ("problem", "mend") if finding[part]]
    return lines


def show_system(plain: Any, words: Words) -> Blocks:
    """What can be read at a system of record, and what cannot."""
    lines = [Text(words.text("can read: {what}", what=why(each, words))) for each in plain["can"]]
    lines += [Text(words.text("does not tell: {what}", what=why(each, words))) for each in plain["cannot"]]
    lines += [Text(words.text("CANNOT READ: {what}", what=why(each, words)), style="bold") for each in plain["broken"]]
    if failure := plain["failure"]:
        params = failure["params"]
        told = {name: words.text(params[name]) for name in ("what", "advice") if params.get(name)}
        lines.append(Text(why(failure | {"params": params | told}, words), style="bold"))
    lines += [Text(why(plain["mend"], words))] if plain["mend"] else []
    state = words.text("fine") if plain["ok"] else words.text("NOT RIGHT")
    return [Text(f"{state}  {words.text(plain['system'])}"), *lines]


def show_import(plain: Any, words: Words) -> Blocks:
    """What an import read, or the faults that kept it from writing."""
    right = ("read", "new", "changed", "unchanged")
    counts = grid(words, "table", *right, right=right)
    for name, row in plain["tables"].items():
        counts.add_row(words.text(name), *(str(row[column]) for column in right))
    blocks: Blocks = [counts] if plain["tables"] else []
    if plain["total_faults"]:
        faults = grid(words, "file", "line", "column", "reason", "found", right=("line",))
        for fault in plain["faults"][:FAULTS_SHOWN]:
            line = str(fault["line"] or "")
            faults.add_row(fault["file"], line, fault["column"], why(fault["reason"], words), fault["value"])
        blocks += [faults, Text(_how_many(plain, words))]
    elif plain["dry_run"]:
        blocks.append(Text(words.text("All of it is right. Nothing was written, as asked.")))
    return blocks


def _how_many(plain: Any, words: Words) -> str:
    total, kept = plain["total_faults"], len(plain["faults"])
    shown = min(FAULTS_SHOWN, kept)
    if shown == total:
        return words.text("{n} faults. Nothing was written.", n=total)
    if shown == kept:
        return words.text("{n} faults, the first {shown} are shown. Nothing was written.", n=total, shown=shown)
    told = "{n} faults, the first {shown} are shown; --json shows more. Nothing was written."
    return words.text(told, n=total, shown=shown)


def show_sample(plain: Any, words: Words) -> Blocks:
    """What the sample company holds, and who was planted."""
    table = grid(words, "table", "rows", right=("rows",))
    for name, rows in plain["counts"].items():
        table.add_row(words.text(name), str(rows))
    planted = grid(words, "person", "name", "planted for")
    for person in plain["planted"]:
        planted.add_row(person["employee"], person["name"], person["what"])
    return [table, planted]


def show_demo(plain: Any, words: Words) -> Blocks:
    """How the demo ended and what to open."""
    lines = [
        words.text("{case} ended as {phase} after {seconds} s.", case=plain["case_id"],
                   phase=words.text(plain["phase"]), seconds=plain["seconds"]),
        words.text("Risk {score} of 100, {level}. Overdue {money}.", score=plain["score"],
                   level=words.text(plain["level"]), money=plain["money_at_risk"]),
        words.text("Clients handed over: {n}. Decisions by people: {decisions}.",
                   n=plain["clients_handed_over"], decisions=len(plain["decisions"])),
    ]  # fmt: skip
    head = [*(Text(line) for line in lines), *show_evidence(plain["evidence"], words)]
    opened = [Text(words.text("Open the report:")), *(Text(f"  {path}") for path in plain["reports"])]
    more = words.text(
        "Look around: offboard up, then offboard list, offboard timeline {case}, offboard alerts list",
        case=plain["case_id"],
    )
    return [*head, *opened, *_scan(plain["scan"], words), Text(more)]


def _scan(plain: Any, words: Words) -> Blocks:
    """What the scan at the end found, beside what the people were planted for."""
    alerts = grid(words, "alert", "severity", "person", "planted for")
    for each in plain["alerts"]:
        alerts.add_row(each["id"], words.text(each["severity"]), f"{each['name']} ({each['employee']})",
                       each["planted"])  # fmt: skip
    highest = grid(words, "score", "person", "planted for", right=("score",))
    for each in plain["highest"]:
        highest.add_row(each["score"], f"{each['name']} ({each['employee']})", each["planted"])
    blocks: Blocks = [Text(words.text("Alerts of the scan, from what people did:")), alerts]
    blocks += [Text(words.text("Left alone: {person}", person=each)) for each in plain["left_alone"]]
    return [*blocks, Text(words.text("Highest predictions, which only suggest a talk:")), highest]
