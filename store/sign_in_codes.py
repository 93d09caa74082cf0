"""One-time codes by mail, for companies without an identity provider. Only hashes are kept.

A code works in the browser that asked for it, and nowhere else: its row is named by a ticket that only this browser
holds. So whoever reads a code over a shoulder, or lets many be sent to somebody, cannot use or use up theirs. The hash
is made with the key of the hook over person and time: a row that was edited opens nothing.

Anybody may ask for a code by typing an address, so strangers can use up what a person may be sent in a day. Whoever
comes by a signed link of that person is counted apart from them: no stranger keeps such a person out.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select, update

from models.people import EmployeeStatus
from store.sessions import hashed
from store.tables import employees, sign_in_codes

LIFE = timedelta(minutes=10)
ATTEMPTS = 5
DIGITS = 6
# Codes that are made for one person at most, and as many again for who holds a link of theirs. With five guesses each
# this leaves a guesser one chance in 10,000 a day, and one in 5,000 with such a link in hand.
MOST = ((timedelta(minutes=10), 5), (timedelta(days=1), 20))


def person_at(connection: Connection, email: str) -> str | None:
    """The active employee with a mail address; None for nobody, and for an address that several people share."""
    same = func.lower(employees.c.email) == email.strip().lower()
    found = connection.execute(
        select(employees.c.id).where(same, employees.c.status != EmployeeStatus.LEFT).limit(2)
    ).scalars()
    ids = list(found)
    return active(connection, ids[0]) if len(ids) == 1 else None


def active(connection: Connection, employee_id: str) -> str | None:
    """The id, when it is that of an active employee."""
    query = select(employees.c.id).where(employees.c.id == employee_id, employees.c.status == EmployeeStatus.ACTIVE)
    return connection.execute(query).scalar_one_or_none()


def make(
    connection: Connection, secret: str, ticket: str, employee_id: str, *, at: datetime, by_link: bool = False
) -> str | None:
    """A code for a person, for the browser with that ticket. None when too many were made for the person lately.

    `by_link`: whoever asks came by a link that opens for this person; these codes and the others do not count together.
    """
    # Of many who ask at once each counts the codes of those before; `key_share` leaves others free to refer to the row.
    connection.execute(select(employees.c.id).where(employees.c.id == employee_id).with_for_update(key_share=True))
    for span, most in MOST:
        recent = select(func.count()).select_from(sign_in_codes)
        recent = recent.where(
            sign_in_codes.c.employee_id == employee_id,
            sign_in_codes.c.by_link == by_link,
            sign_in_codes.c.made_at > at - span,
        )
        if connection.execute(recent).scalar_one() >= most:
            return None
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    over = at + LIFE
    row = {
        "id": hashed(ticket),
        "employee_id": employee_id,
        "code_hash": _mark(secret, ticket, code, employee_id, over),
        "by_link": by_link,
    }
    connection.execute(sign_in_codes.insert().values(**row, made_at=at, expires_at=over))
    return code


def use(connection: Connection, secret: str, ticket: str, code: str, *, at: datetime) -> str | None:
    """Whose code that is; then it is used up. None for every code that does not hold, each a counted attempt."""
    # The attempt is counted before it is judged, in one statement: of many at once, no more than the limit are.
    counting = (
        update(sign_in_codes)
        .where(
            sign_in_codes.c.id == hashed(ticket),
            sign_in_codes.c.used_at.is_(None),
            sign_in_codes.c.expires_at > at,
            sign_in_codes.c.attempts < ATTEMPTS,
        )
        .values(attempts=sign_in_codes.c.attempts + 1)
        .returning(sign_in_codes.c.employee_id, sign_in_codes.c.code_hash, sign_in_codes.c.expires_at)
    )
    row = connection.execute(counting).one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(row.code_hash, _mark(secret, ticket, code, row.employee_id, row.expires_at)):
        return None
    connection.execute(update(sign_in_codes).where(sign_in_codes.c.id == hashed(ticket)).values(used_at=at))
    return active(connection, row.employee_id)


def _mark(secret: str, ticket: str, code: str, employee_id: str, over: datetime) -> str:
    said = "\n".join(("offboard.code", ticket, code, employee_id, over.astimezone(UTC).isoformat("T", "microseconds")))
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()
