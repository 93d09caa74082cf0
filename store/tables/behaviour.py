"""The tables of the early warning: activity as it comes in, findings, alerts, and who was shown to whom.

Raw events are partitioned by month; the months live in the schema `activity_months`, beside our tables. What a scan
reads is the roll-up `activity_days`, written in the transaction of the events.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from store.tables.base import MONEY, WHEN, metadata

MONTHS = "activity_months"

# The id of an event is unique within its month: a redelivery carries the same id and the same time.
activity_events = Table(
    "activity_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("occurred_at", WHEN, primary_key=True),
    Column("employee_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("records", Integer, nullable=False, server_default="1"),
    Column("item", Text, nullable=False, server_default=""),
    Column("destination", Text, nullable=False, server_default=""),
    Index("ix_activity_events_employee_id_occurred_at", "employee_id", "occurred_at"),
    postgresql_partition_by="RANGE (occurred_at)",
)

# Counts by person, day in the person's own time zone, kind and destination. `after_hours` counts events among them.
activity_days = Table(
    "activity_days",
    metadata,
    Column("employee_id", Text, ForeignKey("employees.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("destination", Text, primary_key=True, server_default=""),
    Column("events", Integer, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("after_hours", Integer, nullable=False, server_default="0"),
    Column("updated_at", WHEN, nullable=False),
    Index("ix_activity_days_day", "day"),
    Index("ix_activity_days_updated_at", "updated_at"),
)

expense_claims = Table(
    "expense_claims",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("spent_on", Date, nullable=False),
    Column("claimed_on", Date, nullable=False),
    Column("category", Text, nullable=False),
    Column("merchant", Text, nullable=False, server_default=""),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
    Column("attendees", Text, nullable=False, server_default=""),
)

# Who a pseudonym stands for. Random, so that nobody can compute it from an id.
aliases = Table(
    "aliases",
    metadata,
    Column("employee_id", Text, ForeignKey("employees.id"), primary_key=True),
    Column("alias", Text, nullable=False, unique=True),
)

watchlist = Table(
    "watchlist",
    metadata,
    Column("employee_id", Text, ForeignKey("employees.id"), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date, nullable=False),
    Column("by_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("reason", Text, nullable=False),
)

# A trigger of the migration refuses moves that `models.warning.MOVES` does not know, whoever asks.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("alias", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("events", Integer, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("opened_at", WHEN, nullable=False),
    Column("due_at", WHEN, nullable=False),
    Column("protection", Text, nullable=False, server_default="none"),
    Column("protected_until", WHEN),
    Column("decided_by", Text, ForeignKey("employees.id")),
    Column("decided_at", WHEN),
    Column("note", Text, nullable=False, server_default=""),
    Column("case_id", Text),
    # Who was asked to triage it; when something changed that its workflow must know, and which change it knows of.
    Column("waiting_on", ARRAY(Text), nullable=False, server_default="{}"),
    Column("changed_at", WHEN, nullable=False),
    Column("told_at", WHEN),
    # One alert of a person waits at a time: a burst joins it.
    Index("uq_alerts_waiting", "employee_id", unique=True, postgresql_where=text("state = 'needs_review'")),
)

# A finding is kept once, with or without an alert: supporting ones wait here for a window.
findings = Table(
    "findings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("rule", Text, nullable=False),
    Column("first", Date, nullable=False),
    Column("day", Date, nullable=False),
    Column("severity", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("supporting", Boolean, nullable=False),
    Column("events", Integer, nullable=False),
    Column("event_ids", ARRAY(Text), nullable=False),
    Column("reason", JSONB, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("found_at", WHEN, nullable=False),
    Column("alert_id", Text, ForeignKey("alerts.id"), index=True),
    Index("ix_findings_employee_id_day", "employee_id", "day"),
)

# What people decided about alerts, written before the workflow hears of it. A decision counts only if it is here.
alert_decisions = Table(
    "alert_decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alert_id", Text, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("to_state", Text, nullable=False),
    Column("by_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", WHEN, nullable=False),
    Column("counted", Boolean),
)

# One row for each time that HR was told of a high prediction. The score stays where it was made.
talks = Table(
    "talks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("alias", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("recipient_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("suggested_at", WHEN, nullable=False),
    Index("ix_talks_employee_id_day", "employee_id", "day"),
)

# One row a scan: which feeds were stale or never there, how far it came, and up to when it has seen what came in.
scans = Table(
    "scans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("degraded", ARRAY(Text), nullable=False),
    Column("absent", ARRAY(Text), nullable=False),
    Column("seen_until", WHEN),
    Column("started_at", WHEN, nullable=False),
    Column("finished_at", WHEN),
    Column("counts", JSONB),
    Index("ix_scans_as_of", "as_of"),
)
