"""Who is asked about a case, through which link, and what they answered."""

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from store.tables.base import WHEN, metadata

# What the page shows about a gate without asking the engine. One row a round. `approvers` are all who may answer,
# `seats` whose votes they are.
gates = Table(
    "gates",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("gate", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("approvers", ARRAY(Text), nullable=False),
    Column("seats", JSONB, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("due_at", WHEN, nullable=False),
    Column("report_version", Integer, nullable=False),
    Column("report_digest", Text, nullable=False),
    Column("opened_at", WHEN, nullable=False),
    Column("closed_at", WHEN),
    Column("verdict", Text),
    Column("decided_by", Text),
    Index("ix_gates_open", "closed_at", postgresql_where=text("closed_at IS NULL")),
)

# A decision as the hook accepted it, written before the engine hears of it. `number` counts what a person said in a
# round, from 1; `for_id` is whose seat it is under a delegation; `via` the way it came; `state`: stored, counted,
# refused. `mac` is made with the key of the hook: whoever writes a row past it cannot make one.
decisions = Table(
    "decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("gate", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("by_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("for_id", Text, ForeignKey("employees.id")),
    Column("number", Integer, nullable=False),
    Column("via", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("report_digest", Text, nullable=False),
    Column("accepted_at", WHEN, nullable=False),
    Column("state", Text, nullable=False),
    Column("refusal", Text),
    Column("mac", Text, nullable=False),
    Index("ix_decisions_case_id_gate", "case_id", "gate"),
    Index("ix_decisions_by_id", "by_id", "accepted_at"),
    Index("ix_decisions_stored", "accepted_at", postgresql_where=text("state = 'stored'")),
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

# Who answers in whose place. `kind`: `delegation` (what waits and what comes, from `starts_at` to `ends_at`), `absence`
# (the same, with nobody named), `handed_over` (one gate of one case, by the person asked), `reassigned` (the same, by
# an admin). Never changed but to revoke it. The cases have been told that it began and that it ended at `…_told_at`.
delegations = Table(
    "delegations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("from_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("to_id", Text, ForeignKey("employees.id"), index=True),
    Column("case_id", Text, ForeignKey("cases.id"), index=True),
    Column("gate", Text),
    Column("starts_at", WHEN, nullable=False),
    Column("ends_at", WHEN),
    Column("reason", Text, nullable=False, server_default=""),
    Column("made_by", Text, ForeignKey("employees.id"), nullable=False),
    Column("made_at", WHEN, nullable=False),
    Column("revoked_by", Text, ForeignKey("employees.id")),
    Column("revoked_at", WHEN),
    Column("begun_told_at", WHEN),
    Column("ended_told_at", WHEN),
    Index("ix_delegations_to_begin", "starts_at", postgresql_where=text("begun_told_at IS NULL")),
    Index("ix_delegations_to_end", "ends_at", postgresql_where=text("ended_told_at IS NULL")),
)

# Gates for which too few people may be asked: word that people changed wakes them. Gone when people are asked.
vacancies = Table(
    "vacancies",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("gate", Text, primary_key=True),
    Column("noted_at", WHEN, nullable=False),
)

# Cases whose open gates must be looked at again because people changed; the hook tells them until it has.
nudges = Table(
    "nudges",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("why", Text, nullable=False),
    Column("made_at", WHEN, nullable=False),
    Column("told_at", WHEN),
    Index("ix_nudges_untold", "made_at", postgresql_where=text("told_at IS NULL")),
)

# What an approver asks without deciding, and the answer of who started the case.
questions = Table(
    "questions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("gate", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("asked_by", Text, ForeignKey("employees.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("asked_at", WHEN, nullable=False),
    Column("answer", Text),
    Column("answered_by", Text, ForeignKey("employees.id")),
    Column("answered_at", WHEN),
)
