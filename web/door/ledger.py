"""The part of the door that works on our database: may this answer count, what is on record, what became of it."""

from sqlalchemy import Connection, text

from activities.approval_records import record_forgery
from models.approvals import DecisionReceipt, Refusal, Verdict
from store import decisions
from store.database import Database
from store.decisions import DecisionState, StoredDecision
from web.door.answers import Answer, DoorResult, Standing
from web.door.hearing import Hearing, hear


def take(database: Database, key: str, answer: Answer) -> StoredDecision | DoorResult:
    """Keep an answer that may count, and return it for the engine. Anything else is a result already.

    The same person pressing again gets what is on record; an unconfirmed decision goes to the engine once more.
    """
    with database.begin() as connection:
        _take_turn(connection, answer.case_id)
        hearing = hear(connection, answer.case_id, answer.gate, answer.by, now=answer.now, key=key)
        if hearing is None:
            return refused(answer, Refusal.NOT_OPEN)
        own = _said_before(connection, key, answer, hearing)
        if own is None:
            decision = hearing.decision(
                answer.verdict, for_id=answer.for_id, digest=answer.report_digest, has_note=bool(answer.note)
            )
            if refusal := hearing.refusal(decision, answer.via):
                return _not_kept(answer, hearing, refusal)
            own = _keep(connection, key, answer, hearing)
    if own.verdict is not answer.verdict:
        return on_record(answer, own, Standing.REFUSED, Refusal.ALREADY_DECIDED, hearing)
    if own.state is DecisionState.STORED:
        return own
    return on_record(answer, own, Standing(own.state.value), own.refusal, hearing)


def settle(database: Database, answer: Answer, taken: StoredDecision, receipt: DecisionReceipt) -> DoorResult:
    """Write down what the engine said, unless the case itself was quicker, and return what is on record now."""
    with database.begin() as connection:
        decisions.settle(connection, taken.id, receipt)
        now = decisions.get(connection, taken.id) or taken
    result = on_record(answer, now, Standing(now.state.value), now.refusal)
    return result.model_copy(update=_count_of(receipt))


def on_record(
    answer: Answer,
    decision: StoredDecision,
    standing: Standing,
    refusal: Refusal | None = None,
    hearing: Hearing | None = None,
) -> DoorResult:
    """A result about a decision that is in our database."""
    return DoorResult(
        case_id=answer.case_id,
        gate=answer.gate,
        by=answer.by,
        for_id=decision.for_id,
        standing=standing,
        refusal=refusal,
        decision_id=decision.id,
        verdict=decision.verdict,
        accepted_at=decision.accepted_at,
        **(_state_of(hearing) if hearing and standing is not Standing.STORED else {}),
    )


def told(answer: Answer, taken: StoredDecision, receipt: DecisionReceipt) -> DoorResult:
    """What the engine said, where our database could not take a note of it."""
    said = Standing.COUNTED if receipt.counted else Standing.REFUSED
    return on_record(answer, taken, said, receipt.refusal).model_copy(update=_count_of(receipt))


def refused(answer: Answer, refusal: Refusal) -> DoorResult:
    """A result about an answer of which nothing was kept."""
    return DoorResult(
        case_id=answer.case_id,
        gate=answer.gate,
        by=answer.by,
        for_id=answer.for_id,
        standing=Standing.REFUSED,
        refusal=refusal,
    )


def _said_before(connection: Connection, key: str, answer: Answer, hearing: Hearing) -> StoredDecision | None:
    """What this answer only repeats: the same form pressed again, or the same person asked by a program again."""
    if answer.round is not None and answer.number is not None:
        number = decisions.decision_id(answer.case_id, answer.gate, answer.round, answer.by, answer.number)
        found = decisions.get(connection, number)
        return found if found and decisions.genuine(found, key) else None
    last = hearing.last
    if last is None or last.state is DecisionState.REFUSED:
        return last
    # Only taking back goes against what was said, and only a new answer against taking back.
    again = (last.verdict is Verdict.TAKEN_BACK) == (answer.verdict is Verdict.TAKEN_BACK)
    return last if again else None


def _keep(connection: Connection, key: str, answer: Answer, hearing: Hearing) -> StoredDecision:
    """Write the answer down. A forged row in its place is set aside, and written into the evidence."""
    kept = _accept(connection, key, answer, hearing)
    if decisions.genuine(kept, key):
        return kept
    record_forgery(connection, key, hearing.case, kept.id, answer.gate, answer.now)
    return _accept(connection, key, answer, hearing)


def _accept(connection: Connection, key: str, answer: Answer, hearing: Hearing) -> StoredDecision:
    seat = hearing.seat(answer.for_id)
    return decisions.accept(
        connection,
        key,
        case_id=answer.case_id,
        gate=answer.gate,
        round=hearing.asked.round,
        number=hearing.number,
        verdict=answer.verdict,
        by=answer.by,
        for_id=seat.principal if seat and seat.principal != answer.by else None,
        via=answer.via,
        note=answer.note,
        report_digest=answer.report_digest or hearing.asked.report_digest,
        accepted_at=answer.now,
    )


def _not_kept(answer: Answer, hearing: Hearing, refusal: Refusal) -> DoorResult:
    """A refusal; with what the person has on record when they gave that answer from another form before."""
    own = hearing.own
    if refusal is Refusal.ALREADY_DECIDED and own and own.verdict is answer.verdict:
        return on_record(answer, own, Standing(own.state.value), own.refusal, hearing)
    if refusal is Refusal.ALREADY_DECIDED and own:
        return on_record(answer, own, Standing.REFUSED, refusal, hearing)
    return refused(answer, refusal).model_copy(update=_state_of(hearing))


def _state_of(hearing: Hearing) -> dict[str, str | int | None]:
    return {"decided_by": hearing.ended_by, "votes": hearing.approvals, "needed": hearing.plan.needed}


def _count_of(receipt: DecisionReceipt) -> dict[str, str | int | None]:
    return {"decided_by": receipt.decided_by, "votes": receipt.votes, "needed": receipt.needed}


def _take_turn(connection: Connection, case_id: str) -> None:
    """One answer of a case after the other. A lock of its own: that of a row could wait for who waits for us."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:case, 3))"), {"case": case_id})
