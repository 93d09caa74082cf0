"""The cases, and what is done, found and written down in them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables.base import WHEN, metadata

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("requested_by", Text, ForeignKey("employees.id")),
    Column("reason", Text),
    Column("policy_name", Text, nullable=False),
    Column("policy", JSONB, nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("phase", Text, nullable=False),
    Column("started_at", WHEN, nullable=False),
    Column("ended_at", WHEN),
    Index("uq_cases_open", "employee_id", unique=True, postgresql_where=text("ended_at IS NULL")),
)

# What the starter said why, until the case is planned and takes it over: a slow or missing worker must not lose it.
case_reasons = Table(
    "case_reasons",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", WHEN, nullable=False),
)

# The full result of a branch; history holds only its digest. The newest row of a branch is the one that counts.
branch_results = Table(
    "branch_results",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, primary_key=True),
    Column("branch", Text, nullable=False, primary_key=True),
    Column("digest", Text, nullable=False, primary_key=True),
    Column("result", JSONB, nullable=False),
    Column("at", WHEN, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("merge_key", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("head", JSONB, nullable=False),
    Column("at", WHEN, nullable=False),
    UniqueConstraint("case_id", "merge_key"),
)

# Every external effect once: the key and its result are written in the transaction of the effect.
effects = Table(
    "effects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("request_hash", Text, nullable=False),
    Column("before", JSONB),
    Column("result", JSONB, nullable=False),
    Column("at", WHEN, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("owner_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("due_at", WHEN, nullable=False),
    Column("outcome", Text),
)

evidence = Table(
    "evidence",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", WHEN, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# The head of every chain, kept beside it, so that a cut end is noticed.
evidence_heads = Table(
    "evidence_heads",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("head", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("recipient_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("created_at", WHEN, nullable=False, server_default=func.now()),
    Column("sent_at", WHEN),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_at", WHEN),
    Column("retry_at", WHEN),
    Column("error", Text),
    Index("ix_outbox_unsent", "created_at", postgresql_where=text("sent_at IS NULL")),
)
