"""Talks that were suggested to HR because of a prediction, as rows. The prediction itself is not among them."""

from datetime import date, datetime

from sqlalchemy import Connection, func, select

from models.base import EmployeeId, Moment, TalkId, Value
from models.errors import UnknownEmployee
from store.tables.behaviour import talks


class Talk(Value):
    """One suggestion: about whom, as of which day, and who was told."""

    id: TalkId
    employee_id: EmployeeId
    alias: str
    day: date
    recipient_id: EmployeeId
    suggested_at: Moment


def one_at_a_time(connection: Connection) -> None:
    """Wait until nobody else suggests talks; until the commit nobody else does."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("talks"))))


def told_since(connection: Connection, day: date) -> set[str]:
    """Ids of people about whom a talk was suggested as of a later day."""
    return set(connection.execute(select(talks.c.employee_id).where(talks.c.day > day)).scalars())


def add(connection: Connection, employee_id: str, alias: str, day: date, recipient_id: str, *, at: datetime) -> Talk:
    """Write a suggestion down."""
    talk = Talk(
        id=f"talk-{alias}-{day:%Y%m%d}",
        employee_id=employee_id,
        alias=alias,
        day=day,
        recipient_id=recipient_id,
        suggested_at=at,
    )
    connection.execute(talks.insert().values(talk.model_dump()))
    return talk


def get(connection: Connection, talk_id: str) -> Talk:
    """The suggestion with that id."""
    row = connection.execute(select(talks).where(talks.c.id == talk_id)).mappings().one_or_none()
    if row is None:
        raise UnknownEmployee("no talk was suggested under the id {talk!r}", talk=talk_id)
    return Talk.model_validate(dict(row))
