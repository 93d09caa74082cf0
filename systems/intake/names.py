"""People and clients that a source knows by name: ids without meaning, stable over imports, and references resolved."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    all_,
    cast,
    distinct,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.functions import coalesce

from models.reasons import because
from store.tables import metadata
from systems.intake.columns import TemplateTable
from systems.intake.found import Found
from systems.intake.report import FaultLog
from systems.intake.sources import Origin, Plan, Source
from systems.intake.staging import analyse

Stages = dict[str, Table]


def assign_ids(connection: Connection, table: TemplateTable, stage: Table) -> None:
    """Give every row without an id the one it got in an earlier import, or the next free number."""
    ours = metadata.tables[table.name]
    connection.execute(
        update(stage).where(stage.c.id.is_(None), ours.c.source_key == stage.c.source_key).values(id=ours.c.id)
    )
    pattern = f"^{table.id_prefix}[0-9]{{1,9}}$"
    taken = select(ours.c.id).union(select(stage.c.id)).subquery()
    number = cast(func.substr(taken.c.id, len(table.id_prefix) + 1), BigInteger)
    last = connection.execute(select(func.max(number)).where(taken.c.id.regexp_match(pattern))).scalar() or 0
    fresh = (
        select(stage.c.source_key, func.min(stage.c.file_no).label("file_no"), func.min(stage.c.line).label("line"))
        .where(stage.c.id.is_(None), stage.c.source_key.is_not(None))
        .group_by(stage.c.source_key)
        .subquery()
    )
    count = cast(last + func.row_number().over(order_by=(fresh.c.file_no, fresh.c.line)), Text)
    padded = func.lpad(count, func.greatest(4, func.length(count)), "0")
    given = select(fresh.c.source_key, (literal(table.id_prefix) + padded).label("id")).subquery()
    connection.execute(
        update(stage).where(stage.c.id.is_(None), stage.c.source_key == given.c.source_key).values(id=given.c.id)
    )


class Names:
    """Resolves references by name against the files and our tables."""

    def __init__(self, connection: Connection, stages: Stages, found: Found, log: FaultLog) -> None:
        self._connection, self._stages, self._found, self._log = connection, stages, found, log
        self._known: dict[str, tuple[Table, list[str]]] = {}

    def resolve(self, source: Source) -> None:
        """Replace names by ids in the rows of one source. A name of several people is a fault; an unknown one stays."""
        stage = self._stages[source.table.name]
        here = stage.c.file_no == source.number
        ids: dict[str, ColumnElement[object]] = {}
        for origin in source.origins:
            if origin.written.named:
                known, shared = self._known_names(origin.column.refers)
                column = stage.c[origin.column.target]
                if shared:
                    self._refuse_shared(select(stage.c.file_no, stage.c.line, column).where(here), column, shared)
                    self._connection.execute(update(stage).where(here, column.in_(shared)).values({column.name: None}))
                found = select(known.c.id).where(known.c.name == column).limit(1).correlate(stage).scalar_subquery()
                ids[column.name] = coalesce(found, column)
        if ids:
            # One pass over the rows for all their references: each pass would write every row again.
            self._connection.execute(update(stage).where(here).values(ids))

    def _refuse_shared(self, rows: Select[Any], column: ColumnElement[Any], shared: list[str]) -> None:
        reason = because("is the name of several; the id is needed")
        self._found.report(rows.where(column.in_(shared)), column.name, reason)

    def copy_same(self, source: Source) -> None:
        """Fill the columns that are the same as in the row that a reference names."""
        for origin in source.origins:
            if origin.same_as is not None:
                self._copy(source, origin, *origin.same_as)

    def _copy(self, source: Source, origin: Origin, reference: str, taken: str) -> None:
        stage = self._stages[source.table.name]
        through = source.table.column(reference)
        if through is None:
            return
        for other in (metadata.tables[through.refers], self._stages.get(through.refers)):
            if other is not None and taken in other.columns:
                self._connection.execute(
                    update(stage)
                    .where(stage.c.file_no == source.number, stage.c[through.target] == other.c.id)
                    .values({origin.column.target: other.c[taken]})
                )

    def give_roles(self, plan: Plan) -> None:
        """Add the roles of the mapping to the people it names, beside their own role."""
        stage = self._stages.get("employees")
        if stage is None or not plan.roles:
            return
        for role, people in plan.roles.items():
            for who in people:
                ids = self._connection.scalars(
                    select(stage.c.id)
                    .where(or_(stage.c.id == who, stage.c.name == who), stage.c.id.is_not(None))
                    .distinct()
                ).all()
                if len(ids) == 1:
                    self._connection.execute(_with_role(stage, ids[0], role))
                elif ids:
                    reason = because("is the name of several; the id is needed")
                    self._log.add(plan.mapping, 0, f"roles.{role}", reason, who)
                else:
                    self._log.add(plan.mapping, 0, f"roles.{role}", because("is nobody in these files"), who)

    def _known_names(self, name: str) -> tuple[Table, list[str]]:
        """Names and ids of what the files and our table hold (the files win), and the names that several share."""
        if name not in self._known:
            known = Table(
                f"known_{name}",
                MetaData(),
                Column("id", Text),
                Column("name", Text, index=True),
                prefixes=["TEMPORARY"],
                postgresql_on_commit="DROP",
            )
            known.create(self._connection)
            ours, stage = metadata.tables[name], self._stages.get(name)
            kept = select(ours.c.id, ours.c.name)
            if stage is not None:
                staged = select(stage.c.id, stage.c.name).where(stage.c.id.is_not(None)).distinct()
                self._connection.execute(insert(known).from_select(["id", "name"], staged))
                kept = kept.where(~select(stage.c.id).where(stage.c.id == ours.c.id).exists())
            self._connection.execute(insert(known).from_select(["id", "name"], kept))
            analyse(self._connection, known)
            shared = select(known.c.name).group_by(known.c.name).having(func.count(distinct(known.c.id)) > 1)
            self._known[name] = known, list(self._connection.scalars(shared))
        return self._known[name]


def _with_role(stage: Table, employee_id: str, role: str) -> Update:
    held = coalesce(stage.c.extra_roles, cast(literal("{}"), ARRAY(Text)))
    return (
        update(stage)
        .where(stage.c.id == employee_id, literal(role) != all_(held))
        .values(extra_roles=func.array_append(held, role))
    )
