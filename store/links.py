"""Links for people: signed locators, of which only a hash is kept.

A link says who may look at which round of which gate; it never decides by being opened.
"""

import hashlib
from datetime import datetime
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from models.base import CaseId, EmployeeId, Moment, Value
from models.errors import LinkExpired, LinkInvalid
from store.tables import links

LONGEST_TOKEN = 2048  # characters; longer ones are not ours and are not even hashed


class Purpose(StrEnum):
    """What the holder may do: `decide` while the round is open, or only `follow` the case (the one who started it)."""

    DECIDE = "decide"
    FOLLOW = "follow"


class Link(Value):
    """What a genuine link stands for. `approver_id` is the person whom it was made for."""

    case_id: CaseId
    gate: str
    round: int
    approver_id: EmployeeId
    purpose: Purpose
    expires_at: Moment


def make_link(  # noqa: PLR0913, PLR0917  (the fields of a link)
    connection: Connection,
    secret: str,
    case_id: str,
    gate: str,
    round: int,  # noqa: A002  (the word for it)
    approver_id: str,
    purpose: Purpose,
    expires_at: datetime,
    at: datetime,
) -> str:
    """Make the token of a link and remember its hash. The same fields give the same token: a retry makes no second."""
    token = str(_serializer(secret).dumps([case_id, gate, round, approver_id, purpose.value]))
    row = insert(links).values(
        token_hash=_hash(token),
        case_id=case_id,
        gate=gate,
        round=round,
        approver_id=approver_id,
        purpose=purpose,
        expires_at=expires_at,
        created_at=at,
    )
    connection.execute(row.on_conflict_do_nothing())
    return token


def open_link(connection: Connection, secret: str, token: str, *, at: datetime | None = None) -> Link:
    """What the token stands for. `at` is the time of opening; our database's own clock by default.

    Raises LinkInvalid for every token that is not ours, unknown, forged or changed alike, and LinkExpired for one that
    was ours. The signature is checked before anything inside the token is read.
    """
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise _invalid()
    try:
        signed = _serializer(secret).loads(token)
    except BadData as forged:
        raise _invalid() from forged
    found = (
        connection.execute(
            select(links, func.now().label("now")).where(links.c.token_hash == _hash(token)),
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        raise _invalid()
    if found["expires_at"] < (at or found["now"]):
        raise LinkExpired("this link is no longer valid; nothing was changed. Ask HR for the state of the case.")
    link = Link.model_validate({name: found[name] for name in Link.model_fields})
    if signed != [link.case_id, link.gate, link.round, link.approver_id, link.purpose.value]:
        raise _invalid()  # a row that was edited: what we signed is what the link stands for
    return link


def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="offboard.link", signer_kwargs={"digest_method": hashlib.sha256})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def _invalid() -> LinkInvalid:
    return LinkInvalid("this link is not one of ours, or it was cut or changed on its way; nothing was changed.")
