"""Risk scores as rows: who is scanned, and what was found on a day."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, Tuple, any_, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from models.attrition import FLOORS, AttritionLevel
from models.people import EmployeeStatus, Role
from models.scan import Basis, Place, RiskScore, ScanCounts, Shard
from store.tables import employees, risk_scores

# A score that HR is told of: percent of a model, points of the baseline.
HIGH_FROM = {Basis.MODEL: 100 * FLOORS[AttritionLevel.HIGH], Basis.BASELINE: Decimal(60)}
_DEPARTMENT = func.coalesce(employees.c.department, "")
_MANAGER = func.coalesce(employees.c.manager_id, "")
_PLACE = tuple_(_DEPARTMENT, _MANAGER, employees.c.id)


def shards(connection: Connection, as_of: date, size: int, among: Sequence[str] | None = None) -> tuple[Shard, ...]:
    """The salespeople who were there on a day, in runs of `size`; only those of `among` when it is given."""
    columns = (_DEPARTMENT.label("department"), _MANAGER.label("manager_id"), employees.c.id.label("employee_id"))
    everybody = select(*columns, func.row_number().over(order_by=_PLACE).label("number")).where(_there(as_of))
    if among is not None:
        everybody = everybody.where(_one_of(among))
    ranked = everybody.subquery()
    total = connection.execute(select(func.count()).select_from(ranked)).scalar_one()
    ends = select(ranked).where(ranked.c.number % size == 0, ranked.c.number < total).order_by(ranked.c.number)
    places = [_place(row) for row in connection.execute(ends)]
    bounds = zip([None, *places], [*places, None], strict=True) if total else ()
    return tuple(
        Shard(number=number, after=after, upto=upto, people=min(size, total - number * size))
        for number, (after, upto) in enumerate(bounds)
    )


def members(connection: Connection, as_of: date, shard: Shard, among: Sequence[str] | None = None) -> list[str]:
    """Ids of the people of a shard, in the order of the scan."""
    query = select(employees.c.id).where(_there(as_of)).order_by(_PLACE)
    if shard.after:
        query = query.where(_tuple(shard.after) < _PLACE)
    if shard.upto:
        query = query.where(_tuple(shard.upto) >= _PLACE)
    if among is not None:
        query = query.where(_one_of(among))
    return list(connection.execute(query).scalars())


def unscored(connection: Connection, ids: Sequence[str], as_of: date, *, known: bool) -> list[str]:
    """Those who are to be scored and have no row for the day yet.

    `known`: the feeds have come back, so people whose score was unknown are waiting again.
    """
    row = risk_scores.c
    done = select(row.employee_id).where(row.day == as_of, row.employee_id == employees.c.id)
    if known:
        done = done.where(row.basis != Basis.UNKNOWN)
    query = select(employees.c.id).where(_scored(as_of), _one_of(ids), ~done.exists())
    return list(connection.execute(query.order_by(employees.c.id)).scalars())


def save(connection: Connection, scores: Sequence[RiskScore], *, at: datetime) -> None:
    """Keep scores. The first row of a person and day stays, unless it says that the score is unknown."""
    if not scores:
        return
    ordered = sorted(scores, key=lambda score: score.employee_id)
    rows = [{**score.model_dump(mode="json"), "day": score.day, "score": score.score, "at": at} for score in ordered]
    new = insert(risk_scores)
    changed = {name: new.excluded[name] for name in rows[0] if name not in ("day", "employee_id")}
    better = (risk_scores.c.basis == Basis.UNKNOWN) & (new.excluded.basis != Basis.UNKNOWN)
    key = risk_scores.primary_key.columns
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=changed, where=better), rows)


def counts(connection: Connection, as_of: date, ids: Sequence[str] | None = None) -> ScanCounts:
    """How many people have a score for a day, and how many have none and why; of some people or of all."""
    row = risk_scores.c
    query = select(row.basis, func.count().label("people")).where(row.day == as_of)
    if ids is not None:
        query = query.where(row.employee_id == any_(_array(ids)))
    found = {each.basis: each.people for each in connection.execute(query.group_by(row.basis))}
    insufficient, unknown = found.pop(Basis.INSUFFICIENT_HISTORY, 0), found.pop(Basis.UNKNOWN, 0)
    return ScanCounts(scored=sum(found.values()), insufficient=insufficient, unknown=unknown)


def highest(connection: Connection, as_of: date, limit: int) -> list[RiskScore]:
    """The highest scores of a day, ties by id."""
    scored = select(risk_scores).where(risk_scores.c.day == as_of, risk_scores.c.score.is_not(None))
    query = scored.order_by(risk_scores.c.score.desc(), risk_scores.c.employee_id).limit(limit)
    return [_score_of(dict(row)) for row in connection.execute(query).mappings()]


def high(connection: Connection, as_of: date) -> list[str]:
    """Ids of people whose prediction of a day is high or critical, in order."""
    row = risk_scores.c
    alarming = or_(*((row.basis == basis) & (row.score >= least) for basis, least in HIGH_FROM.items()))
    query = select(row.employee_id).where(row.day == as_of, alarming)
    return list(connection.execute(query.order_by(row.employee_id)).scalars())


def of(connection: Connection, employee_id: str, as_of: date) -> RiskScore | None:
    """One person's row of a day."""
    query = select(risk_scores).where(risk_scores.c.day == as_of, risk_scores.c.employee_id == employee_id)
    row = connection.execute(query).mappings().one_or_none()
    return _score_of(dict(row)) if row else None


def newest_day(connection: Connection) -> date | None:
    """The last day that was scanned."""
    day: date | None = connection.execute(select(func.max(risk_scores.c.day))).scalar_one()
    return day


def _there(as_of: date) -> ColumnElement[bool]:
    """A salesperson on that day: hired by then and not gone before. Who is in a case still acts."""
    here = or_(employees.c.status != EmployeeStatus.LEFT, employees.c.left_on > as_of)
    hired = or_(employees.c.hired_on.is_(None), employees.c.hired_on <= as_of)
    return (employees.c.role == Role.SALESPERSON) & here & hired


def _scored(as_of: date) -> ColumnElement[bool]:
    """The same without those who are in a case: nobody asks whether they will leave."""
    return _there(as_of) & (employees.c.status != EmployeeStatus.LEAVING)


def _one_of(ids: Sequence[str]) -> ColumnElement[bool]:
    return employees.c.id == any_(_array(ids))


def _array(ids: Sequence[str]) -> ColumnElement[Sequence[str]]:
    return literal(list(ids), ARRAY(Text))


def _tuple(place: Place) -> Tuple:
    return tuple_(literal(place.department), literal(place.manager_id), literal(place.employee_id))


def _place(row: object) -> Place:
    return Place.model_validate(row, from_attributes=True)


def _score_of(row: dict[str, object]) -> RiskScore:
    return RiskScore.model_validate({name: row[name] for name in RiskScore.model_fields})
