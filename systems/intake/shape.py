"""How a row of a file becomes a row of the staging table."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.reasons import Reason, because
from systems.intake.columns import Kind, TemplateColumn
from systems.intake.sources import Origin, Source
from systems.intake.values import Take, taker

Ready = list[str | None]
Complaint = tuple[str, Reason, str]  # column, reason, value
Check = Callable[[Ready], Complaint | None]
Step = Callable[[Ready, list[str]], None]


@dataclass(frozen=True)
class Cell:
    """One value of a row, made by `take` from the cell at `at`. `shown` is the name of the column in the file."""

    at: int
    take: Take
    shown: str
    column: TemplateColumn


@dataclass(frozen=True)
class Shape:
    """`cells` give the values in order, `steps` add what needs several cells, `checks` compare the values.

    `targets` are the columns of our table that the row fills, `key` the position of what tells rows apart.
    """

    cells: tuple[Cell, ...]
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    targets: tuple[str, ...]
    key: int
    width: int
    skip: tuple[int, ...]


def shape_of(source: Source, header: list[str], *, dirty: bool) -> Shape:
    """Bind a source to the header of its file."""
    origins = [
        origin
        for origin in source.origins
        if origin.same_as is None and not (origin.optional and origin.header not in header)
    ]
    cells = tuple(_cell(origin, header, dirty=dirty) for origin in origins)
    at = {cell.column.name: position for position, cell in enumerate(cells)}
    steps = [
        _make_id(at[origin.column.name], origin, header, source.table.name[:3])
        for origin in origins
        if origin.made_from
    ]
    targets = [cell.column.target for cell in cells]
    key = at[source.table.id_column.name if source.gives_id else "name"]
    if source.table.by_name:
        steps.append(_source_key(key, named=not source.gives_id))
        targets.append("source_key")
    return Shape(
        cells=cells,
        steps=tuple(steps),
        checks=tuple(_checks(cells, at)),
        targets=tuple(targets),
        key=key,
        width=len(header),
        skip=tuple(header.index(name) for name in source.skip_if_empty),
    )


def _cell(origin: Origin, header: list[str], *, dirty: bool) -> Cell:
    if origin.constant is not None:
        value = taker(origin.column, origin.written)(origin.constant)
        return Cell(0, lambda _text: value, origin.column.name, origin.column)
    if origin.made_from:
        return Cell(0, lambda _text: None, origin.made_from[0], origin.column)
    take = taker(origin.column, origin.written, dirty=dirty)
    return Cell(header.index(origin.header), take, origin.header, origin.column)


def _make_id(position: int, origin: Origin, header: list[str], prefix: str) -> Step:
    """An id without meaning, the same for the same cells on every import."""
    indexes = [header.index(name) for name in origin.made_from]

    def step(values: Ready, row: list[str]) -> None:
        parts = "\x1f".join(row[index].strip() for index in indexes)
        fingerprint = hashlib.blake2b(parts.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
        values[position] = f"{prefix}-{fingerprint}"

    return step


def _source_key(position: int, *, named: bool) -> Step:
    """The key by which a row is found again on the next import: its id, or its name where the source has no ids."""

    def step(values: Ready, _row: list[str]) -> None:
        key = values[position]
        values.append(f"name:{key}" if named and key is not None else key)

    return step


def _checks(cells: tuple[Cell, ...], at: dict[str, int]) -> Iterator[Check]:
    currencies = {cell.column.prices: position for position, cell in enumerate(cells) if cell.column.prices}
    always = any(cell.column.kind is Kind.CURRENCY and cell.column.required for cell in cells)
    for position, cell in enumerate(cells):
        earlier = cell.column.not_before
        if earlier in at:
            yield _in_order(position, at[earlier], cell.shown, cells[at[earlier]].shown)
        other = at.get(cell.column.or_else)
        if cell.column.or_else and (other is None or position < other):
            yield _one_of_two(position, other, cells)
        if cell.column.kind is Kind.AMOUNT and not cell.column.required and not always:
            yield _priced(currencies.get(cell.column.name), position, cells)


def _in_order(later: int, earlier: int, shown: str, earlier_shown: str) -> Check:
    def check(values: Ready) -> Complaint | None:
        first, second = values[earlier], values[later]
        if first is not None and second is not None and second < first:
            return shown, because("is before {column}", column=earlier_shown), second
        return None

    return check


def _one_of_two(one: int, other: int | None, cells: tuple[Cell, ...]) -> Check:
    shown, column = cells[one].shown, cells[one].column.or_else

    def check(values: Ready) -> Complaint | None:
        if values[one] is None and (other is None or values[other] is None):
            return shown, because("is empty, and so is {column}", column=column), ""
        return None

    return check


def _priced(currency: int | None, amount: int, cells: tuple[Cell, ...]) -> Check:
    shown = cells[amount].shown
    missing = "currency" if currency is None else cells[currency].shown

    def check(values: Ready) -> Complaint | None:
        if values[amount] is not None and (currency is None or values[currency] is None):
            return missing, because("is empty although {column} is given", column=shown), ""
        return None

    return check
