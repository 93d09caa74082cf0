"""Alerts: opened from what the scan found, triaged by people, and told to their workflows."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities import alert_records, alert_triage
from activities.alert_raising import raise_for
from activities.beating import beating
from activities.messages import Post
from models.errors import Unavailable
from models.scan import MOST_NAMED, RaiseAlerts, RaisedAlerts
from models.search_attributes import TASK_QUEUE
from models.warning import (
    AlertRequest,
    AlertState,
    AlertView,
    AskedTriage,
    AskTriage,
    DecidedTriage,
    MoreFindings,
    ProtectionState,
    RemindTriage,
    TriageDecision,
)
from models.warning_policy import WarningPolicy
from store import alert_decisions, alerts, cases, raising
from store.database import Database
from store.policies import load_warning_policy

ANSWER_WITHIN = timedelta(seconds=10)


class AlertActivities:
    """Every method may run twice with the same effect as once. Mail leaves after the commit and holds nothing up."""

    def __init__(self, database: Database, post: Post | None = None, policy_dir: Path | None = None) -> None:
        self._database = database
        self._post = post
        self._policy_dir = policy_dir

    @activity.defn(name="raise_alerts")
    async def raise_alerts(self, asked: RaiseAlerts) -> RaisedAlerts:
        """Open or extend the alerts of everybody with findings that count, then start or tell their workflows.

        Also tells workflows what an earlier call, or a person who decided, could not. Raises PolicyError, Unavailable.
        """
        with beating() as progress:
            raised = await asyncio.to_thread(self._raise, asked, progress)
            for alert_id, changed_at in (await asyncio.to_thread(self._untold)).items():
                await tell(activity.client(), alert_id)
                await self._tell_case_of(alert_id)
                # What changed while we told it is told the next time.
                await asyncio.to_thread(self._mark_told, alert_id, changed_at)
                progress(alert_id)
        return raised

    @activity.defn(name="look_at_alert")
    def look_at_alert(self, asked: AlertRequest) -> AlertView:
        """How an alert stands in our books, with decisions that were stored and not heard. Raises UnknownAlert."""
        rule = self._policy().protection
        with self._database.begin() as connection:
            alert = alerts.get(connection, asked.alert_id)
            stored = tuple(each.message() for each in alert_decisions.unheard(connection, alert.id))
        self._deliver(asked.alert_id)
        severe = alert.state is AlertState.NEEDS_REVIEW and alert.severity.rank >= rule.from_severity.rank
        return AlertView(
            state=alert.state,
            severity=alert.severity,
            to_protect=severe or alert.protection is ProtectionState.SUSPENDED,
            given_back=alert.protection is ProtectionState.GIVEN_BACK,
            stored=stored,
        )

    @activity.defn(name="ask_triage")
    def ask_triage(self, asked: AskTriage) -> AskedTriage:
        """Find who looks at an alert and ask them, once a round. Raises NobodyToAsk and PolicyError."""
        triage = self._policy().triage
        with self._database.begin() as connection:
            alert = alerts.get(connection, asked.alert_id, lock=True)
            done = alert_triage.ask(connection, alert, asked, triage, self._policy_dir)
        self._deliver(asked.alert_id)
        return done

    @activity.defn(name="remind_triage")
    def remind_triage(self, asked: RemindTriage) -> None:
        """Remind who was asked, once a number; nothing happens when the alert is decided."""
        with self._database.begin() as connection:
            alert = alerts.get(connection, asked.alert_id, lock=True)
            if alert.state is AlertState.NEEDS_REVIEW:
                alert_triage.remind(connection, alert, asked)
        self._deliver(asked.alert_id)

    @activity.defn(name="record_triage")
    def record_triage(self, decision: TriageDecision) -> DecidedTriage:
        """Write what becomes of a decision, once. Raises UnknownAlert."""
        with self._database.begin() as connection:
            return alert_records.record(connection, decision, at=datetime.now(UTC))

    @activity.defn(name="tell_case")
    async def tell_case(self, asked: AlertRequest) -> None:
        """Let an open case of the person make another version of its report. Telling twice makes two, no more.

        Raises Unavailable when the engine does not take it.
        """
        await self._tell_case_of(asked.alert_id)

    async def _tell_case_of(self, alert_id: str) -> None:
        if case_id := await asyncio.to_thread(self._open_case, alert_id):
            await news(activity.client(), case_id)

    def _open_case(self, alert_id: str) -> str | None:
        with self._database.begin() as connection:
            return cases.open_case_of(connection, alerts.get(connection, alert_id).employee_id)

    def _raise(self, asked: RaiseAlerts, progress: Callable[..., None]) -> RaisedAlerts:
        policy = self._policy()
        opened: list[str] = []
        joined: list[str] = []
        with self._database.begin() as connection:
            people = raising.people_waiting(connection, asked.as_of, policy.windows)
        for person in people:
            with self._database.begin() as connection:
                done = raise_for(connection, person, asked.as_of, policy, at=datetime.now(UTC))
            if done:
                (opened if done[1] else joined).append(done[0])
            progress(len(opened) + len(joined))
        return RaisedAlerts(
            opened=tuple(opened[:MOST_NAMED]),
            joined=tuple(joined[:MOST_NAMED]),
            more_opened=max(0, len(opened) - MOST_NAMED),
            more_joined=max(0, len(joined) - MOST_NAMED),
        )

    def _untold(self) -> dict[str, datetime]:
        with self._database.begin() as connection:
            return alerts.untold(connection)

    def _mark_told(self, alert_id: str, changed_at: datetime) -> None:
        with self._database.begin() as connection:
            alerts.change(connection, alert_id, told_at=changed_at)

    def _deliver(self, alert_id: str) -> None:
        if self._post:
            self._post.deliver(alert_id)

    def _policy(self) -> WarningPolicy:
        return load_warning_policy(folder=self._policy_dir)


async def tell(client: Client, alert_id: str) -> None:
    """Start the workflow of an alert, or tell the running one that there is news. One that has ended stays ended."""
    try:
        await client.start_workflow(
            "Alert",
            AlertRequest(alert_id=alert_id),
            id=alert_id,
            task_queue=TASK_QUEUE,
            start_signal="more",
            start_signal_args=[MoreFindings(alert_id=alert_id)],
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary="an alert on what was done with data",
        )
    except WorkflowAlreadyStartedError:
        activity.logger.info("the alert is over", extra={"alert": alert_id})


async def news(client: Client, case_id: str) -> None:
    """Tell a case that what its report rests on has changed. One that has just ended needs no telling."""
    try:
        await client.get_workflow_handle(case_id).signal("news", rpc_timeout=ANSWER_WITHIN)
    except RPCError as lost:
        if lost.status is not RPCStatusCode.NOT_FOUND:
            raise Unavailable(
                "the Temporal server does not answer ({status}). Nothing was changed.", status=lost.status.name
            ) from lost
