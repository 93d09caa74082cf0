"""What a person reads in a terminal: tables on a terminal, plain lines in a pipe, both languages."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.case import CaseProgress, Phase
from reports.language import Language, language

ENDED = (Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN)


def to_json(answer: Any) -> str:
    """The answer of a verb as JSON; money and ratios are strings."""
    return json.dumps(_plain(answer), ensure_ascii=False, indent=2, default=str)


def show_answer(view: str, answer: Any, tag: str) -> None:
    """Print the answer of a verb for a person."""
    words = language(tag)
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    plain = _plain(answer)
    for block in VIEWS.get(view, _facts)(plain, words):
        console.print(block, markup=False)


def follow(look: Callable[[], CaseProgress], tag: str, *, json: bool, every: float = 1.0) -> None:
    """Print every change of a case until it ends. Ctrl-C detaches; the case goes on."""
    words, last = language(tag), ""
    try:
        while True:
            progress = look()
            line = progress.model_dump_json() if json else _line(progress, words)
            if line != last:
                print(line, flush=True)  # noqa: T201
                last = line
            if progress.phase in ENDED:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        pass


def _plain(answer: Any) -> Any:
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json")
    if isinstance(answer, Mapping):
        return {str(key): _plain(value) for key, value in answer.items()}
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
        return [_plain(value) for value in answer]
    return answer


def _line(progress: CaseProgress, words: Language) -> str:
    level = f"{progress.score} {words.text(progress.level.value)}" if progress.level else "-"
    waiting = ", ".join(words.text(name) for name in progress.waiting_on) or "-"
    return words.text(
        "{case}: {phase}, risk {level}, waiting on {waiting}",
        case=progress.case_id,
        phase=words.text(progress.phase.value),
        level=level,
        waiting=waiting,
    )


def _table(words: Language, *columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(words.text(column), justify="right" if column in right else "left", overflow="fold")
    return table


def _facts(plain: Any, words: Language) -> list[Any]:
    """Any answer as name and value, nested ones indented."""
    lines: list[Any] = []

    def walk(value: Any, name: str, depth: int) -> None:
        pad = "  " * depth
        if isinstance(value, dict):
            if name:
                lines.append(Text(f"{pad}{words.text(name)}:"))
            for key, inner in value.items():
                walk(inner, key, depth + (1 if name else 0))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(Text(f"{pad}{words.text(name)}: {len(value)}"))
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(Text(f"{pad}{words.text(name)}: {'-' if shown in (None, '') else shown}"))

    walk(plain, "", 0)
    return lines


def _findings(plain: Any, words: Language) -> list[Any]:
    table = _table(words, "check", "state", "what to do")
    for finding in plain["findings"]:
        state = words.text("fine") if finding["ok"] else words.text("not right")
        what = "" if finding["ok"] else f"{finding.get('problem') or ''} {finding.get('remedy') or ''}".strip()
        table.add_row(words.text(finding["name"]), state, what or finding.get("problem") or "")
    return [table]


def _import(plain: Any, words: Language) -> list[Any]:
    blocks: list[Any] = []
    counts = _table(
        words, "table", "read", "new", "changed", "unchanged", right=("read", "new", "changed", "unchanged")
    )
    for row in plain.get("tables", []):
        counts.add_row(row["table"], *(str(row[name]) for name in ("read", "new", "changed", "unchanged")))
    blocks.append(counts)
    if plain.get("total_faults"):
        faults = _table(words, "file", "line", "column", "reason", right=("line",))
        for fault in plain["faults"]:
            faults.add_row(fault["file"], str(fault["line"] or ""), fault["column"] or "", fault["reason"])
        blocks += [faults, Text(words.text("{n} bad values; nothing was written.", n=plain["total_faults"]))]
    return blocks


def _cases(plain: Any, words: Language) -> list[Any]:
    if not plain:
        return [Text(words.text("No cases yet. Start one: offboard start EMPLOYEE --last-working-day DAY --kind KIND"))]
    table = _table(words, "case", "person", "kind", "phase", "started")
    for row in plain:
        started = str(row["started_at"])[:16].replace("T", " ")
        table.add_row(row["id"], row["employee_id"], words.text(row["kind"]), words.text(row["phase"]), started)
    return [table]


def _gates(gates: Any, words: Language) -> Table:
    table = _table(words, "gate", "state", "waiting on", "until (UTC)")
    for gate in gates:
        outcome = gate["outcome"]
        state = outcome["verdict"] if outcome else "open"
        until = str((outcome or {}).get("at") or gate["due_at"] or "")[:16].replace("T", " ")
        table.add_row(words.text(gate["gate"]), words.text(state), ", ".join(gate["waiting_on"]), until)
    return table


def _progress(plain: Any, words: Language) -> list[Any]:
    head = _line(CaseProgress.model_validate(plain), words)
    blocks: list[Any] = [Text(head)]
    if plain["unknowns"]:
        blocks.append(Text(words.text("Unknown so far: {names}", names=", ".join(map(words.text, plain["unknowns"])))))
    if plain["gates"]:
        blocks.append(_gates(plain["gates"], words))
    blocks += [Text(f"{entry['at'][:16]} {entry['reason']}") for entry in plain["rejected"]]
    return blocks


def _started(plain: Any, words: Language) -> list[Any]:
    msgid = "The case {case} was open already." if plain["already_open"] else "Started the case {case}."
    blocks: list[Any] = [Text(words.text(msgid, case=plain["case_id"]))]
    blocks.append(Text(words.text("Follow it: offboard watch {case}", case=plain["case_id"])))
    return blocks


def _timeline(plain: Any, words: Language) -> list[Any]:
    table = _table(words, "no.", "time (UTC)", "what", "who", "facts", right=("no.",))
    for entry in plain["entries"]:
        facts = ", ".join(
            f"{key}={value}" for key, value in entry["body"].items() if not isinstance(value, dict | list)
        )
        when = entry["at"][:19].replace("T", " ")
        table.add_row(str(entry["seq"]), when, words.text(entry["kind"]), entry["actor"], facts[:160])
    return [table]


VIEWS: dict[str, Callable[[Any, Language], list[Any]]] = {
    "findings": _findings,
    "import": _import,
    "cases": _cases,
    "progress": _progress,
    "started": _started,
    "timeline": _timeline,
}
