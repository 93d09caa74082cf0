"""The pre-resignation risk scan: what travels through history, what is kept, and what a model says of itself.

A score is a prediction. It is shown to people and nothing more: no access, handover or case follows from it.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.attrition import AttritionLevel
from models.base import EmployeeId, Message, Moment, Value
from models.errors import BadDates, Refused
from models.reasons import Reason

SHARD_SIZE = 2_000  # people: 50 shards for 100,000, and one lost shard costs seconds
LARGEST_SHARD = 100_000
FIRST_DAY = date(1990, 1, 1)  # whoever names an earlier day has mistyped it
MOST_NAMED = 1_000  # alerts by id in what a scan says of itself
TALK_EVERY_DAYS = 30  # one notice a person in this time, however often the score stays high


class Basis(StrEnum):
    """What a score rests on. The last two have no score, and that is not zero.

    `insufficient_history`: too little is known of the person. `unknown`: a feed that the score rests on is silent.
    """

    MODEL = "model"
    BASELINE = "baseline"
    INSUFFICIENT_HISTORY = "insufficient_history"
    UNKNOWN = "unknown"


class ScoreReason(Value):
    """One fact behind a score. `contribution` is its part of the margin; a positive one raises the score."""

    feature: str
    contribution: float
    reason: Reason


class RiskScore(Value):
    """The score of one person on one day.

    `score` is 0..100: with the basis `model` the probability in percent that the person leaves within 90 days, with
    `baseline` points of a rule set, which are no probability and have no `level`. `contributions` add up to `margin`
    (log-odds of the model, points of the baseline); `bias` is among them. They and the reasons are kept for the high
    scores alone; for all others they are made when somebody asks.
    """

    employee_id: EmployeeId
    day: date
    basis: Basis
    model_version: str
    score: Decimal | None = None
    level: AttritionLevel | None = None
    margin: float | None = None
    contributions: dict[str, float] = {}
    reasons: tuple[ScoreReason, ...] = ()


# ---- the workflow ----


class ScanKind(StrEnum):
    """`daily` scores everybody and looks at what they did; `watch` looks only at whom new events came in about."""

    DAILY = "daily"
    WATCH = "watch"


class ScanRequest(Message):
    """Scan every active salesperson as of a day; without one, the day of the scheduled time in `zone`."""

    as_of: date | None = None
    zone: str = "UTC"
    kind: ScanKind = ScanKind.DAILY
    shard_size: int = SHARD_SIZE


def day_in(zone: str, moment: datetime) -> date:
    """The calendar day of a moment in a zone: 06:00 in Shanghai is still the day before in UTC. Raises Refused."""
    try:
        return moment.astimezone(ZoneInfo(zone)).date()
    except (ValueError, OSError, ZoneInfoNotFoundError) as unknown:
        raise Refused(
            "there is no time zone {zone!r}; write it as Asia/Shanghai. Nothing was scanned.", zone=zone
        ) from unknown


def day_of(request: ScanRequest, meant: datetime, now: datetime) -> date:
    """The day that a scan is as of; `meant` is the scheduled time. Raises BadDates and Refused: anybody may ask.

    One day ahead is let through, as clocks and zones differ; any further and the scan would stand as the newest one.
    """
    last = day_in(request.zone, now) + timedelta(days=1)
    day = request.as_of or day_in(request.zone, meant)
    if not FIRST_DAY <= day <= last:
        raise BadDates(
            "nobody can be scanned as of {day}: give a day from {first} to {last}. Nothing was scanned.",
            day=day,
            first=FIRST_DAY,
            last=last,
        )
    if not 1 <= request.shard_size <= LARGEST_SHARD:
        raise Refused(
            "a scan looks at 1 to {most} people at a time, not at {size}. Nothing was scanned.",
            most=LARGEST_SHARD,
            size=request.shard_size,
        )
    return day


class PlanScan(Message):
    """What the plan of a scan is made from; `at` is the scheduled time, or the start when nobody scheduled it."""

    scan_id: str
    request: ScanRequest
    at: Moment


class Place(Message):
    """Where somebody stands in the order of a scan: teams stay together, and so do departments."""

    department: str = ""
    manager_id: str = ""
    employee_id: EmployeeId


class Shard(Message):
    """The people who stand behind `after`, up to `upto`. The outer ends are open, so that nobody falls between."""

    number: int
    after: Place | None = None
    upto: Place | None = None
    people: int


class FeedHealth(Message):
    """Names of feeds. `degraded`: silent for too long. `absent`: never had a record, so nothing was expected."""

    degraded: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


class ScanPlan(Message):
    """The day, who scores it, how the feeds are, and the shards.

    `scores_known` is false while a feed that scores rest on is silent. A watch looks at people with news after
    `news_since`; what came in before `seen_until` needs no second look.
    """

    scan_id: str
    kind: ScanKind
    as_of: date
    model_version: str
    policy_version: str
    feeds: FeedHealth = FeedHealth()
    scores_known: bool = True
    news_since: Moment | None = None
    seen_until: Moment | None = None
    shards: tuple[Shard, ...] = ()

    @property
    def people(self) -> int:
        """How many are scanned."""
        return sum(shard.people for shard in self.shards)


class ShardRequest(Message):
    """Look at one shard of a plan; the plan comes without its shards."""

    plan: ScanPlan
    shard: Shard


class ScanCounts(Message):
    """People by what the scan can say of them on the day, and the findings that were new."""

    scored: int = 0
    insufficient: int = 0
    unknown: int = 0
    findings: int = 0

    def plus(self, other: "ScanCounts") -> "ScanCounts":
        """Both together."""
        return ScanCounts(
            scored=self.scored + other.scored,
            insufficient=self.insufficient + other.insufficient,
            unknown=self.unknown + other.unknown,
            findings=self.findings + other.findings,
        )


class RaiseAlerts(Message):
    """Turn what was found up to a day into alerts."""

    as_of: date


class RaisedAlerts(Message):
    """Ids of alerts that were opened, and of those that more findings joined: MOST_NAMED of each, and how many more.

    The engine takes no answer over two megabytes, and the first scan of a large company may open very many.
    """

    opened: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    more_opened: int = 0
    more_joined: int = 0


class SuggestTalks(Message):
    """Tell HR about high predictions of a day: a suggestion to talk, once a person and TALK_EVERY_DAYS."""

    as_of: date


class SuggestedTalks(Message):
    """How many talks were suggested anew, and for how many nobody could be asked: the next scan tries them again."""

    suggested: int = 0
    nobody_to_ask: int = 0


class FinishScan(Message):
    """What the row of a scan ends with."""

    plan: ScanPlan
    counts: ScanCounts
    raised: RaisedAlerts
    talks: SuggestedTalks = SuggestedTalks()


class ScanResult(Message):
    """How a scan ended."""

    scan_id: str
    kind: ScanKind
    as_of: date
    model_version: str
    people: int
    counts: ScanCounts
    feeds: FeedHealth = FeedHealth()
    raised: RaisedAlerts = RaisedAlerts()
    talks: SuggestedTalks = SuggestedTalks()


class ScanProgress(Message):
    """The answer of the query `progress`."""

    people: int = 0
    done: int = 0
    counts: ScanCounts = ScanCounts()
