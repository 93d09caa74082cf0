"""How the feeds are: which are silent for longer than the policy allows, and which never had a record (B13)."""

from datetime import date, timedelta

from sqlalchemy import Connection

from models.scan import FeedHealth
from models.warning_policy import WarningPolicy
from store import activity

# The feeds behind the features (early_warning/records.py). While one of them is silent, what looks like less work may
# only be less data: no score is given.
SCORES_REST_ON = frozenset({"interactions", "opportunities", "invoices"})


def health_of(connection: Connection, policy: WarningPolicy, as_of: date) -> FeedHealth:
    """Every feed of the policy as of the end of a day. Raises PolicyError for a feed that nobody knows."""
    newest = {name: activity.newest(connection, name, as_of) for name in sorted(policy.feeds)}
    return FeedHealth(
        degraded=tuple(
            name
            for name, day in newest.items()
            if day is not None and day < as_of - timedelta(days=policy.feeds[name].silent_days)
        ),
        absent=tuple(name for name, day in newest.items() if day is None),
    )


def scores_known(health: FeedHealth) -> bool:
    """False while a feed that the scores rest on is silent."""
    return SCORES_REST_ON.isdisjoint(health.degraded)
