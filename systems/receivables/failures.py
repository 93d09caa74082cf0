"""What can go wrong between Offboard and a system of record, with one sentence for each: adapters raise nothing else.

`answer` says in a few words what came back. It never holds an address, a key, a name or an amount.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.errors import Unavailable

NO_ANSWER = "no_answer"
RATE_LIMITED = "rate_limited"
NOT_ALLOWED = "not_allowed"
GARBLED = "garbled"
UNKNOWN_CLIENTS = "unknown_clients"
MOST_NAMED = 20


class BadRow(NamedTuple):
    """One row of a file that cannot be understood. `what` is a sentence of the catalogues that follows the field."""

    line: int
    field: str
    what: str


def no_answer(system: str, answer: object) -> Unavailable:
    """Nothing came, or not in time, or the system says itself that it has failed."""
    return Unavailable(
        "{system} does not answer ({answer}); it is asked again", system=system, answer=answer, reason=NO_ANSWER
    )


def rate_limited(system: str) -> Unavailable:
    """The system wants to be asked less often."""
    return Unavailable(
        "{system} takes no more questions for now; it is asked again later", system=system, reason=RATE_LIMITED
    )


def not_allowed(system: str, answer: object) -> Unavailable:
    """The system knows us and says no, or does not know us. Only a person can change that; a look later finds it."""
    return Unavailable(
        "{system} does not let Offboard read ({answer}). Nothing was changed there. Give its user the right to read, "
        "or put a valid key into OFFBOARD_RECEIVABLES_KEY; "
        "`offboard doctor --system receivables` says what is missing.",
        system=system,
        answer=answer,
        reason=NOT_ALLOWED,
    )


def garbled(system: str, answer: object) -> Unavailable:
    """The system answered what cannot be understood. No figure of such an answer is used."""
    return Unavailable(
        "{system} answers what cannot be understood ({answer}); none of it is used, and it is asked again",
        system=system,
        answer=answer,
        reason=GARBLED,
    )


def which_company(system: str, number: int) -> Unavailable:
    """The system keeps several books, and nobody has said which of them are ours. Only a person can."""
    return Unavailable(
        "{system} keeps the books of {number} companies, and none of them is named as ours; nothing was read. Put "
        "?company= and its name behind the address in OFFBOARD_RECEIVABLES_URL.",
        system=system,
        number=number,
        reason=NOT_ALLOWED,
    )


def unknown_clients(system: str, number: int) -> Unavailable:
    """The system was asked for clients and knows none of them. Only a person can say why; a look later finds it."""
    return Unavailable(
        "{system} knows none of the clients that were asked for ({number}); nothing is read as zero. See that it is "
        "the right company and that clients.source_key is what the system calls them.",
        system=system,
        number=number,
        reason=UNKNOWN_CLIENTS,
    )


def nothing_new(system: str, day: object, limit: object) -> Unavailable:
    """What was delivered last is too old to be used."""
    return Unavailable(
        "{system} has delivered nothing complete since {day}; what is older than {limit} days is not used. See that "
        "its next delivery arrives.",
        system=system,
        day=day,
        limit=limit,
        reason=NO_ANSWER,
    )


def bad_rows(system: str, file: object, faults: Sequence[BadRow]) -> Unavailable:
    """A file with rows that cannot be understood: the first with its reason, the others by line and column."""
    first, others = faults[0], faults[1:]
    if not others:
        return Unavailable(
            "{file} of {system} has a bad row, so none of it is used: line {line}, {field} {what}",
            system=system,
            file=file,
            line=first.line,
            field=first.field,
            what=first.what,
            reason=GARBLED,
        )
    return Unavailable(
        "{file} of {system} has {number} bad rows, so none of it is used: line {line}, {field} {what}; also {others}",
        system=system,
        file=file,
        number=len(faults),
        line=first.line,
        field=first.field,
        what=first.what,
        others=", ".join(f"{one.line} {one.field}" for one in others[:MOST_NAMED]),
        reason=GARBLED,
    )
