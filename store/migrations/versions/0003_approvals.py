"""approvals: seats and votes, people in place of others, sign-in, other programs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"

# Until now everybody who was asked had a seat of their own, and every round was the first of its ladder or like it.
SEATS_OF_APPROVERS = """
    UPDATE gates SET seats = (
        SELECT coalesce(jsonb_agg(jsonb_build_object('principal', person, 'delegate', NULL) ORDER BY place), '[]')
        FROM unnest(approvers) WITH ORDINALITY AS asked (person, place)
    )
"""


def upgrade() -> None:
    _add_exchange()
    _add_people()
    _add_stand_ins()
    _mark_decisions()
    _seat_gates()
    op.create_index(op.f("ix_outbox_recipient_id"), "outbox", ["recipient_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_gates_open", table_name="gates")
    op.drop_index("ix_outbox_recipient_id", table_name="outbox")
    op.drop_index("ix_decisions_stored", table_name="decisions")
    op.drop_index("ix_decisions_by_id", table_name="decisions")
    for column in ("ladder", "seats"):
        op.drop_column("gates", column)
    op.drop_constraint(op.f("fk_decisions_for_id"), "decisions", type_="foreignkey")
    for column in ("mac", "via", "number", "for_id"):
        op.drop_column("decisions", column)
    for table in (
        "questions",
        "vacancies",
        "nudges",
        "delegations",
        "web_sessions",
        "sign_in_codes",
        "preferences",
        "event_deliveries",
        "event_endpoints",
        "events",
        "webhook_receipts",
    ):
        op.drop_table(table)


def _add_exchange() -> None:
    op.create_table(
        "webhook_receipts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_receipts")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spread_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_case_id"), "events", ["case_id"], unique=False)
    op.create_index(
        "ix_events_waiting", "events", ["created_at"], unique=False, postgresql_where=sa.text("spread_at IS NULL")
    )
    _add_deliveries()


def _add_deliveries() -> None:
    op.create_table(
        "event_endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_endpoints")),
    )
    op.create_table(
        "event_deliveries",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["endpoint_id"], ["event_endpoints.id"], name=op.f("fk_event_deliveries_endpoint_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_deliveries_event_id")),
        sa.PrimaryKeyConstraint("event_id", "endpoint_id", name=op.f("pk_event_deliveries")),
    )
    op.create_index(
        "ix_event_deliveries_waiting",
        "event_deliveries",
        ["endpoint_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_index(
        "ix_event_deliveries_given_up",
        "event_deliveries",
        ["given_up_at"],
        unique=False,
        postgresql_where=sa.text("given_up_at IS NOT NULL"),
    )


def _add_people() -> None:
    op.create_table(
        "preferences",
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="mail", nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("digest", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_preferences_employee_id")),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_preferences")),
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_link", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_sign_in_codes_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_codes")),
    )
    op.create_index(
        "ix_sign_in_codes_live",
        "sign_in_codes",
        ["employee_id"],
        unique=False,
        postgresql_where=sa.text("used_at IS NULL"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("id_hash", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_web_sessions_employee_id")),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_sessions")),
    )
    op.create_index(op.f("ix_web_sessions_employee_id"), "web_sessions", ["employee_id"], unique=False)


def _add_stand_ins() -> None:
    op.create_table(
        "delegations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_id", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("gate", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_delegations_case_id")),
        sa.ForeignKeyConstraint(["from_id"], ["employees.id"], name=op.f("fk_delegations_from_id")),
        sa.ForeignKeyConstraint(["made_by"], ["employees.id"], name=op.f("fk_delegations_made_by")),
        sa.ForeignKeyConstraint(["revoked_by"], ["employees.id"], name=op.f("fk_delegations_revoked_by")),
        sa.ForeignKeyConstraint(["to_id"], ["employees.id"], name=op.f("fk_delegations_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index(op.f("ix_delegations_from_id"), "delegations", ["from_id"], unique=False)
    op.create_index(op.f("ix_delegations_to_id"), "delegations", ["to_id"], unique=False)
    op.create_index(op.f("ix_delegations_case_id"), "delegations", ["case_id"], unique=False)
    for name, moment, told in (("begin", "starts_at", "begun_told_at"), ("end", "ends_at", "ended_told_at")):
        untold = sa.text(f"{told} IS NULL")
        op.create_index(f"ix_delegations_to_{name}", "delegations", [moment], unique=False, postgresql_where=untold)
    op.create_table(
        "vacancies",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_vacancies_case_id")),
        sa.PrimaryKeyConstraint("case_id", "gate", name=op.f("pk_vacancies")),
    )
    op.create_table(
        "nudges",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_nudges_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudges")),
    )
    op.create_index(
        "ix_nudges_untold", "nudges", ["made_at"], unique=False, postgresql_where=sa.text("told_at IS NULL")
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["employees.id"], name=op.f("fk_questions_answered_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["employees.id"], name=op.f("fk_questions_asked_by")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_questions_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_case_id"), "questions", ["case_id"], unique=False)


def _mark_decisions() -> None:
    """A decision of before has no mark: what was counted stays as it is, what waits is not taken for genuine."""
    op.add_column("decisions", sa.Column("for_id", sa.Text(), nullable=True))
    for column, before in (("number", "1"), ("via", "link"), ("mac", "")):
        kind = sa.Integer() if column == "number" else sa.Text()
        op.add_column("decisions", sa.Column(column, kind, nullable=False, server_default=before))
        op.alter_column("decisions", column, server_default=None)
    op.create_foreign_key(op.f("fk_decisions_for_id"), "decisions", "employees", ["for_id"], ["id"])
    op.create_index("ix_decisions_by_id", "decisions", ["by_id", "accepted_at"], unique=False)
    stored = sa.text("state = 'stored'")
    op.create_index("ix_decisions_stored", "decisions", ["accepted_at"], unique=False, postgresql_where=stored)


def _seat_gates() -> None:
    empty = sa.text("'[]'::jsonb")
    op.add_column("gates", sa.Column("seats", postgresql.JSONB(), nullable=False, server_default=empty))
    op.add_column("gates", sa.Column("ladder", sa.Text(), nullable=False, server_default="approver"))
    op.execute(SEATS_OF_APPROVERS)
    for column in ("seats", "ladder"):
        op.alter_column("gates", column, server_default=None)
    op.create_index(
        "ix_gates_open", "gates", ["closed_at"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
