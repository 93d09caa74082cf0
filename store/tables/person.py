"""How a person is reached, and how we know that it is them."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, Time, text

from store.tables.base import WHEN, metadata

# What a person chose; without a row they get mails at once. Quiet hours are in their own zone, and may pass midnight.
preferences = Table(
    "preferences",
    metadata,
    Column("employee_id", Text, ForeignKey("employees.id"), primary_key=True),
    Column("channel", Text, nullable=False, server_default="mail"),
    Column("quiet_from", Time),
    Column("quiet_until", Time),
    Column("digest", Boolean, nullable=False, server_default="false"),
    Column("changed_at", WHEN, nullable=False),
)

# Who is signed in on the pages. The cookie holds an id of which only the hash is kept. `method`: `oidc` or `code`.
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("created_at", WHEN, nullable=False),
    Column("seen_at", WHEN, nullable=False),
    Column("expires_at", WHEN, nullable=False),
    Column("ended_at", WHEN),
)

# One-time codes by mail, for installations without an identity provider. `by_link`: whoever asked held a signed link
# of that very person; strangers hold none.
sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("employee_id", Text, ForeignKey("employees.id"), nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("made_at", WHEN, nullable=False),
    Column("expires_at", WHEN, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("used_at", WHEN),
    Column("by_link", Boolean, nullable=False, server_default="false"),
    Index("ix_sign_in_codes_live", "employee_id", postgresql_where=text("used_at IS NULL")),
)
