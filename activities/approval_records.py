"""How decisions and ends of gates are written down: rows, evidence and word to whom it concerns, in one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from activities.messages import Links
from models.approvals import DecisionReceipt, GateOutcome, RecordDecisions, Verdict
from store import decisions, effects, evidence, gates, outbox
from store.cases import CaseRow
from store.links import Purpose
from store.outbox import MessageKind, Tidings
from store.tables import evidence as evidence_table


def record_receipt(connection: Connection, case: CaseRow, receipt: DecisionReceipt, at: datetime) -> None:
    """Write what became of a decision, once; the first receipt of a decision stands."""
    stored = decisions.get(connection, receipt.decision_id)
    decisions.settle(connection, receipt.decision_id, receipt)
    kind = "decision.counted" if receipt.counted else "decision.refused"
    body: dict[str, Any] = {
        "decision": receipt.decision_id,
        "gate": receipt.gate,
        "refusal": receipt.refusal.value if receipt.refusal else None,
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


def find_forged(connection: Connection, case: CaseRow, asked: RecordDecisions) -> frozenset[str]:
    """Ids of counted decisions that the hook never accepted like this: whoever reaches the engine can send a signal."""
    ended = {outcome.gate: outcome for outcome in asked.outcomes if outcome.verdict is not Verdict.TIMED_OUT}
    found = set()
    for receipt in asked.receipts:
        outcome = ended.get(receipt.gate)
        if receipt.counted and outcome is not None:
            stored = decisions.get(connection, receipt.decision_id)
            said = (receipt.gate, outcome.verdict, outcome.by, outcome.at)
            genuine = stored is not None and (stored.gate, stored.verdict, stored.by, stored.accepted_at) == said
            if not (genuine and _is_in_evidence(connection, case.id, receipt.decision_id)):
                found.add(receipt.decision_id)
    return frozenset(found)


def _is_in_evidence(connection: Connection, case_id: str, decision_id: str) -> bool:
    query = select(evidence_table.c.seq).where(
        evidence_table.c.case_id == case_id,
        evidence_table.c.kind == "decision.accepted",
        evidence_table.c.body["decision"].astext == decision_id,
    )
    return connection.execute(query.limit(1)).first() is not None


def record_forgery(connection: Connection, case: CaseRow, receipt: DecisionReceipt, at: datetime) -> None:
    """Write down, once, that somebody sent a decision past the hook."""
    body: dict[str, Any] = {"decision": receipt.decision_id, "gate": receipt.gate}

    def do() -> tuple[None, dict[str, Any]]:
        return None, {"seq": evidence.append(connection, case.id, "decision.forged", body, at=at).seq}

    effects.once(connection, f"{case.id}/forged/{receipt.decision_id}", case_id=case.id, request=body, at=at, do=do)


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
    }
    evidence.append(connection, case.id, "gate.closed", body, at=at, actor=outcome.by or "system")
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
    kind = MessageKind.TIMED_OUT if outcome.verdict is Verdict.TIMED_OUT else MessageKind.DECIDED
    links.url(connection, row, case.requested_by, Purpose.FOLLOW)
    outbox.put(connection, case.id, case.requested_by, kind, tidings, key=f"{outcome.gate}/{outcome.round}", at=at)
