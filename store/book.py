"""Whose client it is: one definition for the money and for the book of business."""

from sqlalchemy import TextClause, text

# The owner, whoever holds the client for the time being.
OWNED = "clients.owner_id = :owner"


def owned(owner_id: str) -> TextClause:
    """The condition that a client is one of this person's."""
    return text(OWNED).bindparams(owner=owner_id)
