"""The part of the door that works on our database: may this answer count, what is on record, what became of it."""

from sqlalchemy import Connection

from models.approvals import Decision, DecisionReceipt, GateOutcome, GateRound, Ladder, Refusal, Verdict, judge
from store import cases, decisions, gates
from store.database import Database
from store.decisions import DecisionState, StoredDecision
from store.gates import GateRow
from web.answers import Answer, DoorResult, Standing


def take(database: Database, answer: Answer) -> StoredDecision | DoorResult:
    """Keep an answer that may count, and return it for the engine. Anything else is a result already.

    The same person pressing again gets what is on record; an unconfirmed decision goes to the engine once more.
    """
    with database.begin() as connection:
        current = gates.current(connection, answer.case_id, answer.gate)
        if current is None:
            return refused(answer, Refusal.NOT_OPEN)
        asked = _answered(connection, answer, current)
        key = decisions.decision_id(answer.case_id, answer.gate, asked.round, answer.by)
        own = decisions.get(connection, key)
        if own is None:
            if refusal := _refusal(connection, answer, asked, current):
                return refused(answer, refusal, current.decided_by)
            own = decisions.accept(
                connection,
                case_id=answer.case_id,
                gate=answer.gate,
                round=asked.round,
                verdict=answer.verdict,
                by=answer.by,
                note=answer.note,
                report_digest=answer.report_digest or asked.report_digest,
                accepted_at=answer.now,
            )
    if own.verdict is not answer.verdict:
        return on_record(answer, own, Standing.REFUSED, Refusal.ALREADY_DECIDED)
    if own.state is DecisionState.STORED:
        return own
    return on_record(answer, own, Standing(own.state.value), own.refusal)


def settle(database: Database, answer: Answer, taken: StoredDecision, receipt: DecisionReceipt) -> DoorResult:
    """Write down what the engine said, unless the case itself was quicker, and return what is on record now."""
    with database.begin() as connection:
        decisions.settle(connection, taken.id, receipt)
        now = decisions.get(connection, taken.id) or taken
    return on_record(answer, now, Standing(now.state.value), now.refusal, receipt.decided_by)


def on_record(
    answer: Answer,
    decision: StoredDecision,
    standing: Standing,
    refusal: Refusal | None = None,
    decided_by: str | None = None,
) -> DoorResult:
    """A result about a decision that is in our database."""
    return DoorResult(
        case_id=answer.case_id,
        gate=answer.gate,
        by=answer.by,
        standing=standing,
        refusal=refusal,
        decision_id=decision.id,
        verdict=decision.verdict,
        accepted_at=decision.accepted_at,
        decided_by=decided_by or (decision.by if standing is Standing.COUNTED else None),
    )


def refused(answer: Answer, refusal: Refusal, decided_by: str | None = None) -> DoorResult:
    """A result about an answer of which nothing was kept."""
    return DoorResult(
        case_id=answer.case_id,
        gate=answer.gate,
        by=answer.by,
        standing=Standing.REFUSED,
        refusal=refusal,
        decided_by=decided_by,
    )


def _answered(connection: Connection, answer: Answer, current: GateRow) -> GateRow:
    """The round that an answer is for: the newest in which this person was in time, for the report that is asked about.

    It is an earlier one when the deadline passed, and somebody else was asked, while the answer was on its way to us.
    """
    for number in range(current.round, 0, -1):
        row = gates.of_round(connection, answer.case_id, answer.gate, number)
        if (
            row
            and answer.by in row.approvers
            and answer.now <= row.due_at
            and row.report_digest == current.report_digest
        ):
            return row
    return current


def _refusal(connection: Connection, answer: Answer, asked: GateRow, current: GateRow) -> Refusal | None:
    """The judgement of the workflow, made early so that the person hears it at once. The workflow judges again."""
    case = cases.get(connection, answer.case_id)
    if case.ended_at is not None and current.closed_at is None:
        return Refusal.NOT_OPEN
    if current.verdict is Verdict.TIMED_OUT:
        return Refusal.LATE
    decision = Decision(
        decision_id=decisions.decision_id(answer.case_id, answer.gate, asked.round, answer.by),
        gate=answer.gate,
        verdict=answer.verdict,
        by=answer.by,
        accepted_at=answer.now,
        report_digest=answer.report_digest or asked.report_digest,
        has_note=bool(answer.note),
    )
    barred = frozenset({case.employee_id, *case.plan.barred})
    return judge(decision, _round(asked), _outcome(current), barred)


def _round(row: GateRow) -> GateRound:
    return GateRound(
        gate=row.gate,
        round=row.round,
        ladder=Ladder.APPROVER,  # rows do not keep the rung, and judging does not ask for it
        approvers=row.approvers,
        due_at=row.due_at,
        report_version=row.report_version,
        report_digest=row.report_digest,
    )


def _outcome(row: GateRow) -> GateOutcome | None:
    if row.closed_at is None or not isinstance(row.verdict, Verdict):
        return None
    return GateOutcome(gate=row.gate, verdict=row.verdict, by=row.decided_by, at=row.closed_at, round=row.round)
