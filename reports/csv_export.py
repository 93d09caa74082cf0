"""Open items as CSV for spreadsheets: amounts stay numbers, and no text is ever run as a formula."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from unicodedata import category

from models.explanation import Explanation

# What makes a spreadsheet take a cell for a formula (OWASP, ASVS 1.2.10), and the full-width twins of these signs.
DANGEROUS = tuple("=+-@|%\t\r\n\0＝＋－＠")
_BLANK = " \u00a0\u3000\ufeff\u200b"
_AFTER_SEPARATOR = re.compile(f'([;\t\r\n][{_BLANK}"]*)(?=[{re.escape("".join(DANGEROUS))}])')
BYTE_ORDER_MARK = "\ufeff"  # so that a spreadsheet reads Chinese as Chinese


def guarded(text: str) -> str:
    """The text as a cell that stays text: with an apostrophe wherever a formula could begin.

    That is at its start, and after what a spreadsheet set to another separator than the comma takes for one.
    """
    inside = _AFTER_SEPARATOR.sub(r"\1'", text)
    begins = text.startswith(DANGEROUS) or _seen(text).startswith((*DANGEROUS, "'"))
    return f"'{inside}" if begins else inside


def _seen(text: str) -> str:
    """The text from its first sign that is seen: blanks, control and direction signs may be lost on the way."""
    seen = (at for at, sign in enumerate(text) if not (sign.isspace() or sign in _BLANK or category(sign)[0] == "C"))
    return text[next(seen, len(text)) :]


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """RFC 4180: text is quoted and guarded, numbers and days are neither."""
    lines = [",".join(_quoted(name) for name in header), *(",".join(map(_cell, row)) for row in rows)]
    return (BYTE_ORDER_MARK + "".join(f"{line}\r\n" for line in lines)).encode()


def explanation_csv(found: Explanation, clients: Mapping[str, str]) -> bytes:
    """The items behind a figure, or its parts where no items stand behind it. `clients` are names by id."""
    source = (found.source.system, found.source.read_at.isoformat()) if found.source else ("", "")
    beside = (found.figure.name, found.version, found.as_of, *source)
    tail = ("figure", "version", "as_of", "system", "read_at")
    if not found.figure.items_of:
        parts = ((each.what, each.of, each.base, each.rate, each.amount, *beside) for each in found.figure.parts)
        return csv_of(("what", "of", "base", "rate", "amount", *tail), parts)
    header = ("document", "instalment", "kind", "client", "client_name", "issued_on", "due_on", "days_past_due")
    sums = ("amount", "outstanding", "disputed", "counts", "currency")
    rows = (
        (
            each.document,
            each.instalment,
            each.kind.value,
            each.client,
            clients.get(each.client, ""),
            each.issued_on,
            each.due_on,
            each.days_past_due,
            *(each.amount, each.outstanding, each.disputed, each.counts, each.currency),
            *beside,
        )
        for each in found.items
    )
    return csv_of((*header, *sums, *tail), rows)


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | date):
        return str(value)
    return _quoted(guarded("" if value is None else str(value)))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""').replace("\0", "") + '"'
