"""The scheduled scan of every active salesperson. It scores and stores; it cannot touch a case, a right or a client."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from workflows.calls import LONG, QUICK

with workflow.unsafe.imports_passed_through():
    from activities.scan import ScanActivities
    from models.scan import PlanScan, ScanCounts, ScanPlan, ScanRequest, ScanResult, Shard, ShardRequest

LANES = 4  # shards at a time: a scan must leave most of the worker to the cases
SCHEDULED_FOR = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name="RiskScan")
class RiskScanWorkflow:
    """One scan: plan, score the shards in a few lanes, count."""

    def __init__(self) -> None:
        self._counts = ScanCounts()

    @workflow.run
    async def run(self, request: ScanRequest) -> ScanResult:
        """Scan as of the day that was asked for, or the one that the schedule meant, however late it starts."""
        plan = await workflow.execute_activity_method(
            ScanActivities.plan_scan,
            PlanScan(request=request, at=_meant_for()),
            summary="plan: day, model, shards",
            **QUICK,
        )
        waiting = iter(plan.shards)
        self._show(plan)
        await asyncio.gather(*(self._score(plan, waiting) for _ in range(LANES)))
        return ScanResult(
            as_of=plan.as_of,
            model_version=plan.model_version,
            people=sum(shard.people for shard in plan.shards),
            counts=self._counts,
        )

    async def _score(self, plan: ScanPlan, waiting: Iterator[Shard]) -> None:
        for shard in waiting:
            done = await workflow.execute_activity_method(
                ScanActivities.scan_shard,
                ShardRequest(as_of=plan.as_of, model_version=plan.model_version, shard=shard),
                summary=f"score {shard.people} people, {shard.first} to {shard.last}",
                **LONG,
            )
            self._counts = self._counts.plus(done)
            self._show(plan)

    def _show(self, plan: ScanPlan) -> None:
        people = sum(shard.people for shard in plan.shards)
        workflow.set_current_details(
            f"**As of {plan.as_of}** with `{plan.model_version}`\n\n{self._counts.scored} scored, "
            f"{self._counts.insufficient} with insufficient history, of {people} salespeople"
        )


def _meant_for() -> datetime:
    return workflow.info().typed_search_attributes.get(SCHEDULED_FOR) or workflow.now()
