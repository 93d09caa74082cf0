"""Tryton's REST interface (`user_application` "rest") as an adapter asks it: rows of a model, page by page."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import quote

from models.amounts import ZERO
from systems.receivables.answers import Fields, Misread, amount_of, rows_of
from systems.receivables.calls import Calls
from systems.receivables.failures import not_allowed
from systems.receivables.http import Answer, HttpSystem, Patience

SYSTEM = "Tryton"
PAGE = 1000  # rows in one answer: a second's work for it
CLIENTS = 100  # in one question,
LONGEST = 3000  # and characters of them: a question is an address, and proxies take 8 kB of it
_RANGE = re.compile(r"records 0-(\d+)/")

Domain = list[object]


class Question(NamedTuple):
    """Which rows of a model, and what of them. A field with dots follows relations."""

    model: str
    domain: Domain
    fields: tuple[str, ...]


class TrytonRest:
    """One database of a Tryton. Every asked field is in every row that comes out, or `Unavailable` says which is not.

    Tryton leaves out what a key may not read and says nothing about it.
    """

    def __init__(self, address: str, database: str, key: str, calls: Calls, patience: Patience) -> None:
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}  # refusals are told by their words
        self._models = f"{quote(database, safe='')}/rest/model/"
        self._http = HttpSystem(
            SYSTEM, address, calls, headers=headers, patience=patience, decode=_value, denies=_denied
        )

    def close(self) -> None:
        """Give every connection back."""
        self._http.close()

    def rows(self, question: Question, company: int | None = None, page: int = PAGE) -> Iterator[Fields]:
        """Every row by rising id; each page begins behind the last id of the one before, so that none is skipped.

        Raises `Unavailable`, and Misread for rows that nobody can have asked for.
        """
        after = 0
        while True:
            answer = self.ask(question, company, after, page)
            rows = rows_of(answer.document, page)
            _check_range(answer.headers, len(rows))
            for number, row in enumerate(rows, 1):
                fields = Fields(row, f"{question.model} {number}")
                _demand(question, row)
                if not after < (after := fields.number("id")):
                    raise fields.misread("id", "is not behind the one before")
                yield fields
            if len(rows) < page:
                return

    def ask(self, question: Question, company: int | None = None, after: int = 0, page: int = 1) -> Answer:
        """One page, unread."""
        context = {"active_test": False} | ({} if company is None else {"company": company})
        asked = [("f", name) for name in question.fields]
        asked += [("d", _packed([*question.domain, ["id", ">", after]])), ("o", _packed([["id", "ASC"]]))]
        headers = {"Range": f"records=0-{page}", "X-Tryton-Context": _packed(context)}
        return self._http.get(self._models + quote(question.model), asked, headers)


def day(on: date) -> dict[str, object]:
    """A day as Tryton writes it in a domain."""
    return {"__class__": "date", "year": on.year, "month": on.month, "day": on.day}


def related(fields: Fields, name: str) -> Fields | None:
    """The fields of a related row; None when there is none."""
    value = fields.row[name]
    if value is None:
        return None
    if not isinstance(value, dict):
        raise fields.misread(name, "is not a row")
    return Fields(value, f"{fields.place} {name}")


def related_id(fields: Fields, name: str) -> int | None:
    """The id of a related row; None when there is none."""
    other = related(fields, name)
    return None if other is None else other.number("id")


def parts_of(codes: Sequence[str]) -> Iterator[list[str]]:
    """Codes in parts that fit into one question."""
    part: list[str] = []
    length = 0
    for code in codes:
        size = len(json.dumps(code))
        if part and (len(part) == CLIENTS or length + size > LONGEST):
            yield part
            part, length = [], 0
        part.append(code)
        length += size
    if part:
        yield part


def _demand(question: Question, row: Mapping[str, object]) -> None:
    for path in question.fields:
        if not _told(row, path.split(".")):
            raise not_allowed(SYSTEM, f"{path} of {question.model}")


def _told(value: object, path: Sequence[str]) -> bool:
    """Is a field there? Behind a relation to nothing there is none."""
    if not path or value is None:
        return True
    if isinstance(value, list):
        return all(_told(each, path) for each in value)
    if not isinstance(value, dict):
        return True  # no row at all: whoever reads it says so
    return path[0] in value and _told(value[path[0]], path[1:])


def _check_range(headers: Mapping[str, str], rows: int) -> None:
    said = _RANGE.match(headers.get("content-range", ""))
    if said is None or int(said[1]) != rows:
        raise Misread("it holds another number of rows than it says")


def _denied(status: int, said: bytes) -> bool:
    return status == 400 and b"not allowed" in said


def _packed(asked: object) -> str:
    return urlsafe_b64encode(json.dumps(asked, separators=(",", ":")).encode()).decode()


def _value(told: dict[str, object]) -> object:
    """What Tryton means by an object: an amount, a day, a moment (as text, to compare), or a row."""
    match told.get("__class__"):
        case None:
            return told
        case "Decimal":
            written = told.get("decimal")  # as text: a number would have been a float on its way
            amount = amount_of(written) if isinstance(written, str) else None
            if amount is None:
                raise Misread("an amount in it is none")
            return amount or ZERO
        case "date":
            return _day(told)
        case "datetime" | "timestamp":
            return " ".join(f"{name}={value}" for name, value in sorted(told.items()))
    raise Misread("it holds what is neither amount nor day")


def _day(told: dict[str, object]) -> date:
    match told:
        case {"year": int(year), "month": int(month), "day": int(of_month)}:
            try:
                return date(year, month, of_month)
            except (ValueError, OverflowError):
                pass
    raise Misread("a day in it is none")
