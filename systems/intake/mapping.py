"""A mapping file: how the files of another company become our tables, without code. The format is in docs/data.md."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from models.base import Value
from models.people import Role
from models.reasons import Reason, because
from systems.intake.columns import Kind, TemplateColumn, TemplateTable
from systems.intake.report import BadCell, FaultLog
from systems.intake.sources import Origin, Plan, Source, nearest
from systems.intake.template import TEMPLATE
from systems.intake.values import Format, taker


def _words(given: object) -> object:
    if isinstance(given, bool):
        return "yes" if given else "no"
    return str(given) if isinstance(given, int | float) or hasattr(given, "isoformat") else given


def _list(given: object) -> object:
    return [given] if isinstance(given, str) else given


def _column_rule(given: object) -> object:
    return {"column": given} if isinstance(given, str) else given


Words = Annotated[str, BeforeValidator(_words)]
Several = Annotated[tuple[str, ...], BeforeValidator(_list)]


class ColumnRule(Value):
    """How one column of ours is filled from the file."""

    column: str = ""
    by: Literal["id", "name"] = "id"
    default: Words = ""
    values: dict[str, Words] = {}
    date_format: Several = ()
    decimal: str = Field("", max_length=1)
    grouping: str = Field("", max_length=1)
    time_zone: str = ""
    made_from: Several = ()
    same_as: str = ""


class SourceRule(Value):
    """One file that feeds one table."""

    file: str
    table: str
    columns: dict[str, Annotated[ColumnRule, BeforeValidator(_column_rule)]] = {}
    constants: dict[str, Words] = {}
    delimiter: str = Field(",", min_length=1, max_length=1)
    date_format: Several = ()
    decimal: str = Field(".", min_length=1, max_length=1)
    grouping: str = Field("", max_length=1)
    time_zone: str = ""
    distinct: bool = False
    skip_if_empty: Several = ()


class MappingFile(Value):
    """The whole file: sources, and roles given to people by id or by name."""

    source: tuple[SourceRule, ...] = Field(min_length=1)
    roles: dict[Role, Several] = {}


_KEYS = (*ColumnRule.model_fields, *SourceRule.model_fields, *MappingFile.model_fields)


def read_mapping(path: Path, log: FaultLog) -> Plan:
    """Read and check a mapping. Every fault is named with its key in `log`; then the plan holds what is sound."""
    rules = _parse(path, log)
    if rules is None:
        return Plan((), {}, path.name)
    sources = []
    for number, rule in enumerate(rules.source):
        place = f"source {number + 1} ({rule.file})"
        table = TEMPLATE.get(rule.table)
        if table is None:
            log.add(path.name, 0, f"{place}.table", _no_table(rule.table), rule.table)
            continue
        origins = tuple(_origins(rule, table, path.name, place, log))
        sources.append(
            Source(
                number, rule.file, table, origins, rule.delimiter, distinct=rule.distinct,
                skip_if_empty=rule.skip_if_empty,
            )
        )  # fmt: skip
        _check_complete(sources[-1], path.name, place, log)
    if rules.roles and not any(source.table.name == "employees" for source in sources):
        log.add(path.name, 0, "roles", because("needs a source for the table employees"))
    return Plan(tuple(sources), {role.value: names for role, names in rules.roles.items()}, path.name)


def _parse(path: Path, log: FaultLog) -> MappingFile | None:
    try:
        return MappingFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError:
        log.add(path.name, 0, "", because("cannot be read"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        log.add(path.name, 0, "", because("is not valid TOML: {detail}", detail=str(broken)))
    except ValidationError as wrong:
        for error in wrong.errors():
            key, value = _key(error["loc"]), error["input"] if isinstance(error["input"], str) else ""
            if error["type"] == "extra_forbidden":
                log.add(path.name, 0, key, _no_key(str(error["loc"][-1])))
            elif error["loc"][:1] == ("roles",) and error["loc"][-1] == "[key]":
                log.add(path.name, 0, key, _no_role(str(error["loc"][1])))
            else:
                log.add(path.name, 0, key, because("is wrong: {detail}", detail=error["msg"]), value)
    return None


def _key(location: tuple[int | str, ...]) -> str:
    """`source 2.columns.owner_id.colum`: sources are counted from 1, as people do."""
    parts = [str(part + 1) if isinstance(part, int) else part for part in location if part != "[key]"]
    return ".".join(parts).replace("source.", "source ", 1)


def _origins(rule: SourceRule, table: TemplateTable, file: str, place: str, log: FaultLog) -> Iterator[Origin]:
    for name, how in rule.columns.items():
        column = table.column(name)
        if column is None:
            log.add(file, 0, f"{place}.columns.{name}", _no_column(name, table))
            continue
        try:
            yield _origin(column, how, rule)
        except BadCell as bad:
            log.add(file, 0, f"{place}.columns.{name}", bad.reason)
    for name, constant in rule.constants.items():
        column = table.column(name)
        if column is None:
            log.add(file, 0, f"{place}.constants.{name}", _no_column(name, table))
        elif name in rule.columns:
            log.add(file, 0, f"{place}.constants.{name}", because("is given twice, as a column and as a constant"))
        else:
            try:
                taker(column, Format(time_zone=rule.time_zone))(constant)
                yield Origin(column, Format(time_zone=rule.time_zone), constant=constant, key=name)
            except BadCell as bad:
                log.add(file, 0, f"{place}.constants.{name}", bad.reason, constant)


def _origin(column: TemplateColumn, how: ColumnRule, rule: SourceRule) -> Origin:
    if sum(bool(way) for way in (how.column, how.made_from, how.same_as)) != 1:
        raise BadCell("needs one of column, made_from and same_as")
    if how.by == "name" and not (column.kind is Kind.REFERENCE and TEMPLATE[column.refers].by_name):
        raise BadCell("is not a reference to people or clients, so it cannot be given by name")
    if how.made_from and column.target != "id":
        raise BadCell("is not an id, so it cannot be made from other columns")
    written = Format(
        date_formats=how.date_format or rule.date_format,
        decimal=how.decimal or rule.decimal,
        grouping=how.grouping or rule.grouping,
        time_zone=how.time_zone or rule.time_zone,
        default=how.default,
        values=how.values,
        named=how.by == "name",
    )
    if written.default:
        taker(column, written)("")
    return Origin(
        column, written, how.column, None, how.made_from, _same_as(how.same_as, column, rule), key=column.name
    )


def _same_as(path: str, column: TemplateColumn, rule: SourceRule) -> tuple[str, str] | None:
    if not path:
        return None
    through, _, taken = path.partition(".")
    here = TEMPLATE[rule.table].column(through)
    there = TEMPLATE[here.refers].column(taken) if here is not None and here.refers else None
    if there is None or there.kind is not Kind.TEXT or column.kind is not Kind.TEXT or through not in rule.columns:
        raise BadCell("is not written as reference.column, with a text column and a reference of this source")
    return through, there.target


def _check_complete(source: Source, file: str, place: str, log: FaultLog) -> None:
    for column in source.table.columns:
        may_be_absent = not column.required or (column.target == "id" and source.table.by_name)
        if not may_be_absent and source.origin(column.name) is None:
            log.add(file, 0, f"{place}.columns", because("does not say where {column} comes from", column=column.name))


def _no_column(name: str, table: TemplateTable) -> Reason:
    names = [column.name for column in table.columns]
    return nearest(name, names, "is no column of this table", "is no column of this table; did you mean {hint}?")


def _no_table(name: str) -> Reason:
    return nearest(name, TEMPLATE, "is no table of the template", "is no table of the template; did you mean {hint}?")


def _no_key(name: str) -> Reason:
    return nearest(name, _KEYS, "is no key of a mapping", "is no key of a mapping; did you mean {hint}?")


def _no_role(name: str) -> Reason:
    return nearest(name, tuple(Role), "is no role", "is no role; did you mean {hint}?")
