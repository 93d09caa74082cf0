"""Reading answers of other systems: strict JSON, and values of which nothing is guessed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.numbers import list_currencies

from models.amounts import ZERO

# What our tables can hold; more is no amount of money.
WHOLE_DIGITS = 16
PLACES = 4
SMALLEST = Decimal("0.0001")
LONGEST_TEXT = 200
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
LARGEST = 2**53  # beyond, programs in the middle may have rounded it

# What can be wrong with a value: sentences of the catalogues.
NO_TEXT = "is not a short text without blanks around it"
NOT_PRINTABLE = "holds characters that cannot be printed"
NO_WHOLE_NUMBER = "is not a whole number"
NO_FLAG = "is not true or false"
NO_AMOUNT = "is not an amount with at most 16 digits before the point and 4 after it"
NO_DAY = "is not a day between 1970-01-01 and 2199-12-31"
NO_CURRENCY = "is not the code of a currency"
MISSING = "is missing"

Decode = Callable[[dict[str, object]], object]


class Misread(ValueError):
    """An answer, or a value in it, that cannot be understood: `what` is wrong with which `field` of which `place`.

    The value itself is never told: it may be a name or an amount.
    """

    def __init__(self, what: str, field: str = "", place: str = "") -> None:
        self.what, self.field, self.place = what, field, place
        super().__init__(" ".join(part for part in (place, field, what) if part))


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def read_json(said: bytes, decode: Decode | None = None) -> object:
    """A JSON document. Numbers with a point are Decimal; a name twice, NaN and Infinity are refused.

    `decode` makes of each object what the system means by it, such as a date; it may raise Misread.
    """

    def made(pairs: Sequence[tuple[str, object]]) -> object:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Misread("it says the same name twice in one object")
        return decode(found) if decode else found

    try:
        document: object = json.loads(
            said.decode("utf-8"), parse_float=_number, parse_constant=_no_number, object_pairs_hook=made
        )
    except UnicodeDecodeError:
        raise Misread("it is not UTF-8") from None
    except RecursionError:
        raise Misread("it is nested too deep") from None
    except Misread:
        raise
    except ValueError:
        raise Misread("it is not JSON") from None
    return document


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Misread("it holds a number that no computer can hold") from None


def _no_number(_: str) -> object:
    raise Misread("it holds NaN or Infinity")


def rows_of(document: object, longest: int) -> list[dict[str, object]]:
    """The rows of an answer that is to be a list of at most so many objects."""
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise Misread("it is not a list of objects")
    if len(document) > longest:
        raise Misread(f"it has more than the {longest} rows that were asked for")
    return document


def amount_of(value: object) -> Decimal | None:
    """Money that our tables can hold: at most 16 digits before the point and four after it; None for anything else.

    Takes Decimal, int, and text such as -12.50. A float is none: it has lost its cents already. Negative zero is zero.
    """
    if isinstance(value, str):
        value = Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return None
    number = Decimal(value)
    if number.is_zero():
        return ZERO
    if not number.is_finite() or not -PLACES <= number.adjusted() < WHOLE_DIGITS:
        return None
    exact = number.quantize(SMALLEST)
    return exact if exact == number else None


@dataclass(frozen=True)
class Fields:
    """One row of an answer, read value by value; each reader raises Misread that names the field.

    `place` says which row it is, for people. `textual`: the source knows nothing but text, as a CSV file does;
    otherwise a number that is a text is a mistake of its writer.
    """

    row: Mapping[str, object]
    place: str = ""
    textual: bool = False

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """A text that is not empty, of printable characters, without blanks around it."""
        value = self._value(name)
        if not isinstance(value, str) or not value or len(value) > longest or value != value.strip():
            raise self.misread(name, NO_TEXT)
        if not value.isprintable():
            raise self.misread(name, NOT_PRINTABLE)
        return value

    def number(self, name: str) -> int:
        """A whole number."""
        value = self._value(name)
        if self.textual and isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
            raise self.misread(name, NO_WHOLE_NUMBER)
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise self.misread(name, NO_FLAG)
        return value

    def amount(self, name: str) -> Decimal:
        """Money as `amount_of` has it."""
        value = self._value(name)
        amount = None if isinstance(value, str) and not self.textual else amount_of(value)
        if amount is None:
            raise self.misread(name, NO_AMOUNT)
        return amount

    def day(self, name: str) -> date:
        """A day as 2026-11-24, between 1970 and 2199."""
        value = self._value(name)
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                raise self.misread(name, NO_DAY) from None
        if type(value) is not date or not FIRST_DAY <= value <= LAST_DAY:
            raise self.misread(name, NO_DAY)
        return value

    def currency(self, name: str) -> str:
        """The code of a currency that exists or existed, in capitals (ISO 4217)."""
        value = self._value(name)
        if not isinstance(value, str) or value not in _currencies():
            raise self.misread(name, NO_CURRENCY)
        return value

    def misread(self, name: str, what: str) -> Misread:
        """The error that names this row and the field."""
        return Misread(what, name, self.place)

    def _value(self, name: str) -> object:
        try:
            return self.row[name]
        except KeyError:
            raise self.misread(name, MISSING) from None
