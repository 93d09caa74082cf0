"""A source that does not answer: the others go on, nothing counts as zero, its return makes a new version."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from models.approvals import Refusal, Verdict
from models.assessment import assess
from models.case import Phase
from models.errors import DecisionRefused
from models.reasons import because
from models.report import CaseReport
from models.risk import Domain, DomainStatus
from store import cases, reports
from tests.workflow.away_ledger import AwayLedger
from tests.workflow.reading import activities_in
from tests.workflow.stage import CASE, Stage, TestServerStage

BUDGET = timedelta(seconds=61)
FIFTY = Decimal(50)


def report(stage: Stage, version: int) -> CaseReport:
    with stage.database.begin() as connection:
        return reports.load(connection, CASE, version)


async def test_the_report_is_made_without_the_dead_branch_and_says_so(stage: TestServerStage) -> None:
    AwayLedger(stage)  # before the worker, which connects to it
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"))
        await stage.pass_time(BUDGET)
        asked = await stage.until_asked()
    first = report(stage, 1)
    assert (asked.provisional, asked.unknowns) == (True, ("receivables",))
    assert "receivables" in asked.waiting_on
    assert first.provisional
    status = {domain.domain: domain for domain in first.domains}
    unknown = status[Domain.RECEIVABLES]
    assert (unknown.status, unknown.score) == (DomainStatus.UNKNOWN, FIFTY)
    assert status[Domain.CLIENTS].status is DomainStatus.ASSESSED
    assert status[Domain.ACCESS].status is DomainStatus.ASSESSED
    assert first.receivables is None, "an unknown sum is no sum, least of all zero"
    assert first.clients is not None
    assert first.clients.count == 2
    with stage.database.begin() as connection:
        weights = cases.get(connection, CASE).policy.weights
    nothing_owed = [
        domain.model_copy(update={"score": Decimal(0), "status": DomainStatus.ASSESSED})
        if domain.domain is Domain.RECEIVABLES
        else domain
        for domain in first.domains
    ]
    assert first.score == assess(first.domains, weights).score >= assess(nothing_owed, weights).score


async def test_a_late_result_makes_a_second_version_and_asks_again(stage: TestServerStage) -> None:
    ledger = AwayLedger(stage)
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold", finance="hold", hr="hold"))
        await stage.pass_time(BUDGET)
        provisional = await stage.until_asked()
        await stage.decide("sales_manager", "hr")
        old = await stage.press("finance")

        ledger.come_back()
        await stage.pass_time(timedelta(minutes=2))
        again = await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))
        assert [gate.outcome for gate in again.gates] == [None, None, None], "approvals of the old version lapse"
        assert (again.report_version, again.provisional, again.unknowns) == (2, False, ())
        assert again.report_digest != provisional.report_digest

        with pytest.raises(DecisionRefused, match=Refusal.REPORT_CHANGED):
            await stage.update(old)
        await stage.decide()
        await stage.until_phase(Phase.HANDING_OVER)
        await stage.pass_time(timedelta(days=31))
        closed = await stage.until_phase(Phase.CLOSED)

    second = report(stage, 2)
    assert second.receivables is not None
    assert second.receivables.total == Decimal("400.40")
    assert because("Now known: {domain}.", domain="receivables") in second.changes
    assert {gate.outcome.verdict for gate in closed.gates if gate.outcome} == {Verdict.APPROVED}
    verdicts = stage.rows("SELECT DISTINCT verdict FROM gates WHERE round = 1")
    assert {row["verdict"] for row in verdicts} <= {"superseded", "approved"}


async def test_nothing_is_done_twice_because_of_the_dead_branch(stage: TestServerStage) -> None:
    ledger = AwayLedger(stage)
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"))
        await stage.pass_time(BUDGET)
        await stage.until_asked()
        ledger.come_back()
        await stage.pass_time(timedelta(minutes=2))
        await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))
        await stage.decide()
        await stage.until_phase(Phase.HANDING_OVER)
        await stage.pass_time(timedelta(days=31))
        await stage.until_phase(Phase.CLOSED)
    called = activities_in(await stage.history())
    for name in ("audit_receivables", "report_clients", "propose_successors", "take_inventory", "transfer_clients"):
        assert called.count(name) == 1, name
    for kind in ("receivables.audited", "clients.reported", "successors.proposed", "handover.executed"):
        assert stage.evidence(kind) == [kind]
    assert stage.evidence("access.lock") == ["access.lock"] * 10, "each of ten rights is taken once"
    asks = [message for message in stage.told() if message[0] == "ask"]
    assert [person for _, person, _ in asks] == ["M1", "M1"], "once for each version of the report"
    with stage.database.begin() as connection:
        repeated = connection.execute(
            text("SELECT kind, recipient_id, payload FROM outbox GROUP BY 1, 2, 3 HAVING count(*) > 1")
        ).all()
    assert repeated == []
