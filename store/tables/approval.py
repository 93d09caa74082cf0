"""Who is asked about a case, through which link, and what they answered."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from store.tables.base import WHEN, metadata

# What the page shows about a gate without asking the engine. One row a round.
gates = Table(
    "gates",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("gate", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("approvers", ARRAY(Text), nullable=False),
    Column("due_at", WHEN, nullable=False),
    Column("report_version", Integer, nullable=False),
    Column("report_digest", Text, nullable=False),
    Column("opened_at", WHEN, nullable=False),
    Column("closed_at", WHEN),
    Column("verdict", Text),
    Column("decided_by", Text),
)

# A decision as the hook accepted it, written before the engine hears of it. `state`: stored, counted, refused.
decisions = Table(
    "decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("gate", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("by_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("report_digest", Text, nullable=False),
    Column("accepted_at", WHEN, nullable=False),
    Column("state", Text, nullable=False),
    Column("refusal", Text),
    Index("ix_decisions_case_id_gate", "case_id", "gate"),
)

# Signed links are locators: only their hash is kept.
links = Table(
    "links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("gate", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("approver_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("expires_at", WHEN, nullable=False),
    Column("created_at", WHEN, nullable=False),
    ForeignKeyConstraint(["case_id", "gate", "round"], ["gates.case_id", "gates.gate", "gates.round"]),
)
