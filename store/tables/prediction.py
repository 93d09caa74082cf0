"""Early warning: predictions and the models that made them."""

from sqlalchemy import CheckConstraint, Column, Date, Double, ForeignKey, LargeBinary, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables.base import WHEN, metadata

# One prediction a person and day, never rewritten. Nothing but people reads it: no case, right or client hangs on it.
risk_scores = Table(
    "risk_scores",
    metadata,
    Column("day", Date, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), primary_key=True),
    Column("basis", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("score", Numeric(5, 2)),
    Column("level", Text),
    Column("margin", Double),
    Column("contributions", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("at", WHEN, nullable=False),
    CheckConstraint(
        "(score IS NULL) = (basis IN ('insufficient_history', 'unknown'))", name="no_score_without_history"
    ),
)

models_registry = Table(
    "models_registry",
    metadata,
    Column("version", Text, primary_key=True),
    Column("kind", Text, nullable=False, server_default="attrition"),
    Column("document", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("card", JSONB, nullable=False),
    Column("trained_at", WHEN, nullable=False),
    Column("promoted_at", WHEN),
    Column("promoted_by", Text, ForeignKey("employees.id")),
    Column("proxy_note", Text, nullable=False, server_default=""),
    Column("comparison", JSONB),
)
