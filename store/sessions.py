"""Who is signed in: sessions of which only the hash of the id is kept.

An id ends with a mark over the person, made with the key of the hook: whoever writes or edits rows signs in nobody.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, select, update

from models.base import EmployeeId, Moment, Value
from models.people import EmployeeStatus
from store.tables import employees, web_sessions

LIFE = timedelta(hours=8)
IDLE = timedelta(hours=1)
# A session that is in use is written down once a minute, not once a request.
NOTED_EVERY = timedelta(minutes=1)


class Method(StrEnum):
    """How a person showed who they are: at the identity provider, or by a code that was mailed to them."""

    OIDC = "oidc"
    CODE = "code"


class StoredSession(Value):
    """A session that holds. It ends at `expires_at`, or before that after an hour without a request."""

    employee_id: EmployeeId
    method: Method
    created_at: Moment
    expires_at: Moment


def start(connection: Connection, secret: str, employee_id: str, method: Method, *, at: datetime) -> str:
    """Begin a session; returns its id, which only the person's browser keeps. Every sign-in makes a new id."""
    drawn = secrets.token_urlsafe(32)
    key = f"{drawn}.{_mark(secret, drawn, employee_id)}"
    row = {"id_hash": hashed(key), "employee_id": employee_id, "method": method}
    connection.execute(web_sessions.insert().values(**row, created_at=at, seen_at=at, expires_at=at + LIFE))
    return key


def find(connection: Connection, secret: str, key: str, *, at: datetime) -> StoredSession | None:
    """The session with that id; None when there is none, when it is over, or when its person is not active any more.

    Nor is a row one that names another person than the id was made for.
    """
    query = select(web_sessions, employees.c.status).join(employees).where(web_sessions.c.id_hash == hashed(key))
    row = connection.execute(query).mappings().one_or_none()
    if row is None or row["ended_at"] is not None or not _is_of(secret, key, row["employee_id"]):
        return None
    if not _holds(row, at):
        end(connection, key, at=at)
        return None
    if at - row["seen_at"] >= NOTED_EVERY:
        connection.execute(update(web_sessions).where(web_sessions.c.id_hash == hashed(key)).values(seen_at=at))
    return StoredSession.model_validate({name: row[name] for name in StoredSession.model_fields})


def end(connection: Connection, key: str, *, at: datetime) -> None:
    """End a session; one that is over stays as it ended."""
    ending = update(web_sessions).where(web_sessions.c.id_hash == hashed(key), web_sessions.c.ended_at.is_(None))
    connection.execute(ending.values(ended_at=at))


def hashed(key: str) -> str:
    """What is kept of an id that only a browser holds."""
    return hashlib.sha256(key.encode()).hexdigest()


def _is_of(secret: str, key: str, employee_id: str) -> bool:
    drawn, _, mark = key.partition(".")
    return hmac.compare_digest(mark.encode(), _mark(secret, drawn, employee_id).encode())


def _mark(secret: str, drawn: str, employee_id: str) -> str:
    said = f"offboard.session\n{drawn}\n{employee_id}"
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def _holds(row: RowMapping, at: datetime) -> bool:
    in_time = at < row["expires_at"] and at - row["seen_at"] < IDLE
    return bool(in_time and row["status"] == EmployeeStatus.ACTIVE)
