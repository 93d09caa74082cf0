"""The scan of salespeople: who is scanned, and their scores. It reads business records and writes scores, no more.

What pandas and XGBoost do is imported inside the activities: a worker starts without them, and no workflow file pulls
them in.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from temporalio import activity

from models.scan import PlanScan, ScanCounts, ScanPlan, ShardRequest
from store import scores
from store.database import Database


class ScanActivities:
    """Scores people from `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="plan_scan")
    def plan_scan(self, asked: PlanScan) -> ScanPlan:
        """Fix the day, the model and the shards of a scan.

        Raises ModelRefused when the promoted model is not the document that was registered.
        """
        from early_warning import baseline, registry, scoring  # noqa: PLC0415  (see above)

        as_of = asked.request.as_of or day_in(asked.request.zone, asked.at)
        with self._database.begin() as connection:
            version = registry.champion(connection) or baseline.VERSION
            scoring.scorer(connection, version)  # a damaged model is refused here, before anybody is scored
            found = tuple(scores.shards(connection, as_of, asked.request.shard_size))
        return ScanPlan(as_of=as_of, model_version=version, shards=found)

    @activity.defn(name="scan_shard")
    def scan_shard(self, asked: ShardRequest) -> ScanCounts:
        """Score the people of one shard who have no row for the day; a repeat finds them done.

        Reads with one query a source, however many people there are. Raises ModelRefused and Unavailable.
        """
        from early_warning import scoring  # noqa: PLC0415  (see above)

        with self._database.begin() as connection:
            waiting = scores.unscored(connection, asked.shard, asked.as_of)
            activity.heartbeat("read who is waiting", len(waiting))
            model = scoring.scorer(connection, asked.model_version)
            found = scoring.score_people(connection, waiting, asked.as_of, model) if waiting else []
            activity.heartbeat("scored", len(found))
            scores.save(connection, found, at=datetime.now(UTC))
            return scores.counts(connection, asked.as_of, asked.shard)


def day_in(zone: str, moment: datetime) -> date:
    """The calendar day of a moment in a zone: 06:00 in Shanghai is still the day before in UTC."""
    return moment.astimezone(ZoneInfo(zone)).date()
