"""What the audits of cases found item by item, and how what clients owe is followed up."""

from sqlalchemy import Column, Date, ForeignKey, Integer, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables.base import MONEY, WHEN, metadata

# The open items behind the figures of one audit, as they were read: a figure in a report opens to these.
audited_items = Table(
    "audited_items",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("instalment", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("outstanding", MONEY, nullable=False),
    Column("whole", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
    Column("disputed", MONEY, nullable=False),
)

# Since when a system of record has not answered a branch of a case; the row goes when it does.
silences = Table(
    "silences",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("since", WHEN, nullable=False),
    Column("reason", Text, nullable=False),
)

# Loss rates out of the company's own invoices: made once a month and policy, since it reads all of them.
loss_experience = Table(
    "loss_experience",
    metadata,
    Column("key", Text, primary_key=True),
    Column("until", Date, nullable=False),
    Column("rates", JSONB, nullable=False),
    Column("made_at", WHEN, nullable=False),
)

clearing_plans = Table(
    "clearing_plans",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("collector_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("audited", MONEY, nullable=False),
    Column("low", Numeric(7, 6), nullable=False, server_default="0"),
    Column("high", Numeric(7, 6), nullable=False, server_default="1"),
    Column("made_at", WHEN, nullable=False),
    Column("open_now", MONEY),
    Column("read_at", WHEN),
    Column("ended_at", WHEN),
)

milestones = Table(
    "milestones",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("due_at", WHEN, nullable=False),
    Column("at_most", MONEY, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("open_then", MONEY),
    Column("reminded_at", WHEN),
)

balance_confirmations = Table(
    "balance_confirmations",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent_at", WHEN),
    Column("due_at", WHEN),
    Column("answered_at", WHEN),
    Column("answered_amount", MONEY),
    Column("recorded_by", Text, ForeignKey("employees.id")),
    Column("note", Text, nullable=False, server_default=""),
)

# Commission that a case holds back because the client has not paid; released as soon as they have.
commission_holds = Table(
    "commission_holds",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("commission_id", Text, ForeignKey("commissions.id"), primary_key=True),
    Column("amount", Numeric(20, 4), nullable=False),
    Column("currency", Text, nullable=False),
    Column("held_at", WHEN, nullable=False),
    Column("released_at", WHEN),
)
