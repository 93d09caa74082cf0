"""Views of the command's answers: from plain JSON to tables and sentences in the reader's language."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from models.reasons import Reason
from reports.language import Language

Blocks = list[Any]
REFUSALS = {
    "late": "the deadline has passed; somebody else is asked, see `offboard show`",
    "already_decided": "the gate was decided before; the first decision stands",
    "not_open": "nobody is asked at that gate now; `offboard show` lists the gates",
    "not_an_approver": "that person is not asked at this gate; `offboard show` says who is",
    "separation_of_duties": "the leaver, who started the case and successors may not decide",
    "report_changed": "the report has changed; the new version has to be decided",
    "reason_missing": "a decline needs a reason: add --note",
    "malformed": "the decision cannot be read",
}
FAULTS_SHOWN = 30


def facts(plain: Any, words: Language) -> Blocks:
    """Any answer as name and value, nested ones indented."""
    lines: Blocks = []

    def walk(value: Any, name: str, depth: int) -> None:
        pad = "  " * depth
        label = words.text(name.replace("_", " "))
        if isinstance(value, dict):
            if name:
                lines.append(Text(f"{pad}{label}:"))
            for key, inner in value.items():
                walk(inner, key, depth + (1 if name else 0))
        elif isinstance(value, list):
            lines.append(Text(f"{pad}{label}:"))
            lines.extend(Text(f"{pad}  {item}") for item in value)
        else:
            lines.append(Text(f"{pad}{label}: {'-' if value in (None, '') else value}"))

    walk(plain, "", 0)
    return lines


def headline(progress: Any, words: Language) -> str:
    """Where a case stands, in one line."""
    level = f"{progress['score']} {words.text(progress['level'])}" if progress["level"] else "-"
    return words.text(
        "{case}: {phase}, risk {level}, waiting on {waiting}",
        case=progress["case_id"],
        phase=words.text(progress["phase"]),
        level=level,
        waiting=", ".join(words.text(name) for name in progress["waiting_on"]) or "-",
    )


def _table(words: Language, *columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(words.text(column), justify="right" if column in right else "left", overflow="fold")
    return table


def _minute(text: str | None) -> str:
    return (text or "")[:16].replace("T", " ")


def _reason(plain: Any, words: Language) -> str:
    return words.reason(Reason.model_validate(plain)) if plain else ""


def _stack(plain: Any, words: Language) -> Blocks:
    table = _table(words, "server", "address", "state")
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


def _findings(plain: Any, words: Language) -> Blocks:
    lines: Blocks = []
    for finding in plain["findings"]:
        state = words.text("fine") if finding["ok"] else words.text("NOT RIGHT")
        lines.append(Text(f"{state}  {words.text(finding['name'])}", style="" if finding["ok"] else "bold"))
        lines += [Text(f"    {_reason(finding[part], words)}") for part in ("problem", "mend") if finding[part]]
    return lines


def _import(plain: Any, words: Language) -> Blocks:
    right = ("read", "new", "changed", "unchanged")
    counts = _table(words, "table", *right, right=right)
    for name, row in plain["tables"].items():
        counts.add_row(words.text(name), *(str(row[column]) for column in right))
    blocks: Blocks = [counts] if plain["tables"] else []
    if plain["total_faults"]:
        faults = _table(words, "file", "line", "column", "reason", "found", right=("line",))
        for fault in plain["faults"][:FAULTS_SHOWN]:
            line = str(fault["line"] or "")
            faults.add_row(fault["file"], line, fault["column"], _reason(fault["reason"], words), fault["value"])
        total = words.text("{n} faults, the first {shown} are shown; --json shows more. Nothing was written.",
                           n=plain["total_faults"], shown=min(FAULTS_SHOWN, len(plain["faults"])))  # fmt: skip
        blocks += [faults, Text(total)]
    elif plain["dry_run"]:
        blocks.append(Text(words.text("All of it is right. Nothing was written, as asked.")))
    return blocks


def _cases(plain: Any, words: Language) -> Blocks:
    if not plain["cases"]:
        return [Text(words.text("No cases yet. Start one: offboard start EMPLOYEE --last-working-day DAY --kind KIND"))]
    table = _table(words, "case", "person", "kind", "phase", "started (UTC)")
    for row in plain["cases"]:
        started = _minute(row["started_at"])
        table.add_row(row["id"], row["employee_id"], words.text(row["kind"]), words.text(row["phase"]), started)
    more = [Text(words.text("and {n} more; --limit shows them", n=plain["more"]))] if plain["more"] else []
    return [table, *more]


def _gates(gates: Any, words: Language) -> Table:
    table = _table(words, "gate", "state", "waiting on", "until (UTC)")
    for gate in gates:
        outcome = gate["outcome"] or {}
        state = words.text(outcome.get("verdict") or "open")
        until = _minute(outcome.get("at") or gate["due_at"])
        table.add_row(words.text(gate["gate"]), state, ", ".join(gate["waiting_on"]), until)
    return table


def _progress(plain: Any, words: Language) -> Blocks:
    blocks: Blocks = [Text(headline(plain, words))]
    if plain["unknowns"]:
        names = ", ".join(words.text(name) for name in plain["unknowns"])
        blocks.append(Text(words.text("Unknown so far: {names}", names=names)))
    if plain["gates"]:
        blocks.append(_gates(plain["gates"], words))
    blocks += [Text(f"{_minute(entry['at'])} {entry['reason']}") for entry in plain["rejected"]]
    return blocks


def _started(plain: Any, words: Language) -> Blocks:
    msgid = "The case {case} was open already." if plain["already_open"] else "Started the case {case}."
    blocks: Blocks = [Text(words.text(msgid, case=plain["case_id"]))]
    if plain["progress"]:
        blocks += _progress(plain["progress"], words)
    blocks.append(Text(words.text("Follow it: offboard watch {case}", case=plain["case_id"])))
    return blocks


def _preview(plain: Any, words: Language) -> Blocks:
    plan = plain["plan"]
    gates = _table(words, "gate", "from level", "until (UTC)", "then")
    for gate in plan["gates"]:
        then = words.text(gate["on_silence"])
        gates.add_row(words.text(gate["gate"]), words.text(gate["from_level"]), _minute(gate["due_at"]), then)
    counts = (
        words.text("Nothing was changed. A start would do this:"),
        words.text("rights taken at once: {n}", n=plain["rights_at_once"]),
        words.text("rights taken at the access cut-off: {n}", n=plain["rights_at_cutoff"]),
        words.text("access cut-off (UTC): {time}", time=_minute(plan["dates"]["access_cutoff"])),
        words.text("clients to hand over: {n}", n=plain["clients"]),
        words.text("open deals to hand over: {n}", n=plain["opportunities"]),
        words.text("without a successor, for the manager: {n}", n=plain["unassigned"]),
        words.text("open invoices to audit: {n}", n=plain["open_items"]),
        words.text("gates that ask somebody, at any level of risk: {n}", n=plain["messages"]),
        *(
            words.text(
                "and from level {level}: {gates}",
                level=words.text(level),
                gates=words.text(", ").join(words.text(gate) for gate in names),
            )
            for level, names in plain["messages_from"].items()
        ),
    )
    if plain["confirm_clients"] is not None:
        needed = words.text("A start needs --confirm-clients {n}.", n=plain["confirm_clients"])
        return [*(Text(line) for line in counts), Text(needed, style="bold"), gates]
    return [*(Text(line) for line in counts), gates]


def _timeline(plain: Any, words: Language) -> Blocks:
    table = _table(words, "no.", "time (UTC)", "what", "who", "facts", right=("no.",))
    for entry in plain["entries"]:
        shown = (
            f"{key}={_short(value)}"
            for key, value in entry["body"].items()
            if value is not None and not isinstance(value, dict | list)
        )
        table.add_row(
            str(entry["seq"]), entry["at"][:19].replace("T", " "), entry["kind"], entry["actor"], ", ".join(shown)
        )
    return [table]


def _short(value: object) -> str:
    # A digest is told apart by its first characters; all of it is in the export.
    text = str(value)
    return text[:12] + "…" if len(text) == 64 else text


def _decision(plain: Any, words: Language) -> Blocks:
    if plain["standing"] == "counted":
        sentence = words.text(
            "Recorded: {gate} {verdict}.", gate=words.text(plain["gate"]), verdict=words.text(plain["verdict"])
        )
    elif plain["standing"] == "stored":
        sentence = words.text("Stored, not yet confirmed: the case takes it as soon as a worker answers.")
    else:
        sentence = words.text(
            "Not counted: {reason}", reason=words.text(REFUSALS.get(plain["refusal"], plain["refusal"]))
        )
    return [Text(sentence)]


def _audit(plain: Any, words: Language) -> Blocks:
    blocks: Blocks = []
    for found in [plain["main"], *plain["others"]] if plain["main"] else []:

        def money(amount: str, currency: str = found["currency"]) -> str:
            return words.money(Decimal(amount), currency)

        table = _table(words, "bucket", "items", "amount", right=("items", "amount"))
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
            words.text("Agrees with the ledger." if found["reconciled"] else "UNRECONCILED: differs from the ledger."),
        )
        blocks += [*(Text(line) for line in lines), table]
    return blocks or [Text(words.text("Nothing is open."))]


def _handover(plain: Any, words: Language) -> Blocks:
    table = _table(words, "what", "successor", "score", "why", right=("score",))
    for transfer in plain["transfers"]:
        why = " ".join(_reason(reason, words) for reason in transfer["reasons"][:3])
        table.add_row(transfer["id"], transfer["successor"] or words.text("the manager"), transfer["score"] or "", why)
    total = words.text("{clients} clients, {deals} open deals, {left} without a successor.",
                       clients=plain["clients"], deals=plain["opportunities"], left=plain["unassigned"])  # fmt: skip
    return [table, Text(total)]


def _access(plain: Any, words: Language) -> Blocks:
    table = _table(words, "grade", "system", "right", "state", right=("grade",))
    for right in plain["rights"]:
        table.add_row(str(right["grade"]), right["system"], right["right"], words.text(right["state"]))
    return [table] if plain["rights"] else [Text(words.text("No rights are known."))]


def _evidence(plain: Any, words: Language) -> Blocks:
    if plain["ok"]:
        return [Text(words.text("The chain holds: {n} entries, head {head}", n=plain["entries"], head=plain["head"]))]
    fault = plain["fault"]
    return [
        Text(
            words.text(
                "The chain is broken at entry {seq}: {fault}", seq=fault["seq"], fault=words.text(fault["fault"])
            )
        )
    ]


def _sample(plain: Any, words: Language) -> Blocks:
    table = _table(words, "table", "rows", right=("rows",))
    for name, rows in plain["counts"].items():
        table.add_row(words.text(name), str(rows))
    planted = _table(words, "person", "name", "planted for")
    for person in plain["planted"]:
        planted.add_row(person["employee"], person["name"], person["what"])
    return [table, planted]


def _demo(plain: Any, words: Language) -> Blocks:
    lines = [
        words.text("{case} ended as {phase} after {seconds} s.", case=plain["case_id"],
                   phase=words.text(plain["phase"]), seconds=plain["seconds"]),
        words.text("Risk {score} of 100, {level}. Overdue {money}.", score=plain["score"],
                   level=words.text(plain["level"]), money=plain["money_at_risk"]),
        words.text("Clients handed over: {n}. Decisions by links: {decisions}.",
                   n=plain["clients_handed_over"], decisions=len(plain["decisions"])),
    ]  # fmt: skip
    head = [*(Text(line) for line in lines), *_evidence(plain["evidence"], words)]
    opened = [Text(words.text("Open the report:")), *(Text(f"  {path}") for path in plain["reports"])]
    more = words.text("Look around: offboard up, then offboard list, offboard timeline {case}", case=plain["case_id"])
    return [*head, *opened, Text(more)]


def _scan(plain: Any, words: Language) -> Blocks:
    schedule = plain["schedule"]
    if not schedule["scheduled"]:
        state = words.text("No schedule yet: offboard scan schedule --at 06:00 --zone Asia/Shanghai")
    elif schedule["paused"]:
        state = words.text("The schedule is paused: {note}", note=schedule["note"] or "-")
    else:
        state = words.text("Next scan (UTC): {time}", time=_minute(next(iter(schedule["next_runs"]), "")))
    if plain["day"] is None:
        return [Text(state), Text(words.text("Nothing was scanned yet: offboard scan run"))]
    counts = ", ".join(f"{words.text(name.replace('_', ' '))} {number}" for name, number in plain["counts"].items())
    table = _table(words, "person", "score", "basis", "why", right=("score",))
    for score in plain["highest"]:
        why = " ".join(_reason(reason["reason"], words) for reason in score["reasons"])
        table.add_row(score["employee_id"], score["score"] or "-", score["model_version"], why)
    return [Text(state), Text(words.text("Scan of {day}: {counts}", day=plain["day"], counts=counts)), table]


def _score(plain: Any, words: Language) -> Blocks:
    head = words.text("{person} on {day}: {score} ({version}). A prediction only informs; it has no consequence.",
                      person=plain["employee_id"], day=plain["day"], score=plain["score"] or "-",
                      version=plain["model_version"])  # fmt: skip
    reasons = [Text(f"  {_reason(reason['reason'], words)}") for reason in plain["reasons"]]
    if plain["score"] is None:
        head = words.text("{person} on {day}: no score, the history is too short to compare with.",
                          person=plain["employee_id"], day=plain["day"])  # fmt: skip
    return [Text(head), *reasons]


VIEWS: dict[str, Callable[[Any, Language], Blocks]] = {
    "stack": _stack,
    "findings": _findings,
    "import": _import,
    "cases": _cases,
    "progress": _progress,
    "started": _started,
    "preview": _preview,
    "timeline": _timeline,
    "decision": _decision,
    "audit": _audit,
    "handover": _handover,
    "access": _access,
    "evidence": _evidence,
    "sample": _sample,
    "demo": _demo,
    "scan": _scan,
    "score": _score,
}
