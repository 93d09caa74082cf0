"""Risk scores as rows: who is scanned, and what was found on a day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from models.people import EmployeeStatus, Role
from models.scan import Basis, RiskScore, ScanCounts, Shard
from store.tables import employees, risk_scores


def shards(connection: Connection, as_of: date, size: int) -> Iterator[Shard]:
    """The salespeople who were active on a day, in runs of `size` by id."""
    place = (func.row_number().over(order_by=employees.c.id) - 1) // size
    ranked = select(employees.c.id, place.label("shard")).where(_active(as_of)).subquery()
    bounds = (func.min(ranked.c.id).label("first"), func.max(ranked.c.id).label("last"), func.count().label("people"))
    for row in connection.execute(select(*bounds).group_by(ranked.c.shard).order_by("first")):
        yield Shard(first=row.first, last=row.last, people=row.people)


def unscored(connection: Connection, shard: Shard, as_of: date) -> list[str]:
    """Ids of the people of a shard who have no row for the day yet."""
    done = select(risk_scores.c.employee_id).where(
        risk_scores.c.day == as_of, risk_scores.c.employee_id == employees.c.id
    )
    inside = employees.c.id.between(shard.first, shard.last)
    query = select(employees.c.id).where(_active(as_of), inside, ~done.exists()).order_by(employees.c.id)
    return list(connection.execute(query).scalars())


def save(connection: Connection, scores: Sequence[RiskScore], *, at: datetime) -> None:
    """Keep scores. The first row of a person and day stays: a repeat changes nothing."""
    if scores:
        rows = [{**score.model_dump(mode="json"), "day": score.day, "score": score.score, "at": at} for score in scores]
        connection.execute(insert(risk_scores).on_conflict_do_nothing(), rows)


def counts(connection: Connection, as_of: date, shard: Shard | None = None) -> ScanCounts:
    """How many people have a score for a day, and of how many too little is known."""
    query = select(risk_scores.c.basis, func.count().label("people")).where(risk_scores.c.day == as_of)
    if shard:
        query = query.where(risk_scores.c.employee_id.between(shard.first, shard.last))
    found = {row.basis: row.people for row in connection.execute(query.group_by(risk_scores.c.basis))}
    insufficient = found.pop(Basis.INSUFFICIENT_HISTORY, 0)
    return ScanCounts(scored=sum(found.values()), insufficient=insufficient)


def highest(connection: Connection, as_of: date, limit: int) -> list[RiskScore]:
    """The highest scores of a day, ties by id."""
    scored = select(risk_scores).where(risk_scores.c.day == as_of, risk_scores.c.score.is_not(None))
    query = scored.order_by(risk_scores.c.score.desc(), risk_scores.c.employee_id).limit(limit)
    return [_score_of(dict(row)) for row in connection.execute(query).mappings()]


def of(connection: Connection, employee_id: str, as_of: date) -> RiskScore | None:
    """One person's row of a day."""
    query = select(risk_scores).where(risk_scores.c.day == as_of, risk_scores.c.employee_id == employee_id)
    row = connection.execute(query).mappings().one_or_none()
    return _score_of(dict(row)) if row else None


def newest_day(connection: Connection) -> date | None:
    """The last day that was scanned."""
    day: date | None = connection.execute(select(func.max(risk_scores.c.day))).scalar_one()
    return day


def _active(as_of: date) -> ColumnElement[bool]:
    """A salesperson on that day: hired by then, not in a case, and not gone before."""
    here = or_(
        employees.c.status == EmployeeStatus.ACTIVE,
        (employees.c.status == EmployeeStatus.LEFT) & (employees.c.left_on > as_of),
    )
    hired = or_(employees.c.hired_on.is_(None), employees.c.hired_on <= as_of)
    return (employees.c.role == Role.SALESPERSON) & here & hired


def _score_of(row: dict[str, object]) -> RiskScore:
    return RiskScore.model_validate({name: row[name] for name in RiskScore.model_fields})
