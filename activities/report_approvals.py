"""The approvals as a report shows them: ended ones with their decision, open ones with who is asked and until when."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from models.approvals import GateOutcome, GatePlan, Refusal, Verdict
from models.report import ReportApproval
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


def _approval(
    connection: Connection,
    case: CaseRow,
    gate: str,
    planned: GatePlan | None,
    row: GateRow | None,
    outcome: GateOutcome | None,
) -> ReportApproval:
    if outcome is not None:
        return _ended(connection, case, outcome)
    if row is not None and isinstance(row.verdict, Verdict):
        # Written down by the approvals' own activity before the case could tell us.
        told = GateOutcome(
            gate=gate,
            verdict=row.verdict,
            by=row.decided_by,
            at=row.closed_at or row.due_at,
            late=row.closed_at is not None and row.closed_at > row.due_at,
            round=row.round,
        )
        return _ended(connection, case, told)
    if row is not None:
        asked = row.approvers if row.closed_at is None else ()
        late = _somebody_was_late(decisions.of_gate(connection, case.id, gate))
        return ReportApproval(gate=gate, late=late, waiting_on=asked, due_at=row.due_at, round=row.round)
    return ReportApproval(gate=gate, due_at=planned.due_at if planned else None)


def _ended(connection: Connection, case: CaseRow, outcome: GateOutcome) -> ReportApproval:
    made = decisions.of_gate(connection, case.id, outcome.gate)
    notes = [
        decision.note
        for decision in made
        if (decision.by, decision.round, decision.verdict) == (outcome.by, outcome.round, outcome.verdict)
    ]
    return ReportApproval(
        gate=outcome.gate,
        verdict=outcome.verdict.value,
        by=outcome.by,
        at=outcome.at,
        late=outcome.late or _somebody_was_late(made),
        note=notes[-1] if notes else "",
        round=outcome.round,
    )


def _somebody_was_late(made: Sequence[StoredDecision]) -> bool:
    return any(decision.refusal is Refusal.LATE for decision in made)
