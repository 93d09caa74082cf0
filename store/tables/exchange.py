"""What comes from and goes to other programs by signed web hooks."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables.base import WHEN, metadata

# Calls that were taken, so that the same id again has no second effect and gets the same answer. `round` and `number`
# are those of the decision as the gate stood when the call came, 0 where nobody was asked; `status` and `answer` are
# None until the answer is final.
webhook_receipts = Table(
    "webhook_receipts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", Integer),
    Column("answer", JSONB),
    Column("received_at", WHEN, nullable=False),
)

# Events for subscribers, written in the transaction of what they tell. Ids and figures, no names. `spread_at` is when
# their deliveries were made: who subscribes later hears nothing of the past.
events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("created_at", WHEN, nullable=False),
    Column("spread_at", WHEN),
    Index("ix_events_waiting", "created_at", postgresql_where=text("spread_at IS NULL")),
)

# Who listens, by a digest of the address: an address may hold a key of the receiver. `gone_at` is when it answered
# that it no longer wants to hear of us.
event_endpoints = Table(
    "event_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("gone_at", WHEN),
)

event_deliveries = Table(
    "event_deliveries",
    metadata,
    Column("event_id", Text, ForeignKey("events.id"), primary_key=True),
    Column("endpoint_id", Text, ForeignKey("event_endpoints.id"), primary_key=True),
    Column("created_at", WHEN, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_at", WHEN),
    Column("retry_at", WHEN),
    Column("delivered_at", WHEN),
    Column("given_up_at", WHEN),
    Column("error", Text),
    Index(
        "ix_event_deliveries_waiting",
        "endpoint_id",
        "created_at",
        postgresql_where=text("delivered_at IS NULL AND given_up_at IS NULL"),
    ),
    Index("ix_event_deliveries_given_up", "given_up_at", postgresql_where=text("given_up_at IS NOT NULL")),
)
