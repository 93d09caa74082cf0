"""A workflow that is an approval desk and nothing else: one gate, and a decision at a moment."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from decimal import Decimal

    from models.approvals import Decision, GatePlan, Ladder, Verdict
    from models.people import Role
    from models.risk import ReportRef
    from models.risk_level import Level
    from workflows.approval_desk import ApprovalDesk

FIRST, SECOND = timedelta(days=2), timedelta(days=1)  # how long each round is asked
WHO = {Ladder.APPROVER: "F1", Ladder.ESCALATION: "D1"}


@workflow.defn(name="DeskAlone")
class DeskAlone:
    """One gate from its opening to an approval at a moment, and some days after it."""

    @workflow.run
    async def run(self, case_id: str, after_seconds: float) -> datetime:
        """Returns when the gate was asked first."""
        start, after = workflow.now(), timedelta(seconds=after_seconds)
        desk = ApprovalDesk(case_id, "E1", lambda: None)
        report = ReportRef(version=1, digest="d", score=Decimal(50), level=Level.MEDIUM, provisional=False)
        plan = GatePlan(
            gate="finance", role=Role.FINANCE_REVIEWER, due_at=start + FIRST, escalation_due_at=start + FIRST + SECOND
        )
        desk.ask([plan], report)
        await workflow.sleep(after)
        first = after <= FIRST
        said = Decision(
            decision_id="1",
            gate="finance",
            verdict=Verdict.APPROVED,
            by=WHO[Ladder.APPROVER if first else Ladder.ESCALATION],
            accepted_at=start + after,
            report_digest="d",
            round=1 if first else 2,
        )
        receipt = await desk.hear(said)
        assert receipt.counted, receipt
        await workflow.sleep(timedelta(days=4))
        await desk.stop()
        return start
