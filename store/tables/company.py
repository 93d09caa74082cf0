"""The company's data as imported. A column here is a column of the template: systems/intake/template.py."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from store.tables.base import MONEY, WHEN, metadata

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
    Column("disputed_on", Date),
    Column("disputed_amount", MONEY),
    Column("credits_id", Text, ForeignKey("invoices.id", deferrable=True, initially="DEFERRED"), index=True),
    Column("collector_id", Text, ForeignKey("employees.id")),
)

# Parts of an invoice with due dates of their own; what is paid goes to the earliest first.
instalments = Table(
    "instalments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("invoice_id", Text, ForeignKey("invoices.id"), nullable=False, index=True),
    Column("due_on", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
)

# Money in (or written off). Without an invoice it is on account of a client: unapplied cash, a prepayment.
payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("invoice_id", Text, ForeignKey("invoices.id"), index=True),
    Column("client_id", Text, ForeignKey("clients.id"), index=True),
    Column("paid_on", Date, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="payment"),
    CheckConstraint("invoice_id IS NOT NULL OR client_id IS NOT NULL", name="of_something"),
)

# Salespeople who share a client; the owner has what the others leave.
client_shares = Table(
    "client_shares",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("percent", Numeric(7, 4), nullable=False),
    UniqueConstraint("client_id", "employee_id", deferrable=True, initially="DEFERRED"),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("quoted_in", Text, nullable=False),
    Column("on_day", Date, nullable=False),
    Column("rate", Numeric(24, 12), nullable=False),
    UniqueConstraint("currency", "quoted_in", "on_day", deferrable=True, initially="DEFERRED"),
)

# Debtors that finance assesses singly: what they owe leaves the provision matrix.
debtor_assessments = Table(
    "debtor_assessments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("standing", Text, nullable=False),
    Column("loss_rate", Numeric(7, 6), nullable=False),
    Column("assessed_on", Date, nullable=False),
    Column("ended_on", Date),
    Column("note", Text, nullable=False, server_default=""),
)

commissions = Table(
    "commissions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("invoice_id", Text, ForeignKey("invoices.id"), nullable=False, index=True),
    Column("earned_on", Date, nullable=False),
    Column("paid_on", Date),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
)

# What employees have signed and a rule depends on, such as the clawback of commission.
agreements = Table(
    "agreements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("ended_on", Date),
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

imports = Table(
    "imports",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", WHEN, nullable=False, server_default=func.now()),
    Column("source", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
)
