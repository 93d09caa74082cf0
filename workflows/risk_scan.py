"""The scan of every active salesperson. It scores, finds and tells; it cannot touch a case, a right or a client."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue, SearchAttributeKey

from workflows.calls import LONG, QUICK

with workflow.unsafe.imports_passed_through():
    from activities.alerts import AlertActivities
    from activities.scan import ScanActivities
    from activities.talks import TalkActivities
    from models.errors import Refused
    from models.scan import (
        FinishScan,
        PlanScan,
        RaiseAlerts,
        RaisedAlerts,
        ScanCounts,
        ScanKind,
        ScanPlan,
        ScanProgress,
        ScanRequest,
        ScanResult,
        Shard,
        ShardRequest,
        SuggestedTalks,
        SuggestTalks,
    )

LANES = 2  # shards at a time: a scan must leave most of the worker to the cases
NOTHING = RawValue(Payload())
SCHEDULED_FOR = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name="RiskScan")
class RiskScanWorkflow:
    """One scan: plan, look at the shards in a few lanes, raise alerts about what was done, suggest talks."""

    def __init__(self) -> None:
        self._progress = ScanProgress()

    @workflow.run
    async def run(self, asked: RawValue = NOTHING) -> ScanResult:
        """Scan as of the day that was asked for, or the one that the schedule meant, however late it starts.

        `asked` is a ScanRequest. Taken raw, since one that cannot be read would be tried again for ever.
        """
        plan = await self._plan(_request(asked))
        waiting = iter(plan.shards)
        self._done(plan)
        await asyncio.gather(*(self._look(plan, waiting) for _ in range(LANES)))
        raised, talks = await self._tell(plan)
        return ScanResult(
            scan_id=plan.scan_id,
            kind=plan.kind,
            as_of=plan.as_of,
            model_version=plan.model_version,
            people=plan.people,
            counts=self._progress.counts,
            feeds=plan.feeds,
            raised=raised,
            talks=talks,
        )

    @workflow.query
    def progress(self) -> ScanProgress:
        """How many people are done, and what was found."""
        return self._progress

    async def _plan(self, request: ScanRequest) -> ScanPlan:
        info = workflow.info()
        return await workflow.execute_activity_method(
            ScanActivities.plan_scan,
            PlanScan(scan_id=f"{info.workflow_id}/{info.run_id}", request=request, at=_meant_for()),
            summary="plan: day, model, feeds, shards",
            **QUICK,
        )

    async def _look(self, plan: ScanPlan, waiting: Iterator[Shard]) -> None:
        bare = plan.model_copy(update={"shards": ()})
        for shard in waiting:
            found = await workflow.execute_activity_method(
                ScanActivities.scan_shard,
                ShardRequest(plan=bare, shard=shard),
                summary=f"shard {shard.number + 1} of {len(plan.shards)}: {shard.people} people",
                **LONG,
            )
            self._done(plan, shard.people, found)

    async def _tell(self, plan: ScanPlan) -> tuple[RaisedAlerts, SuggestedTalks]:
        if plan.kind is ScanKind.WATCH and not plan.shards:
            return RaisedAlerts(), SuggestedTalks()  # nothing came in: nothing is written down either
        raised = await workflow.execute_activity_method(
            AlertActivities.raise_alerts, RaiseAlerts(as_of=plan.as_of), summary="alerts on what was done", **LONG
        )
        talks = SuggestedTalks()
        # Of a day gone by HR has heard, or would hear too late.
        if plan.kind is ScanKind.DAILY and plan.seen_until:
            talks = await workflow.execute_activity_method(
                TalkActivities.suggest_talks,
                SuggestTalks(as_of=plan.as_of),
                summary="suggest talks about high predictions",
                **LONG,
            )
        await workflow.execute_activity_method(
            ScanActivities.finish_scan,
            FinishScan(
                plan=plan.model_copy(update={"shards": ()}), counts=self._progress.counts, raised=raised, talks=talks
            ),
            summary="write down how it ended",
            **QUICK,
        )
        return raised, talks

    def _done(self, plan: ScanPlan, people: int = 0, found: ScanCounts | None = None) -> None:
        counts = self._progress.counts.plus(found or ScanCounts())
        self._progress = ScanProgress(people=plan.people, done=self._progress.done + people, counts=counts)
        silent = ", ".join(plan.feeds.degraded)
        workflow.set_current_details(
            f"**As of {plan.as_of}** with `{plan.model_version}`, policy {plan.policy_version}\n\n"
            + (f"**Degraded: no news from {silent}**\n\n" if silent else "")
            + f"{self._progress.done} of {plan.people} salespeople: {counts.scored} scored, "
            f"{counts.insufficient} with insufficient history, {counts.unknown} unknown, {counts.findings} new findings"
        )


def _request(asked: RawValue) -> ScanRequest:
    try:
        request = workflow.payload_converter().from_payload(asked.payload, ScanRequest)
        if not isinstance(request, ScanRequest):  # null fits every type for the converter
            raise TypeError("null")
        return request
    except Exception as unreadable:
        raise Refused(
            "this is no request for a scan: {answer}. Nothing was scanned.", answer=unreadable
        ) from unreadable


def _meant_for() -> datetime:
    return workflow.info().typed_search_attributes.get(SCHEDULED_FOR) or workflow.now()
