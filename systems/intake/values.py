"""From the text of a cell to the text that PostgreSQL takes. Pure; a cell that cannot be taken raises BadCell."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.numbers import list_currencies

from systems.intake.columns import Kind, TemplateColumn
from systems.intake.report import BadCell

Take = Callable[[str], str | None]

_REMEMBERED = (
    50_000  # distinct cells of a column that are kept: days and currencies repeat, a million amounts need not stay
)
_YES_NO = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "是"), "true"),
    **dict.fromkeys(("no", "n", "false", "f", "0", "否"), "false"),
}
_AMOUNT = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,4})?")
_DECIMALS = re.compile(r"-?[0-9]+\.[0-9]{5,}")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Format:
    """How a source writes its cells. `date_formats` as in `datetime.strptime`; without any, ISO dates."""

    date_formats: tuple[str, ...] = ()
    decimal: str = "."
    grouping: str = ""
    time_zone: str = ""
    default: str = ""
    values: dict[str, str] = field(default_factory=dict)
    named: bool = False  # a reference that is given by name


class _Remembered(dict[str, str | None]):
    """Each distinct cell is looked at once."""

    def __init__(self, take: Take) -> None:
        super().__init__()
        self._take = take

    def __missing__(self, cell: str) -> str | None:
        taken = self._take(cell)
        if len(self) < _REMEMBERED:
            self[cell] = taken
        return taken


def taker(column: TemplateColumn, written: Format, *, dirty: bool = False) -> Take:
    """The function for one column: trims, replaces, fills the default, checks. None means that nothing is given.

    `dirty` also looks for NUL bytes and for bytes that are no text.
    """
    check = _check_of(column, written)
    default = written.default

    def take(cell: str) -> str | None:
        if dirty:
            _refuse_dirt(cell)
        given = cell.strip()
        given = written.values.get(given, given) or default
        if not given:
            if column.required:
                raise BadCell("is empty and must not be")
            return None
        return check(given)

    repeats = column.kind not in (Kind.ID, Kind.PERSON_ID)
    return _Remembered(take).__getitem__ if repeats else take


def _check_of(column: TemplateColumn, written: Format) -> Callable[[str], str]:
    if column.kind is Kind.REFERENCE:
        return _text if written.named else _identifier
    special: dict[Kind, Callable[[str], str]] = {
        Kind.DATE: lambda given: _day(given, written.date_formats),
        Kind.MOMENT: lambda given: _moment(given, written),
        Kind.AMOUNT: lambda given: _amount(given, written.decimal, written.grouping),
        Kind.WHOLE: lambda given: _whole(given, column.low, column.high),
        Kind.NUMBER: lambda given: _number(given, column, written),
        Kind.ONE_OF: lambda given: _one_of(given, column.choices),
        Kind.SEVERAL_OF: lambda given: _several_of(given, column.choices),
        Kind.GRADE: lambda given: _grade(given, column.choices),
    }
    return special.get(column.kind) or _PLAIN[column.kind]


def _text(given: str) -> str:
    return given


def _identifier(given: str) -> str:
    if len(given) > 64:
        raise BadCell("is longer than the 64 characters of an id")
    return given


def _person_identifier(given: str) -> str:
    if "/" in given or any(letter.isspace() for letter in given):
        raise BadCell("holds a blank or a slash, which the id of a person may not")
    return _identifier(given)


def _email(given: str) -> str:
    name, at, domain = given.rpartition("@")
    if not (name and at and domain) or any(letter.isspace() or letter in ",;<>()" for letter in given):
        raise BadCell("is not an e-mail address")
    return given


def _currency(given: str) -> str:
    if given not in _currencies():
        raise BadCell("is not an ISO currency code such as CNY or USD")
    return given


def _time_zone(given: str) -> str:
    if given not in _time_zones():
        raise BadCell("is not a time zone such as Asia/Shanghai")
    return given


def _country(given: str) -> str:
    code = _countries().get(given.casefold())
    if code is None:
        raise BadCell("is not a country: give its ISO code, such as CN, or its name")
    return code


def _destination(given: str) -> str:
    """Of a mail address its domain: who it was sent to is nobody's business here."""
    return given.rpartition("@")[2].strip(" >").lower() or given.lower()


def _yes_no(given: str) -> str:
    try:
        return _YES_NO[given.casefold()]
    except KeyError:
        raise BadCell("is neither yes nor no") from None


_PLAIN: dict[Kind, Callable[[str], str]] = {
    Kind.ID: _identifier,
    Kind.PERSON_ID: _person_identifier,
    Kind.TEXT: _text,
    Kind.EMAIL: _email,
    Kind.CURRENCY: _currency,
    Kind.TIME_ZONE: _time_zone,
    Kind.COUNTRY: _country,
    Kind.YES_NO: _yes_no,
    Kind.DESTINATION: _destination,
}


def _day(given: str, formats: tuple[str, ...]) -> str:
    day = _parse_day(given, formats)
    if not 1900 <= day.year <= 2199:
        raise BadCell("is a date outside the years 1900 to 2199")
    return day.isoformat()


def _parse_day(given: str, formats: tuple[str, ...]) -> date:
    for form in formats:
        try:
            return datetime.strptime(given, form).date()  # noqa: DTZ007  (a calendar day has no zone)
        except ValueError:
            continue
    if not formats and _ISO_DAY.fullmatch(given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise BadCell("is not a day of the calendar") from None
    if formats:
        raise BadCell("is not a date written as {format}", format=" or ".join(formats))
    raise BadCell("is not a date written as 2026-11-24")


def _moment(given: str, written: Format) -> str:
    moment = _parse_moment(given, written.date_formats)
    if moment.tzinfo is None:
        if not written.time_zone:
            raise BadCell("is a time without a zone; write it as 2026-11-24T09:00:00Z")
        moment = moment.replace(tzinfo=ZoneInfo(written.time_zone))
    if not 1900 <= moment.year <= 2199:
        raise BadCell("is a date outside the years 1900 to 2199")
    return moment.isoformat()


def _parse_moment(given: str, formats: tuple[str, ...]) -> datetime:
    for form in formats:
        try:
            return datetime.strptime(given, form)  # noqa: DTZ007  (the zone is added by the caller)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        raise BadCell("is not a time written as 2026-11-24T09:00:00Z") from None


def _amount(given: str, decimal: str, grouping: str) -> str:
    plain = given
    if grouping and grouping in given:
        whole = given.partition(decimal)[0]
        if not re.fullmatch(rf"-?[0-9]{{1,3}}({re.escape(grouping)}[0-9]{{3}})+", whole):
            raise BadCell("is not an amount with groups of three digits")
        plain = whole.replace(grouping, "") + given[len(whole) :]
    if decimal != ".":
        if "." in plain:
            raise BadCell("is not an amount written with {decimal} before the decimals", decimal=decimal)
        plain = plain.replace(decimal, ".")
    if _AMOUNT.fullmatch(plain):
        return plain
    if _DECIMALS.fullmatch(plain):
        raise BadCell("has more than 4 decimals")
    raise BadCell("is not an amount written as 1234.50")


def _whole(given: str, low: int, high: int) -> str:
    if not re.fullmatch(r"-?[0-9]{1,9}", given) or not low <= int(given) <= high:
        raise BadCell("is not a whole number from {low} to {high}", low=low, high=high)
    return given


def _number(given: str, column: TemplateColumn, written: Format) -> str:
    plain = given.replace(written.decimal, ".") if written.decimal != "." and "." not in given else given
    fits = re.fullmatch(rf"[0-9]{{1,9}}(\.[0-9]{{1,{column.decimals}}})?", plain)
    if not fits or not column.low <= Decimal(plain) <= column.high:
        raise BadCell(
            "is not a number from {low} to {high} with at most {decimals} decimals",
            low=column.low,
            high=column.high,
            decimals=column.decimals,
        )
    return plain


def _one_of(given: str, choices: tuple[str, ...]) -> str:
    if given not in choices:
        raise BadCell("is not one of {choices}", choices=", ".join(choices))
    return given


def _grade(given: str, names: tuple[str, ...]) -> str:
    numbers = {str(number): str(number) for number in range(1, len(names) + 1)}
    grades = numbers | dict(zip(names, numbers, strict=True))
    if given not in grades:
        raise BadCell("is not one of {choices}", choices=", ".join(names))
    return grades[given]


def _several_of(given: str, choices: tuple[str, ...]) -> str:
    parts = [part.strip() for part in given.split(";") if part.strip()]
    for part in parts:
        if part not in choices:
            raise BadCell("is not one of {choices}", choices=", ".join(choices))
    return "{" + ",".join(dict.fromkeys(parts)) + "}"


def _refuse_dirt(cell: str) -> None:
    if "\0" in cell:
        raise BadCell("holds a NUL byte")
    if any("\ud800" <= letter <= "\udfff" for letter in cell):
        raise BadCell("holds bytes that are neither UTF-8 nor GB18030 text")


@cache
def _currencies() -> frozenset[str]:
    return frozenset(code for code in list_currencies() if len(code) == 3)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _countries() -> dict[str, str]:
    # Territories also hold continents (`001`) and groups (`EU`); a country has two letters and is not one of these.
    groups = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    found: dict[str, str] = {}
    for locale in (Locale("en"), Locale("zh")):
        for code, name in locale.territories.items():
            country = str(code)
            if len(country) == 2 and country not in groups:
                found |= {country.casefold(): country, str(name).casefold(): country}
    return found
