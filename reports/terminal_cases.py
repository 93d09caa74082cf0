"""Views of cases: which there are, where one stands, what happened, what became of a decision."""

from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from models.case import ENDED, Phase
from reports.evidence_words import actor, local, sentence
from reports.terminal_approvals import seats_words, show_questions
from reports.terminal_tables import Blocks, grid, minute
from reports.terminal_words import Words

REFUSALS = {
    "late": "the deadline has passed; somebody else is asked, see `offboard show`",
    "already_decided": "the gate was decided before; the first decision stands",
    "not_open": "nobody is asked at that gate now; `offboard show` lists the gates",
    "not_an_approver": "that person is not asked at this gate; `offboard show` says who is",
    "separation_of_duties": "who leaves, acts for them, started the case, succeeds or decided elsewhere may not decide",
    "report_changed": "the report has changed; the new version has to be decided",
    "plan_sent_back": "the plan was sent back; you are asked again when there is a new one",
    "reason_missing": "a decline, and a wish for a new plan, need a reason: add --note",
    "no_vote": "there is no answer of yours that could be taken back",
    "sign_in_needed": "a link alone decides nothing at this level of risk: sign in",
    "malformed": "the decision cannot be read",
}


def show_cases(plain: Any, words: Words) -> Blocks:
    """The list of cases."""
    if not plain["cases"]:
        return [Text(words.text("No cases yet. Start one: offboard start EMPLOYEE --last-working-day DAY --kind KIND"))]
    table = grid(words, "case", "person", "kind", "phase", "open gates", "started (UTC)")
    for row in plain["cases"]:
        person, started = words.person(row["employee_id"]), minute(row["started_at"])
        gates = words.text(", ").join(_open_gate(gate, words) for gate in row["gates"])
        table.add_row(row["id"], person, words.text(row["kind"]), words.text(row["phase"]), gates, started)
    more = [Text(words.text("and {n} more; --limit shows them", n=plain["more"]))] if plain["more"] else []
    return [table, *more]


def _open_gate(gate: Any, words: Words) -> str:
    name = words.word(gate["gate"])
    return f"{name} {_votes(gate)}" if gate["needed"] > 1 else name


def headline(progress: Any, words: Words) -> str:
    """Where a case stands, in one line."""
    level = f"{progress['score']} {words.text(progress['level'])}" if progress["level"] else "-"
    return words.text(
        "{case}: {phase}, risk {level}, waiting on {waiting}",
        case=progress["case_id"],
        phase=words.text(progress["phase"]),
        level=level,
        waiting=words.text(", ").join(_awaited(entry, progress, words) for entry in progress["waiting_on"]) or "-",
    )


def _awaited(entry: str, progress: Any, words: Words) -> str:
    # `finance`, `clients_without_owner: 3` or `finance: NobodyToAsk, hr: NobodyToAsk`: words between the signs.
    said = words.text(", ").join(
        ": ".join(words.word(part) for part in problem.split(": ")) for problem in entry.split(", ")
    )
    gate = next((one for one in progress["gates"] if one["gate"] == entry), None)
    return f"{said} {_votes(gate)}" if gate and gate["needed"] > 1 else said


def _votes(gate: Any) -> str:
    return f"{gate['votes']}/{gate['needed']}"


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
    blocks += show_questions(plain.get("questions", ()), words)
    blocks += [Text(f"{minute(entry['at'])} {_rejection(entry['reason'], words)}") for entry in plain["rejected"]]
    return blocks


def _gates(plain: Any, words: Words) -> Table:
    # Who is waited for while a gate is open, who decided it afterwards.
    table = grid(words, "gate", "state", "votes", "who", "until, or decided (UTC)")
    for gate in plain["gates"]:
        outcome = gate["outcome"] or {}
        who = _deciders(outcome, words) if outcome else _waiting(gate, plain, words)
        until = minute(outcome.get("at") or gate["due_at"])
        table.add_row(words.word(gate["gate"]), _state(gate, plain, words), _votes(gate), who, until)
    return table


def _state(gate: Any, plain: Any, words: Words) -> str:
    if gate["outcome"]:
        return _verdict(gate["outcome"]["verdict"], words)
    if plain["phase"] in ENDED:
        return words.text("not decided")
    if gate["after"]:
        before = words.text(", ").join(words.word(name) for name in gate["after"])
        return words.text("comes after {gates}", gates=before)
    return words.text("open")


def _waiting(gate: Any, plain: Any, words: Words) -> str:
    """Who has not answered; with the seats at hand, whose vote it is as well."""
    missing = set(gate["waiting_on"])
    seats = [
        seat for seat in plain.get("seats", {}).get(gate["gate"], ())
        if missing & {seat["principal"], seat["delegate"]}
    ]  # fmt: skip
    return seats_words(seats, words) or words.persons(gate["waiting_on"])


def _deciders(outcome: Any, words: Words) -> str:
    """Everybody whose vote stands, `B for A` where a delegate cast it."""
    voted = [
        words.person(vote["by"]) if vote["by"] == vote["principal"]
        else words.text("{person} for {principal}", person=words.person(vote["by"]),
                        principal=words.person(vote["principal"]))
        for vote in outcome["votes"]
    ]  # fmt: skip
    return words.text("; ").join(voted) or words.person(outcome.get("by"))


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
        gate, verdict = words.word(plain["gate"]), _verdict(plain["verdict"], words)
        sentence = words.text("Recorded: {gate} {verdict}.", gate=gate, verdict=verdict) + _more(plain, words)
    elif plain["standing"] == "stored":
        sentence = words.text("Stored, not yet confirmed: the case takes it as soon as a worker answers.")
    else:
        sentence = _rejection(plain["refusal"], words)
    return [Text(sentence)]


def _verdict(verdict: str, words: Words) -> str:
    return words.text(verdict).replace("_", " ")


def _more(plain: Any, words: Words) -> str:
    """What a gate that asks several people still needs."""
    missing = plain["needed"] - plain["votes"]
    if plain["decided_by"] or missing <= 0:
        return ""
    return " " + words.text("It has {votes} of {needed} approvals.", votes=plain["votes"], needed=plain["needed"])
