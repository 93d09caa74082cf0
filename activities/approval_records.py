"""How decisions and ends of gates are written down: rows, evidence and word to whom it concerns, in one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from activities.event_news import tell_decided
from activities.messages import Links
from models.approvals import CarryOver, DecisionReceipt, GateOutcome, RecordDecisions, Verdict, Vote
from models.judging import NEEDS_REASON
from store import decisions, effects, evidence, gates, outbox
from store.cases import CaseRow
from store.decisions import DecisionState, StoredDecision
from store.links import Purpose
from store.outbox import MessageKind, Tidings

VOTE_IN_EVIDENCE = {"decision_id", "principal", "by", "verdict"}


def record_receipt(connection: Connection, case: CaseRow, receipt: DecisionReceipt, at: datetime) -> None:
    """Write what became of a decision, once; the first receipt of a decision stands."""
    stored = decisions.get(connection, receipt.decision_id)
    decisions.settle(connection, receipt.decision_id, receipt)
    taken_back = stored is not None and stored.verdict is Verdict.TAKEN_BACK
    kind = "decision.refused" if not receipt.counted else "vote.taken_back" if taken_back else "decision.counted"
    body: dict[str, Any] = {
        "decision": receipt.decision_id,
        "gate": receipt.gate,
        "refusal": receipt.refusal.value if receipt.refusal else None,
        "for": stored.for_id if stored else None,
    }

    def do() -> tuple[None, dict[str, Any]]:
        evidence.append(connection, case.id, kind, body, at=at, actor=stored.by if stored else "system")
        row = gates.of_round(connection, case.id, stored.gate, stored.round) if stored else None
        # Only those who were asked hear why it does not count; to others the case is none of their business.
        if stored and row and not receipt.counted and stored.by in row.approvers:
            tidings = Tidings(gate=row.gate, round=row.round, refusal=receipt.refusal, at=stored.accepted_at)
            outbox.put(connection, case.id, stored.by, MessageKind.REFUSED, tidings, key=stored.id, at=at)
        return None, body

    # The first receipt of a decision stands, so its fields are no part of the key.
    request = {"decision": receipt.decision_id}
    effects.once(
        connection, f"{case.id}/decision/{receipt.decision_id}", case_id=case.id, request=request, at=at, do=do
    )


def find_forged(connection: Connection, key: str, case: CaseRow, asked: RecordDecisions) -> frozenset[str]:
    """Ids of counted decisions that the hook never accepted like this: whoever reaches the engine can send a signal."""
    said = {vote.decision_id: vote for vote in asked.votes}
    counted = [receipt.decision_id for receipt in asked.receipts if receipt.counted]
    found = [stored for each in counted if (stored := decisions.get(connection, each))]
    unmarked = decisions.forged_among(connection, key, case.id, found)
    gates_of = {receipt.decision_id: receipt.gate for receipt in asked.receipts}
    honest = {
        stored.id
        for stored in found
        if stored.id not in unmarked
        and (stored.case_id, stored.gate) == (case.id, gates_of[stored.id])
        and _is_as_stored(connection, stored, said.get(stored.id))
    }
    return frozenset(counted) - honest


def find_unheard(connection: Connection, key: str, case: CaseRow, asked: RecordDecisions) -> frozenset[str]:
    """Ids of refused decisions that the hook never took: a try that failed by itself, and still one to be seen."""
    refused = [receipt.decision_id for receipt in asked.receipts if not receipt.counted]
    found = [stored for each in refused if (stored := decisions.get(connection, each))]
    return frozenset(refused) - ({each.id for each in found} - decisions.forged_among(connection, key, case.id, found))


def _is_as_stored(connection: Connection, stored: StoredDecision, vote: Vote | None) -> bool:
    """True when what was counted is what the person said, about the report that they were shown."""
    if stored.state is DecisionState.REFUSED:  # the person was told that it does not count
        return False
    if vote is None:  # a vote that was taken back leaves none behind
        return stored.verdict is Verdict.TAKEN_BACK
    asked = gates.of_round(connection, stored.case_id, stored.gate, stored.round)
    return (
        (stored.verdict, stored.by, stored.accepted_at) == (vote.verdict, vote.by, vote.at)
        and vote.round == stored.round
        and stored.for_id in {None, vote.principal}
        and (stored.verdict not in NEEDS_REASON or bool(stored.note.strip()))
        and asked is not None
        and asked.report_digest == stored.report_digest
    )


def set_forged_aside(connection: Connection, key: str, case: CaseRow, gate: str, at: datetime) -> frozenset[str]:
    """Find rows about a gate that the hook never wrote, and put them in the list of anomalies, once."""
    waiting = [each for each in decisions.of_gate(connection, case.id, gate) if each.state is DecisionState.STORED]
    forged = decisions.forged_among(connection, key, case.id, waiting)
    for each in waiting:
        if each.id in forged:
            record_forgery(connection, key, case, each.id, gate, at)
    return forged


def record_forgery(connection: Connection, key: str, case: CaseRow, decision_id: str, gate: str, at: datetime) -> None:
    """Write down, once, that somebody made a decision past the hook. A row of theirs gives its id free."""
    body: dict[str, Any] = {"decision": decision_id, "gate": gate}

    def do() -> tuple[None, dict[str, Any]]:
        return None, {"seq": evidence.append(connection, case.id, "decision.forged", body, at=at).seq}

    effects.once(connection, f"{case.id}/forged/{decision_id}", case_id=case.id, request=body, at=at, do=do)
    stored = decisions.get(connection, decision_id)
    if stored and decisions.forged_among(connection, key, case.id, [stored]):
        decisions.set_aside(connection, decision_id)


def record_outcome(
    connection: Connection, links: Links, case: CaseRow, outcome: GateOutcome, decision_id: str | None, at: datetime
) -> None:
    """Write how a gate ended, once, and tell the person who started the case. `decision_id` is what ended it."""
    if not gates.close(connection, case.id, outcome):
        return
    body: dict[str, object] = {
        "gate": outcome.gate,
        "round": outcome.round,
        "verdict": outcome.verdict.value,
        "by": outcome.by,
        "decision": decision_id,
        "report_version": outcome.report_version,
        "report_digest": outcome.report_digest,
        "votes": [vote.model_dump(mode="json", include=VOTE_IN_EVIDENCE) for vote in outcome.votes],
    }
    kind = "gate.sent_back" if outcome.verdict is Verdict.SENT_BACK else "gate.closed"
    evidence.append(connection, case.id, kind, body, at=at, actor=outcome.by or "system")
    tell_decided(connection, case.id, outcome, at)
    row = gates.of_round(connection, case.id, outcome.gate, outcome.round)
    if case.requested_by is None or row is None:
        return
    tidings = Tidings(
        gate=outcome.gate,
        round=outcome.round,
        verdict=outcome.verdict,
        by=outcome.by,
        at=outcome.at,
        decision_id=decision_id,
    )
    told = MessageKind.TIMED_OUT if outcome.verdict is Verdict.TIMED_OUT else MessageKind.DECIDED
    links.url(connection, row, case.requested_by, Purpose.FOLLOW)
    outbox.put(connection, case.id, case.requested_by, told, tidings, key=f"{outcome.gate}/{outcome.round}", at=at)


def record_carry_over(connection: Connection, case: CaseRow, asked: CarryOver) -> None:
    """Write down, once a gate and a report, that what was decided for an older version of it still stands."""
    newest = {row.gate: row for row in gates.newest_of(connection, case.id)}
    for row in (newest[gate] for gate in asked.gates if gate in newest):
        body: dict[str, Any] = {
            "gate": row.gate,
            "round": row.round,
            "decided_version": row.report_version,
            "decided_digest": row.report_digest,
            "report_version": asked.report_version,
            "report_digest": asked.report_digest,
        }

        def do(body: dict[str, Any] = body) -> tuple[None, dict[str, Any]]:
            return None, {"seq": evidence.append(connection, case.id, "gate.carried_over", body, at=asked.at).seq}

        key = f"{case.id}/carried/{row.gate}/{asked.report_version}"
        request = {"gate": row.gate, "report_version": asked.report_version}
        effects.once(connection, key, case_id=case.id, request=request, at=asked.at, do=do)
