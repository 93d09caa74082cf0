"""receivables: credit notes, instalments, cash on account, disputes, shares; how what is owed is followed up"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"

# An invoice is open until it is paid, credited and written off to the cent; one that was paid too much is open, too. A
# credit note for an invoice of the same client and currency is a part of that invoice. All that is written counts,
# whatever its date: this is for handing over who collects, not for figures as of a day.
OPEN_INVOICES = """
    CREATE VIEW open_invoices AS
    SELECT id, client_id, collector_id, currency, outstanding FROM (
        SELECT i.*, (
            SELECT coalesce(sum(n.amount), 0) - coalesce(sum((
                SELECT sum(p.amount) FROM payments p WHERE p.invoice_id = n.id AND p.currency = n.currency
            )), 0)
            FROM invoices n
            WHERE n.id = i.id OR n.credits_id = i.id AND n.client_id = i.client_id AND n.currency = i.currency
                AND i.credits_id IS NULL
        ) AS outstanding
        FROM invoices i
        WHERE NOT EXISTS (
            SELECT FROM invoices t WHERE t.id = i.credits_id AND t.client_id = i.client_id
                AND t.currency = i.currency AND t.credits_id IS NULL
        )
    ) standing WHERE outstanding <> 0
"""

AT_THE_END: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"}

# Money on account has no place in the schema before: as a credit of the same client it still counts to the cent.
KEEP_CASH_ON_ACCOUNT = (
    """
    INSERT INTO invoices (id, client_id, issued_on, due_on, amount, currency)
    SELECT 'on-account-' || id, client_id, paid_on, paid_on, -amount, currency FROM payments WHERE invoice_id IS NULL
    """,
    "DELETE FROM payments WHERE invoice_id IS NULL",
    "SET CONSTRAINTS ALL IMMEDIATE",  # a table with checks outstanding cannot be altered
)

# The program before would take the newest model for one of attrition, and could not read these messages.
FORGET_WHAT_IS_UNKNOWN = (
    "DELETE FROM models_registry WHERE kind <> 'attrition'",
    "DELETE FROM outbox WHERE kind LIKE 'collect%'",
)


def upgrade() -> None:
    _extend_invoices_and_payments()
    _add_shares_rates_and_assessments()
    _add_commissions()
    _add_audited_items()
    _add_follow_up()
    _add_confirmations()
    op.add_column("models_registry", sa.Column("kind", sa.Text(), server_default="attrition", nullable=False))
    op.execute(OPEN_INVOICES)


def downgrade() -> None:
    """Everything that was owed stays owed; shares, rates, assessments and the follow-up go."""
    op.execute("DROP VIEW open_invoices")
    for statement in (*KEEP_CASH_ON_ACCOUNT, *FORGET_WHAT_IS_UNKNOWN):
        op.execute(statement)
    op.drop_constraint(op.f("ck_payments_of_something"), "payments", type_="check")
    op.alter_column("payments", "invoice_id", existing_type=sa.Text(), nullable=False)
    for table, columns in (
        ("payments", ("kind", "client_id")),
        ("invoices", ("credits_id", "disputed_amount", "disputed_on")),
        ("models_registry", ("kind",)),
    ):
        for column in columns:
            op.drop_column(table, column)
    op.execute(
        "DROP TABLE commission_holds, commissions, agreements, instalments, milestones, clearing_plans, "
        "balance_confirmations, audited_items, silences, loss_experience, debtor_assessments, exchange_rates, "
        "client_shares"
    )


def _extend_invoices_and_payments() -> None:
    op.add_column("invoices", sa.Column("disputed_on", sa.Date(), nullable=True))
    op.add_column("invoices", sa.Column("disputed_amount", sa.Numeric(precision=20, scale=4), nullable=True))
    op.add_column("invoices", sa.Column("credits_id", sa.Text(), nullable=True))
    op.create_index(op.f("ix_invoices_credits_id"), "invoices", ["credits_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_invoices_credits_id"),
        "invoices",
        "invoices",
        ["credits_id"],
        ["id"],
        initially="DEFERRED",
        deferrable=True,
    )
    op.create_table(
        "instalments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_instalments_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalments")),
    )
    op.create_index(op.f("ix_instalments_invoice_id"), "instalments", ["invoice_id"], unique=False)
    op.add_column("payments", sa.Column("client_id", sa.Text(), nullable=True))
    op.add_column("payments", sa.Column("kind", sa.Text(), server_default="payment", nullable=False))
    op.alter_column("payments", "invoice_id", existing_type=sa.TEXT(), nullable=True)
    op.create_index(op.f("ix_payments_client_id"), "payments", ["client_id"], unique=False)
    op.create_foreign_key(op.f("fk_payments_client_id"), "payments", "clients", ["client_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_payments_of_something"), "payments", "invoice_id IS NOT NULL OR client_id IS NOT NULL"
    )


def _add_shares_rates_and_assessments() -> None:
    op.create_table(
        "client_shares",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_client_shares_client_id")),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_client_shares_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_shares")),
        sa.UniqueConstraint(
            "client_id", "employee_id", name=op.f("uq_client_shares_client_id_employee_id"), **AT_THE_END
        ),
    )
    op.create_index(op.f("ix_client_shares_client_id"), "client_shares", ["client_id"], unique=False)
    op.create_index(op.f("ix_client_shares_employee_id"), "client_shares", ["employee_id"], unique=False)
    op.create_table(
        "exchange_rates",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("quoted_in", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rates")),
        sa.UniqueConstraint(
            "currency", "quoted_in", "on_day", name=op.f("uq_exchange_rates_currency_quoted_in_on_day"), **AT_THE_END
        ),
    )
    op.create_table(
        "debtor_assessments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("loss_rate", sa.Numeric(precision=7, scale=6), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_debtor_assessments_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debtor_assessments")),
    )
    op.create_index(op.f("ix_debtor_assessments_client_id"), "debtor_assessments", ["client_id"], unique=False)


def _add_commissions() -> None:
    op.create_table(
        "commissions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_commissions_employee_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_commissions_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commissions")),
    )
    op.create_index(op.f("ix_commissions_employee_id"), "commissions", ["employee_id"], unique=False)
    op.create_index(op.f("ix_commissions_invoice_id"), "commissions", ["invoice_id"], unique=False)
    op.create_table(
        "agreements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_agreements_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    op.create_index(op.f("ix_agreements_employee_id"), "agreements", ["employee_id"], unique=False)
    op.create_table(
        "commission_holds",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("commission_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_commission_holds_case_id")),
        sa.ForeignKeyConstraint(["commission_id"], ["commissions.id"], name=op.f("fk_commission_holds_commission_id")),
        sa.PrimaryKeyConstraint("case_id", "commission_id", name=op.f("pk_commission_holds")),
    )


def _add_audited_items() -> None:
    op.create_table(
        "audited_items",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("instalment", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("outstanding", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("whole", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("disputed", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_audited_items_case_id")),
        sa.PrimaryKeyConstraint("case_id", "digest", "number", name=op.f("pk_audited_items")),
    )
    op.create_table(
        "silences",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_silences_case_id")),
        sa.PrimaryKeyConstraint("case_id", "branch", name=op.f("pk_silences")),
    )
    op.create_table(
        "loss_experience",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("rates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_loss_experience")),
    )


def _add_follow_up() -> None:
    op.create_table(
        "clearing_plans",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("collector_id", sa.Text(), nullable=False),
        sa.Column("audited", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("low", sa.Numeric(precision=7, scale=6), server_default="0", nullable=False),
        sa.Column("high", sa.Numeric(precision=7, scale=6), server_default="1", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_now", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_clearing_plans_case_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_clearing_plans_client_id")),
        sa.ForeignKeyConstraint(["collector_id"], ["employees.id"], name=op.f("fk_clearing_plans_collector_id")),
        sa.PrimaryKeyConstraint("case_id", "client_id", "currency", name=op.f("pk_clearing_plans")),
    )
    op.create_index(op.f("ix_clearing_plans_collector_id"), "clearing_plans", ["collector_id"], unique=False)
    op.create_table(
        "milestones",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at_most", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("open_then", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_milestones_case_id")),
        sa.PrimaryKeyConstraint("case_id", "client_id", "currency", "number", name=op.f("pk_milestones")),
    )


def _add_confirmations() -> None:
    op.create_table(
        "balance_confirmations",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_amount", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_balance_confirmations_case_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_balance_confirmations_client_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["employees.id"], name=op.f("fk_balance_confirmations_recorded_by")),
        sa.PrimaryKeyConstraint("case_id", "client_id", "currency", name=op.f("pk_balance_confirmations")),
    )
