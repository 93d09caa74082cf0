"""What the Temporal Web UI shows about a case: ids, figures and times; never a name of a person or a client."""

from datetime import datetime
from zoneinfo import ZoneInfo

from models.case import CaseProgress, CaseRequest, GateView
from models.risk_level import Level

SUMMARY_BYTES = 200  # the Web UI refuses more


def start_summary(request: CaseRequest, region: str) -> str:
    """One line for the list of workflows, fixed at the start."""
    return cut(
        f"{_plain(region) or 'no region'} · {request.kind.value} · last day {request.last_working_day.isoformat()}"
    )


def _plain(text: str) -> str:
    """Text from the company's data without anything that Markdown or HTML would act on."""
    return "".join(letter for letter in text if letter.isalnum() or letter in " .,-_/()&'·")[:60]


def cut(text: str, limit: int = SUMMARY_BYTES) -> str:
    """Shorten to a number of UTF-8 bytes, never through the middle of a character."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode(errors="ignore") + "…"


def details(progress: CaseProgress, zone: str, region: str) -> str:
    """Markdown for the page of one workflow: phase, who is waited for and until when, what happens by itself next."""
    lines = [f"**{headline(progress, zone, region)}**", ""]
    lines.append(f"Phase **{progress.phase.value}**, last working day {progress.last_working_day.isoformat()}.")
    if progress.report_version:
        lines.append(f"Report version {progress.report_version}: {_score(progress)}.")
    if progress.unknowns:
        lines.append(f"Unknown so far: {', '.join(progress.unknowns)}.")
    if progress.gates:
        # A list, not a table: the Web UI draws tables without any space between their columns.
        lines += ["", *(f"- {_gate(gate, zone)}" for gate in progress.gates)]
    if progress.rejected:
        lines += ["", "Messages that could not count:"]
        lines += [f"- {_time(entry.at, zone)}: {entry.reason}" for entry in progress.rejected[-5:]]
    lines += ["", f"Times are those of {zone}."]
    return "\n".join(lines)


def headline(progress: CaseProgress, zone: str, region: str) -> str:
    """`region · level · waiting on finance until Thu 26 Nov 18:00`."""
    parts = [_plain(region) or "no region", progress.level.value if progress.level else progress.phase.value]
    if progress.waiting_on:
        until = f" until {_time(progress.next_deadline, zone)}" if progress.next_deadline else ""
        parts.append(f"waiting on {', '.join(progress.waiting_on)}{until}")
    else:
        parts.append(progress.doing or progress.phase.value.replace("_", " "))
    return " · ".join(parts)


def _score(progress: CaseProgress) -> str:
    level = progress.level or Level.LOW
    provisional = ", provisional" if progress.provisional else ""
    return f"{progress.score} of 100, {level.value}{provisional}"


def _gate(gate: GateView, zone: str) -> str:
    if gate.outcome:
        by = f" by {gate.outcome.by}" if gate.outcome.by else ""
        return f"**{gate.gate}**: {gate.outcome.verdict.value}{by}, {_time(gate.outcome.at, zone)}"
    until = f" until {_time(gate.due_at, zone)}" if gate.due_at else ""
    waiting = f"waiting on {', '.join(gate.waiting_on)}" if gate.waiting_on else "nobody is asked"
    return f"**{gate.gate}**: round {gate.round}, {waiting}{until}"


def _time(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %H:%M}"
