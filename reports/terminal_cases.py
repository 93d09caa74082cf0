"""Views of cases: which there are, where one stands, what happened, what became of a decision."""

from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from models.case import ENDED, Phase
from reports.evidence_words import actor, local, sentence
from reports.terminal_tables import Blocks, grid, minute
from reports.terminal_words import Words

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


def show_cases(plain: Any, words: Words) -> Blocks:
    """The list of cases."""
    if not plain["cases"]:
        return [Text(words.text("No cases yet. Start one: offboard start EMPLOYEE --last-working-day DAY --kind KIND"))]
    table = grid(words, "case", "person", "kind", "phase", "started (UTC)")
    for row in plain["cases"]:
        person, started = words.person(row["employee_id"]), minute(row["started_at"])
        table.add_row(row["id"], person, words.text(row["kind"]), words.text(row["phase"]), started)
    more = [Text(words.text("and {n} more; --limit shows them", n=plain["more"]))] if plain["more"] else []
    return [table, *more]


def headline(progress: Any, words: Words) -> str:
    """Where a case stands, in one line."""
    level = f"{progress['score']} {words.text(progress['level'])}" if progress["level"] else "-"
    return words.text(
        "{case}: {phase}, risk {level}, waiting on {waiting}",
        case=progress["case_id"],
        phase=words.text(progress["phase"]),
        level=level,
        waiting=words.text(", ").join(_awaited(entry, words) for entry in progress["waiting_on"]) or "-",
    )


def _awaited(entry: str, words: Words) -> str:
    # `finance`, `clients_without_owner: 3` or `finance: NobodyToAsk, hr: NobodyToAsk`: words between the signs.
    return words.text(", ").join(
        ": ".join(words.word(part) for part in problem.split(": ")) for problem in entry.split(", ")
    )


def show_progress(plain: Any, words: Words) -> Blocks:
    """Where a case stands, with its gates and what could not count."""
    person, stays = words.person(plain["employee_id"]), plain["phase"] == Phase.WITHDRAWN
    leaver = words.text(
        "{person} stays" if stays else "{person} leaves, last working day {day}",
        person=person,
        day=plain["last_working_day"],
    )
    blocks: Blocks = [Text(headline(plain, words)), Text(leaver)]
    if plain["unknowns"]:
        names = words.text(", ").join(words.word(name) for name in plain["unknowns"])
        blocks.append(Text(words.text("Unknown so far: {names}", names=names)))
    if plain["gates"]:
        blocks.append(_gates(plain, words))
    blocks += [Text(f"{minute(entry['at'])} {_rejection(entry['reason'], words)}") for entry in plain["rejected"]]
    return blocks


def _gates(plain: Any, words: Words) -> Table:
    # Who is waited for while a gate is open, who decided it afterwards.
    table = grid(words, "gate", "state", "who", "until, or decided (UTC)")
    ended = plain["phase"] in ENDED
    for gate in plain["gates"]:
        outcome = gate["outcome"] or {}
        state = words.text(outcome.get("verdict") or ("not decided" if ended else "open"))
        who = words.person(outcome.get("by")) if outcome else words.persons(gate["waiting_on"])
        table.add_row(words.word(gate["gate"]), state, who, minute(outcome.get("at") or gate["due_at"]))
    return table


def _rejection(reason: str, words: Words) -> str:
    return words.text("Not counted: {reason}", reason=words.word(REFUSALS.get(reason, reason)))


def show_started(plain: Any, words: Words) -> Blocks:
    """A case that was started, or was open already."""
    msgid = "The case {case} was open already." if plain["already_open"] else "Started the case {case}."
    blocks: Blocks = [Text(words.text(msgid, case=plain["case_id"]))]
    if plain["progress"]:
        blocks += show_progress(plain["progress"], words)
    blocks.append(Text(words.text("Follow it: offboard watch {case}", case=plain["case_id"])))
    return blocks


def show_timeline(plain: Any, words: Words) -> Blocks:
    """Every entry of the evidence chain, one a line, in sentences and in the time of the reader."""
    here = words.text("time ({zone})", zone="/".join(sorted({_zone(entry["at"]) for entry in plain["entries"]})))
    table = grid(words, "no.", here, "who", "what", right=("no.",))
    table.columns[1].no_wrap = True
    for entry in plain["entries"]:
        said = sentence(entry["kind"], entry["body"], words)
        table.add_row(str(entry["seq"]), local(entry["at"]), actor(entry["actor"], words), said)
    return [table]


def _zone(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().tzname() or "UTC"


def show_decision(plain: Any, words: Words) -> Blocks:
    """What became of a decision."""
    if plain["standing"] == "counted":
        sentence = words.text(
            "Recorded: {gate} {verdict}.", gate=words.word(plain["gate"]), verdict=words.text(plain["verdict"])
        )
    elif plain["standing"] == "stored":
        sentence = words.text("Stored, not yet confirmed: the case takes it as soon as a worker answers.")
    else:
        sentence = _rejection(plain["refusal"], words)
    return [Text(sentence)]
