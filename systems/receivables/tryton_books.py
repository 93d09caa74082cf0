"""What is read of Tryton's books: lines of receivable accounts, and the invoices that they belong to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from models.amounts import ZERO
from systems.receivables.answers import Fields, Misread
from systems.receivables.tryton_rest import Domain, Question, day, related, related_id

LINE, INVOICE = "account.move.line", "account.invoice"
BLOCKED = "dunnings.blocked"
BOOKED = (
    "id", "write_date", "party.code", "debit", "credit", "second_currency.code", "amount_second_currency",
    "maturity_date", "reconciliation.id",
)  # fmt: skip
ABOUT_LINES = (*BOOKED, "date", "move.number", "move_origin", "invoice_payment.id")
ABOUT_INVOICES = ("id", "number", "invoice_date", "move.id")
ORIGIN = "account.invoice,"
LONGEST_CODE = 200
IDS = 300  # in one question


class Booking(NamedTuple):
    """One line of a receivable account, as a balance needs it. Positive is owed by the client.

    `worth` is in the company's currency, `amount` in the line's own. `match` is the reconciliation that it belongs to,
    `changed` says when somebody last touched it.
    """

    id: int
    changed: object
    client: str
    amount: Decimal
    worth: Decimal
    currency: str
    foreign: bool
    due_on: date | None
    match: int | None


class Line(NamedTuple):
    """A booking with its day, its move, and the invoices that it comes from or pays."""

    booking: Booking
    on_day: date
    move: int
    number: str
    origin: int | None
    pays: int | None
    disputed: bool


class Invoice(NamedTuple):
    """A posted invoice or credit note, whatever has become of it since."""

    id: int
    number: str
    on_day: date
    move: int


class Scope(NamedTuple):
    """What is asked about: a company with its currency, some clients by their codes, up to the end of a day."""

    company: int
    currency: str
    codes: Sequence[str]
    as_of: date


def lines_asked(scope: Scope, *, disputes: bool, settled: bool) -> Question:
    """Lines with everything; of disputes nothing when this Tryton has no dunning.

    Unless `settled` is asked for too, only lines that are matched with nothing, or with something after the day.
    """
    still_open: Domain = [] if settled else [_unmatched(scope)]
    return Question(LINE, [*_posted(scope), *still_open], _about(disputes=disputes))


def matched_asked(scope: Scope, moves: Sequence[int], *, disputes: bool) -> Question:
    """The lines of some moves that are matched with something."""
    domain = [*_posted(scope), ["move", "in", list(moves)], ["reconciliation", "!=", None]]
    return Question(LINE, domain, _about(disputes=disputes))


def bookings_asked(scope: Scope) -> Question:
    """Every line, only to add them up."""
    return Question(LINE, _posted(scope), BOOKED)


def invoices_asked(scope: Scope, ids: Sequence[int]) -> Question:
    """Some invoices, those that are in the books of that day."""
    domain: Domain = [["company", "=", scope.company], ["id", "in", list(ids)], ["move.date", "<=", day(scope.as_of)]]
    return Question(INVOICE, domain, ABOUT_INVOICES)


def parts_of_ids(ids: Iterable[int]) -> Iterator[list[int]]:
    """Ids in parts that fit into one question."""
    found = sorted(set(ids))
    return (found[start : start + IDS] for start in range(0, len(found), IDS))


def booking_of(fields: Fields, scope: Scope) -> Booking:
    """Raises Misread when a row cannot be meant, or was not asked for."""
    worth = fields.amount("debit") - fields.amount("credit")
    second = related(fields, "second_currency")
    amount = worth if second is None else fields.amount("amount_second_currency")
    if amount * worth < 0:
        raise fields.misread("amount_second_currency", "has another sign than what it is worth")
    return Booking(
        id=fields.number("id"),
        changed=fields.row["write_date"],
        client=_client(fields, scope),
        amount=amount,
        worth=worth,
        currency=scope.currency if second is None else second.currency("code"),
        foreign=second is not None,
        due_on=None if fields.row["maturity_date"] is None else fields.day("maturity_date"),
        match=related_id(fields, "reconciliation"),
    )


def line_of(fields: Fields, scope: Scope) -> Line:
    """Raises Misread as `booking_of` does."""
    booking, on_day, move = booking_of(fields, scope), fields.day("date"), related(fields, "move")
    if on_day > scope.as_of or move is None:
        raise fields.misread("date", "was not asked for")
    return Line(
        booking=booking,
        on_day=on_day,
        move=move.number("id"),
        number=move.text("number"),
        origin=_origin(fields),
        pays=related_id(fields, "invoice_payment"),
        disputed=_blocked(fields),
    )


def invoice_of(fields: Fields, asked: Sequence[int]) -> Invoice:
    """Raises Misread as `booking_of` does."""
    move, number = related_id(fields, "move"), fields.number("id")
    if move is None or number not in asked:
        raise fields.misread("id", "was not asked for")
    return Invoice(number, fields.text("number"), fields.day("invoice_date"), move)


def settled_matches(bookings: Iterable[Booking]) -> frozenset[int]:
    """Reconciliations of which every line is there: together they are worth nothing.

    Nobody owes anything for them, whatever currencies they were in; differences of exchange are inside.
    """
    worth: dict[int, Decimal] = defaultdict(Decimal)
    for booking in bookings:
        if booking.match is not None:
            worth[booking.match] += booking.worth
    return frozenset(match for match, sum_ in worth.items() if not sum_)


def owed(bookings: Sequence[Booking]) -> dict[tuple[str, str], Decimal]:
    """What each client owes in each currency by these lines alone: the ledger."""
    settled, foreign = settled_matches(bookings), foreign_matches(bookings)
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for booking in bookings:
        if booking.match not in settled and not is_exchange(booking, foreign):
            sums[booking.client, booking.currency] += booking.amount
    return sums


def foreign_matches(bookings: Iterable[Booking]) -> frozenset[int]:
    """Reconciliations with a line in a foreign currency."""
    return frozenset(booking.match for booking in bookings if booking.foreign and booking.match is not None)


def is_exchange(booking: Booking, foreign: frozenset[int]) -> bool:
    """Is this line only a difference of exchange? It is worth something, and owed by nobody."""
    return booking.match in foreign and not booking.foreign and booking.due_on is None


def _posted(scope: Scope) -> Domain:
    return [
        ["company", "=", scope.company],
        ["account.type.receivable", "=", True],
        ["move_state", "=", "posted"],
        ["date", "<=", day(scope.as_of)],
        ["party.code", "in", list(scope.codes)],
    ]


def _unmatched(scope: Scope) -> object:
    return ["OR", ["reconciliation", "=", None], ["reconciliation.lines.date", ">", day(scope.as_of)]]


def _about(*, disputes: bool) -> tuple[str, ...]:
    return (*ABOUT_LINES, *((BLOCKED,) if disputes else ()))


def _client(fields: Fields, scope: Scope) -> str:
    party = related(fields, "party")
    code = "" if party is None else party.text("code", longest=LONGEST_CODE)
    if code not in scope.codes:
        raise fields.misread("party", "was not asked for")
    return code


def _origin(fields: Fields) -> int | None:
    """The id of the invoice that a move comes from. Tryton writes a reference as text: account.invoice,17."""
    if fields.row["move_origin"] is None:
        return None
    model, _, number = fields.text("move_origin").partition(",")
    if f"{model}," != ORIGIN:
        return None
    if not number.isdecimal():
        raise fields.misread("move_origin", "names no row")
    return int(number)


def _blocked(fields: Fields) -> bool:
    """Is the line in a dunning that somebody has blocked? Tryton on SQLite answers 1 for true."""
    dunnings = fields.row.get("dunnings", [])
    if not isinstance(dunnings, list) or not all(isinstance(each, dict) for each in dunnings):
        raise Misread("is not a list of rows", "dunnings", fields.place)
    told = [each["blocked"] for each in dunnings]
    if not all(value in (0, 1, True, False, None) for value in told):
        raise Misread("is not true or false", BLOCKED, fields.place)
    return any(told)
