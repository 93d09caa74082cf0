"""Findings as rows: each is kept once, with or without an alert."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from models.warning import Finding, RuleId
from store.tables.behaviour import findings


def save(connection: Connection, found: Sequence[Finding], policy_version: str, *, at: datetime) -> int:
    """Keep what is new, and say how many that were. The same facts have the same key and are kept once.

    What was supporting and stands together with others by now counts by itself from then on: that is new as well.
    """
    if not found:
        return 0
    # In order of their keys, so that two scans of the same people wait for each other and never stand crosswise.
    rows = [
        {
            **finding.model_dump(mode="json"),
            "first": finding.first,
            "day": finding.day,
            "event_ids": list(finding.event_ids),
            "policy_version": policy_version,
            "found_at": at,
        }
        for finding in sorted(found, key=lambda each: each.key)
    ]
    new = insert(findings)
    risen = findings.c.supporting & ~new.excluded.supporting
    kept = new.on_conflict_do_update(index_elements=["key"], set_={"supporting": False}, where=risen)
    return len(connection.execute(kept.returning(findings.c.key), rows).all())


def rules_of(connection: Connection, alert_ids: Sequence[str]) -> dict[str, tuple[RuleId, ...]]:
    """The rules that alerts rest on, by alert, each once."""
    query = select(findings.c.alert_id, findings.c.rule).where(findings.c.alert_id.in_(alert_ids)).distinct()
    found: dict[str, tuple[RuleId, ...]] = {}
    for row in connection.execute(query.order_by(findings.c.alert_id, findings.c.rule)):
        found[row.alert_id] = (*found.get(row.alert_id, ()), RuleId(row.rule))
    return found
