"""Helpers of the tests about gates: looks at rounds, evidence and mail, and decisions as the hook makes them."""

from datetime import timedelta

from models.approvals import Decision, DecisionReceipt, GateOutcome, OpenedGates, RecordDecisions, Verdict, Via, Vote
from store import decisions, evidence, gates
from store.database import Database
from store.gates import GateRow
from tests.approval_case import CASE, OPENED, report, text_of

SECRET = "a secret of this test"
URL = "https://offboard.example"
LATER = OPENED + timedelta(hours=5)


def approvers(opened: OpenedGates) -> dict[str, tuple[str, ...]]:
    return {each.gate: each.approvers for each in opened.rounds}


def row(database: Database, gate: str, number: int = 1) -> GateRow:
    with database.begin() as connection:
        found = gates.of_round(connection, CASE, gate, number)
    assert found is not None
    return found


def chain(database: Database, kind: str) -> list[dict[str, object]]:
    """Bodies of the evidence of one kind; the whole chain must hold."""
    with database.begin() as connection:
        assert evidence.verify(connection, CASE)[1] is None
        return [entry.body for entry in evidence.read(connection, CASE) if entry.kind == kind]


def decide(
    database: Database, gate: str = "finance", by: str = "F1", verdict: Verdict = Verdict.APPROVED, **more: object
) -> decisions.AcceptedDecision:
    """A decision as the hook keeps it: with its mark and its evidence."""
    usual = {"round": 1, "number": 1, "note": "", "accepted_at": LATER, "report_digest": report(1).digest}
    fields: dict[str, object] = {**usual, "for_id": None, "via": Via.SESSION, "key": SECRET, **more}
    with database.begin() as connection:
        return decisions.accept(connection, case_id=CASE, gate=gate, verdict=verdict, by=by, **fields)  # type: ignore[arg-type]


def counted(decision: Decision) -> DecisionReceipt:
    return DecisionReceipt(
        decision_id=decision.decision_id,
        gate=decision.gate,
        counted=True,
        verdict=decision.verdict,
        decided_by=decision.by,
    )


def vote(decision: Decision, principal: str | None = None) -> Vote:
    """What a decision that counted is worth; its own seat unless another is named."""
    return Vote(
        decision_id=decision.decision_id,
        principal=principal or decision.for_id or decision.by,
        by=decision.by,
        verdict=decision.verdict,
        at=decision.accepted_at,
        round=decision.round,
    )


def recorded(*said: Decision, outcomes: tuple[GateOutcome, ...] = ()) -> RecordDecisions:
    """What the workflow writes down when it has counted these decisions."""
    return RecordDecisions(
        case_id=CASE,
        receipts=tuple(counted(each) for each in said),
        votes=tuple(vote(each) for each in said if each.verdict is not Verdict.TAKEN_BACK),
        outcomes=outcomes,
        at=LATER,
    )


def outcome(
    gate: str = "finance", verdict: Verdict = Verdict.APPROVED, by: str | None = "F1", **more: object
) -> GateOutcome:
    return GateOutcome.model_validate({"gate": gate, "verdict": verdict, "by": by, "at": LATER} | more)


def link(mail: object) -> str:
    """The one address in a mail."""
    return next(word for word in text_of(mail).split() if word.startswith(URL))  # type: ignore[arg-type]
