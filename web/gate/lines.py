"""How the approvals of a case stand: one line a gate."""

from dataclasses import dataclass

from models.approvals import Verdict
from reports.language import Language
from store.gates import GateRow
from web.gate.visit import State, Visit
from web.moments import Time, time
from web.words import decider, gate_name

ENDS = {
    Verdict.APPROVED: "approved by {name}",
    Verdict.DECLINED: "declined by {name}",
    Verdict.SENT_BACK: "sent back by {name}",
}


@dataclass(frozen=True)
class GateLine:
    """One gate of the case: its name, its state in words, and when. `until`: the time is a deadline."""

    name: str
    state: str
    time: Time | None
    until: bool = False


def lines(visit: Visit, words: Language) -> tuple[GateLine, ...]:
    """Every gate that was opened, by name."""
    return tuple(_line(row, visit, words) for row in visit.newest)


def _line(row: GateRow, visit: Visit, words: Language) -> GateLine:
    zone, name = visit.reader.time_zone, gate_name(words, row.gate)
    if row.closed_at is None:
        return _open_line(row, visit, words)
    if row.verdict is Verdict.TIMED_OUT:
        state = words.text("nobody answered in time")
    elif isinstance(row.verdict, Verdict):
        state = words.text(ENDS[row.verdict], name=decider(row, visit.names, words))
    else:
        state = words.text("asked again with a new report")
    return GateLine(name, state, time(row.closed_at, words, zone))


def _open_line(row: GateRow, visit: Visit, words: Language) -> GateLine:
    """A gate without a recorded end. The reader's own decision is known before the case writes the end down."""
    name, zone, own = gate_name(words, row.gate), visit.reader.time_zone, visit.own
    here = row.gate == visit.link.gate
    if own and here and visit.state in {State.MINE, State.STORED} and visit.hearing.ended:
        state = words.text(ENDS[own.verdict], name=visit.reader.name)
        if visit.state is State.STORED:
            state = words.text("{answer}, not yet confirmed", answer=state)
        return GateLine(name, state, time(own.accepted_at, words, zone))
    if visit.case.ended_at is not None:
        return GateLine(name, words.text("no longer asked"), None)
    voted = {vote.principal for vote in visit.votes.get(row.gate, ())}
    waiting = [person for seat in row.seats if seat.principal not in voted for person in seat.holders()]
    names = words.text(", ").join(visit.names.get(person, person) for person in dict.fromkeys(waiting))
    if not names:  # every answer is there, and the case is about to write the end down
        return GateLine(name, words.text("answered, not yet confirmed"), None)
    return GateLine(name, words.text("waiting for {name}", name=names), time(row.due_at, words, zone), until=True)
