"""The approvals as a report shows them: ended ones with their decision, open ones with who is asked and until when."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from models.approvals import GateOutcome, GatePlan, Refusal, Vote
from models.report import ReportApproval, ReportVote
from models.risk_level import Level
from store import decisions, gates
from store.cases import CaseRow
from store.decisions import StoredDecision
from store.gates import GateRow


def approvals_part(
    connection: Connection, case: CaseRow, outcomes: Sequence[GateOutcome], level: Level
) -> tuple[ReportApproval, ...]:
    """Every gate that this level of risk asks for, or that was opened or ended, in the order of the plan.

    `outcomes` are what the case counted; the rows of the gates add who is asked, and the decisions add the notes.
    """
    rows = {row.gate: row for row in gates.newest_of(connection, case.id)}
    ended = {outcome.gate: outcome for outcome in outcomes}
    planned = {gate.gate: gate for gate in case.plan.gates}
    needed = [gate.gate for gate in case.plan.gates if gate.from_level.rank <= level.rank]
    order = [*planned, *sorted((set(rows) | set(ended)) - set(planned))]
    return tuple(
        _approval(connection, case, gate, planned.get(gate), rows.get(gate), ended.get(gate))
        for gate in order
        if gate in needed or gate in rows or gate in ended
    )


def people_asked(approvals: Sequence[ReportApproval]) -> Iterator[str]:
    """Ids of everybody who decided or is asked to."""
    for approval in approvals:
        yield from approval.waiting_on
        if approval.by:
            yield approval.by
        for vote in approval.votes:
            yield from (vote.by, vote.principal)


def carried_over(approvals: Sequence[ReportApproval], version: int, *, material: bool) -> tuple[ReportApproval, ...]:
    """The approvals in a report `version`: what was decided on an older one stands unless the change is material."""
    if material:
        return tuple(approvals)
    return tuple(each.model_copy(update={"carried_over_from": _older(each, version)}) for each in approvals)


def _older(approval: ReportApproval, version: int) -> int | None:
    decided = max((vote.version for vote in approval.votes), default=version) if approval.verdict else version
    return decided if 0 < decided < version else None


def _approval(
    connection: Connection,
    case: CaseRow,
    gate: str,
    planned: GatePlan | None,
    row: GateRow | None,
    outcome: GateOutcome | None,
) -> ReportApproval:
    needed = planned.needed if planned else 1
    # A row may have its end before the case could tell us: it is written by the approvals' own activity.
    ended = outcome or (row.ended if row else None)
    if ended is not None:
        return _ended(connection, case, ended, row, needed)
    if row is not None:
        votes = decisions.votes(connection, row)
        voted = {vote.principal for vote in votes}
        open_seats = [seat for seat in row.seats if seat.principal not in voted] if row.closed_at is None else []
        return ReportApproval(
            gate=gate,
            late=_somebody_was_late(decisions.of_gate(connection, case.id, gate)),
            waiting_on=tuple(person for seat in open_seats for person in seat.holders()),
            due_at=row.due_at,
            round=row.round,
            votes=_told(connection, case, gate, votes),
            needed=needed,
        )
    return ReportApproval(gate=gate, due_at=planned.due_at if planned else None, needed=needed)


def _ended(
    connection: Connection, case: CaseRow, outcome: GateOutcome, row: GateRow | None, needed: int
) -> ReportApproval:
    made = decisions.of_gate(connection, case.id, outcome.gate)
    notes = [
        decision.note
        for decision in made
        if (decision.by, decision.round, decision.verdict) == (outcome.by, outcome.round, outcome.verdict)
    ]
    votes = outcome.votes or (decisions.votes(connection, row) if row else ())
    return ReportApproval(
        gate=outcome.gate,
        verdict=outcome.verdict.value,
        by=outcome.by,
        at=outcome.at,
        late=outcome.late or _somebody_was_late(made),
        note=notes[-1] if notes else "",
        round=outcome.round,
        votes=_told(connection, case, outcome.gate, votes),
        needed=needed,
    )


def _told(connection: Connection, case: CaseRow, gate: str, votes: Sequence[Vote]) -> tuple[ReportVote, ...]:
    versions = {row.round: row.report_version for row in gates.rounds_of(connection, case.id, gate)}
    return tuple(
        ReportVote(
            by=vote.by,
            principal=vote.principal,
            verdict=vote.verdict.value,
            at=vote.at,
            version=versions.get(vote.round, 0),
        )
        for vote in votes
    )


def _somebody_was_late(made: Sequence[StoredDecision]) -> bool:
    return any(decision.refusal is Refusal.LATE for decision in made)
