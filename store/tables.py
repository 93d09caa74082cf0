"""Our tables. Two families: the company's data as imported, and the cases that we run on it.

Money is `numeric` beside its currency, times are `timestamptz`. Ids are opaque text.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MONEY = Numeric(20, 4)
WHEN = DateTime(timezone=True)

# ---- the company's data -------------------------------------------------------------------------------------------

employees = Table(
    "employees",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("manager_id", Text, ForeignKey("employees.id", deferrable=True, initially="DEFERRED"), index=True),
    Column("department", Text, nullable=False, server_default=""),
    Column("region", Text, nullable=False, server_default=""),
    Column("country", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False, server_default="other"),
    Column("extra_roles", ARRAY(Text), nullable=False, server_default="{}"),
    Column("language", Text, nullable=False, server_default="en"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("status", Text, nullable=False, server_default="active"),
    Column("hired_on", Date),
    Column("left_on", Date),
    Column("capacity", Integer),
    Index("ix_employees_name", "name"),
)

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("owner_id", Text, ForeignKey("employees.id"), index=True),
    Column("interim_owner_id", Text, ForeignKey("employees.id"), index=True),
    Column("region", Text, nullable=False, server_default=""),
    Column("country", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default=""),
    Column("segment", Text, nullable=False, server_default=""),
    Column("tier", Integer, nullable=False, server_default="3"),
    Column("annual_value", MONEY),
    Column("currency", Text, nullable=False, server_default=""),
    Column("renewal_on", Date),
    Column("status", Text, nullable=False, server_default="active"),
)

# Who owned a client when. Rows touch end to end: a change closes one and opens the next at the same instant.
client_ownership = Table(
    "client_ownership",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False),
    Column("owner_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("interim", Boolean, nullable=False, server_default="false"),
    Column("since", WHEN, nullable=False),
    Column("until", WHEN),
    Column("case_id", Text),
    Index("uq_client_ownership_current", "client_id", unique=True, postgresql_where=text("until IS NULL")),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("email", Text),
    Column("phone", Text),
)

opportunities = Table(
    "opportunities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), index=True),
    Column("owner_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("stage", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False),
    Column("amount", MONEY),
    Column("currency", Text, nullable=False, server_default=""),
    Column("opened_on", Date),
    Column("expected_close_on", Date),
    Column("closed_on", Date),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("occurred_at", WHEN, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("employee_id", Text, ForeignKey("employees.id")),
    Column("ordered_on", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
)

invoices = Table(
    "invoices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("salesperson_id", Text, ForeignKey("employees.id"), index=True),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
    Column("disputed", Boolean, nullable=False, server_default="false"),
    Column("collector_id", Text, ForeignKey("employees.id")),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("invoice_id", Text, ForeignKey("invoices.id"), nullable=False, index=True),
    Column("paid_on", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
)

entitlements = Table(
    "entitlements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("system", Text, nullable=False),
    Column("right", Text, nullable=False),
    Column("grade", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="active"),
)

assets = Table(
    "assets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("value", MONEY),
    Column("currency", Text, nullable=False, server_default=""),
    Column("returned_on", Date),
)

# ---- the cases ----------------------------------------------------------------------------------------------------

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
    Column("recipient_id", Text, ForeignKey("employees.id"), nullable=False),
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

imports = Table(
    "imports",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", WHEN, nullable=False, server_default=func.now()),
    Column("source", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
)

# ---- early warning ------------------------------------------------------------------------------------------------

# One prediction a person and day, never rewritten. Nothing but people reads it: no case, right or client hangs on it.
risk_scores = Table(
    "risk_scores",
    metadata,
    Column("day", Date, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), primary_key=True),
    Column("basis", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("score", Numeric(5, 2)),
    Column("margin", Double),
    Column("contributions", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("at", WHEN, nullable=False),
    CheckConstraint("(score IS NULL) = (basis = 'insufficient_history')", name="no_score_without_history"),
)

models_registry = Table(
    "models_registry",
    metadata,
    Column("version", Text, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("evaluation", JSONB, nullable=False),
    Column("trained_at", WHEN, nullable=False),
    Column("promoted_at", WHEN),
    Column("promoted_by", Text, ForeignKey("employees.id")),
)
