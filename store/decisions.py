"""Decisions as the hook accepted them: written before the engine hears of them, so that none is lost."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from models.approvals import Decision, DecisionReceipt, Refusal, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from store import evidence, people
from store.tables import decisions

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://offboard/decisions")


class DecisionState(StrEnum):
    """`stored` until the workflow has counted or refused it."""

    STORED = "stored"
    COUNTED = "counted"
    REFUSED = "refused"


class StoredDecision(Value):
    """One row. `note` is what the person wrote: it stays here and never enters history or evidence."""

    id: str
    case_id: CaseId
    gate: str
    round: int
    verdict: Verdict
    by: EmployeeId
    note: str
    report_digest: str
    accepted_at: Moment
    state: DecisionState
    refusal: Refusal | None = None

    def message(self) -> Decision:
        """The decision as the workflow hears it: without its text."""
        return Decision(
            decision_id=self.id,
            gate=self.gate,
            verdict=self.verdict,
            by=self.by,
            accepted_at=self.accepted_at,
            report_digest=self.report_digest,
            round=self.round,
            has_note=bool(self.note.strip()),
        )


class AcceptedDecision(StoredDecision):
    """`created` is False when the person had decided this round before: then this is that first decision."""

    created: bool


def decision_id(case_id: str, gate: str, round: int, by: str) -> str:  # noqa: A002  (the word for it)
    """The id of a person's one decision in a round: the same on every machine and every retry."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join((case_id, gate, str(round), by))))


def accept(  # noqa: PLR0913  (the fields of a decision)
    connection: Connection,
    *,
    case_id: str,
    gate: str,
    round: int,  # noqa: A002  (the word for it)
    verdict: Verdict,
    by: str,
    note: str,
    report_digest: str,
    accepted_at: datetime,
) -> AcceptedDecision:
    """Keep a decision and its evidence. The first one of a person in a round stands, whatever comes after.

    Raises UnknownEmployee when `by` is nobody's id. Whether the person may decide is judged elsewhere.
    """
    people.get(connection, by)
    wanted = decision_id(case_id, gate, round, by)
    row = insert(decisions).values(
        id=wanted,
        case_id=case_id,
        gate=gate,
        round=round,
        verdict=verdict,
        by_id=by,
        note=note,
        report_digest=report_digest,
        accepted_at=accepted_at,
        state=DecisionState.STORED,
    )
    created = connection.execute(row.on_conflict_do_nothing(index_elements=["id"])).rowcount == 1
    if created:
        body: dict[str, object] = {
            "decision": wanted,
            "gate": gate,
            "round": round,
            "verdict": verdict.value,
            "report_digest": report_digest,
        }
        evidence.append(connection, case_id, "decision.accepted", body, at=accepted_at, actor=by)
    found = get(connection, wanted)
    if found is None:
        raise LookupError(f"decision {wanted} vanished while it was written")
    return AcceptedDecision(created=created, **found.model_dump())


def get(connection: Connection, decision_id: str) -> StoredDecision | None:
    """The decision with that id, or None."""
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).mappings().one_or_none()
    return _stored(row) if row else None


def settle(connection: Connection, decision_id: str, receipt: DecisionReceipt) -> bool:
    """Write what became of a decision; False when that was known, or when the hook never stored it."""
    settling = (
        update(decisions)
        .where(decisions.c.id == decision_id, decisions.c.state == DecisionState.STORED)
        .values(
            state=DecisionState.COUNTED if receipt.counted else DecisionState.REFUSED,
            refusal=receipt.refusal,
        )
    )
    return connection.execute(settling).rowcount == 1


def of_gate(connection: Connection, case_id: str, gate: str) -> list[StoredDecision]:
    """Every decision about a gate, in the order of acceptance."""
    wanted = (
        select(decisions)
        .where(decisions.c.case_id == case_id, decisions.c.gate == gate)
        .order_by(decisions.c.accepted_at, decisions.c.id)
    )
    return [_stored(row) for row in connection.execute(wanted).mappings()]


def unanswered(connection: Connection, accepted_before: datetime) -> list[StoredDecision]:
    """Decisions that nobody has judged yet, by case and gate, each in the order of acceptance."""
    wanted = (
        select(decisions)
        .where(decisions.c.state == DecisionState.STORED, decisions.c.accepted_at < accepted_before)
        .order_by(decisions.c.case_id, decisions.c.gate, decisions.c.accepted_at, decisions.c.id)
    )
    return [_stored(row) for row in connection.execute(wanted).mappings()]


def _stored(row: RowMapping) -> StoredDecision:
    fields = {name: row["by_id" if name == "by" else name] for name in StoredDecision.model_fields}
    return StoredDecision.model_validate(fields)
