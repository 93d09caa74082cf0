"""The scan of salespeople: who is scanned, their scores, and what was found in their activity.

It reads business records and activity, and writes scores and findings, no more. What pandas and XGBoost do is imported
inside the activities: a worker starts without them, and no workflow file pulls them in.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection
from temporalio import activity

from activities.beating import beating
from models.scan import (
    Basis,
    FinishScan,
    PlanScan,
    RiskScore,
    ScanCounts,
    ScanKind,
    ScanPlan,
    ShardRequest,
    day_in,
    day_of,
)
from models.warning_policy import WarningPolicy
from store import activity as activity_rows
from store import findings, scans, scores
from store.database import Database
from store.policies import load_warning_policy

AT_ONCE = 500  # people a transaction: their records fit into some ten MB


class ScanActivities:
    """Scans the people in `database` by the policy of the early warning in `policy_dir`, or the one that ships."""

    def __init__(self, database: Database, policy_dir: Path | None = None) -> None:
        self._database = database
        self._policy_dir = policy_dir

    @activity.defn(name="plan_scan")
    def plan_scan(self, asked: PlanScan) -> ScanPlan:
        """Fix the day, the model, the health of the feeds and the shards of a scan, and write down that it began.

        A watch that finds no news plans nothing and leaves no row. Raises BadDates and Refused for what nobody can
        scan, PolicyError, and ModelRefused when the promoted model is not the document that was registered.
        """
        from early_warning import baseline, feeds, registry, scoring  # noqa: PLC0415  (see above)

        request, policy = asked.request, self._policy()
        now = datetime.now(UTC)
        as_of = day_of(request, asked.at, now)
        watch = request.kind is ScanKind.WATCH
        with self._database.begin() as connection:
            # First of all: whatever is written from here on is for the next watch.
            visible, since = scans.visible_until(connection), scans.seen_until(connection)
            version = registry.champion(connection) or baseline.VERSION
            if not watch:
                scoring.scorer(connection, version)  # a damaged model is refused here, before anybody is scored
            health = feeds.health_of(connection, policy, as_of)
            plan = ScanPlan(
                scan_id=asked.scan_id,
                kind=request.kind,
                as_of=as_of,
                model_version=version,
                policy_version=policy.version,
                feeds=health,
                scores_known=feeds.scores_known(health),
                news_since=since if watch else None,
                # A scan of a day gone by has not seen what came in since.
                seen_until=visible if as_of >= day_in(request.zone, now) else None,
            )
            among = _with_news(connection, plan)
            plan = plan.model_copy(update={"shards": scores.shards(connection, as_of, request.shard_size, among)})
            if plan.shards or not watch:
                scans.begin(connection, plan, at=datetime.now(UTC))
        return plan

    @activity.defn(name="scan_shard")
    def scan_shard(self, asked: ShardRequest) -> ScanCounts:
        """Score the people of one shard and keep what their activity shows, some at a time.

        The heartbeat carries the last person done, so that a retry goes on behind them; done twice is done once.
        Raises ModelRefused, PolicyError and Unavailable.
        """
        plan, policy = asked.plan, self._policy()
        with self._database.begin() as connection:
            people = scores.members(connection, plan.as_of, asked.shard, _with_news(connection, plan))
        last, counts = _reached(people)
        with beating() as progress:
            progress(last, counts)
            for some in _batches(people, last):
                with self._database.begin() as connection:
                    if plan.kind is ScanKind.DAILY:
                        counts = counts.plus(_score(connection, some, plan))
                    counts = counts.plus(_look_at(connection, some, plan, policy))
                last = some[-1]
                progress(last, counts)
        return counts

    @activity.defn(name="finish_scan")
    def finish_scan(self, asked: FinishScan) -> None:
        """Write down how the scan ended."""
        with self._database.begin() as connection:
            scans.finish(connection, asked, at=datetime.now(UTC))

    def _policy(self) -> WarningPolicy:
        return load_warning_policy(folder=self._policy_dir)


def _with_news(connection: Connection, plan: ScanPlan) -> list[str] | None:
    """Who a watch looks at: people about whom something came in. None: everybody."""
    if plan.kind is ScanKind.DAILY:
        return None
    return activity_rows.touched_since(connection, plan.news_since or datetime.min.replace(tzinfo=UTC))


def _reached(people: Sequence[str]) -> tuple[str | None, ScanCounts]:
    """How far the attempt before this one came. Nowhere, when who it came to is not among the people any more."""
    details = activity.info().heartbeat_details
    if len(details) != 2 or details[0] not in people:
        return None, ScanCounts()  # whoever is looked at again is counted again
    return details[0], ScanCounts.model_validate(details[1])


def _batches(people: Sequence[str], last: str | None) -> Iterator[Sequence[str]]:
    start = people.index(last) + 1 if last else 0
    for at in range(start, len(people), AT_ONCE):
        yield people[at : at + AT_ONCE]


def _score(connection: Connection, people: Sequence[str], plan: ScanPlan) -> ScanCounts:
    from early_warning import scoring  # noqa: PLC0415  (see above)

    waiting = scores.unscored(connection, people, plan.as_of, known=plan.scores_known)
    if plan.scores_known and waiting:
        model = scoring.scorer(connection, plan.model_version)
        found = scoring.score_people(connection, waiting, plan.as_of, model)
    else:
        found = [_unknown(person, plan) for person in waiting]
    scores.save(connection, found, at=datetime.now(UTC))
    return scores.counts(connection, plan.as_of, people)


def _unknown(person: str, plan: ScanPlan) -> RiskScore:
    return RiskScore(employee_id=person, day=plan.as_of, basis=Basis.UNKNOWN, model_version=plan.model_version)


def _look_at(connection: Connection, people: Sequence[str], plan: ScanPlan, policy: WarningPolicy) -> ScanCounts:
    from early_warning.activity import load_activity  # noqa: PLC0415  (see above)
    from early_warning.indicators.finder import find  # noqa: PLC0415

    found = find(load_activity(connection, people, plan.as_of, policy), policy, plan.as_of).findings
    return ScanCounts(findings=findings.save(connection, found, policy.version, at=datetime.now(UTC)))
