"""What Offboard asks of the system that keeps invoices and payments."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import NamedTuple, Protocol

from models.ageing import AgeingPolicy
from models.open_items import ExposureLine, Ledger, OpenItem, Portions, SettledItem, SourceNote
from models.reasons import Reason


class Snapshot(Protocol):
    """What a system said at one moment about some clients as of a day. Everything in it agrees with everything else.

    As of a day means: documents issued, payments made, credits given and amounts written off up to and including it.
    """

    @property
    def source(self) -> SourceNote:
        """Which system, when it was read, what it cannot tell, and how many of the clients it knows.

        A client is known whom the system has on its books, also when nothing is open; who asks for clients of whom none
        is known treats the answer as none.
        """
        ...

    def lines(self, ageing: AgeingPolicy) -> Sequence[ExposureLine]:
        """Open items added up by client, currency and bucket; the same as `models.exposure.lines_of(items())`.

        In order of client, currency and age.
        """
        ...

    def items(self) -> Iterator[OpenItem]:
        """Every open item: in order of client, due date, document and instalment, whatever order the system has."""
        ...

    def ledger(self) -> Ledger:
        """What each client owes by the system's own books, counted without looking at single open items."""
        ...


class SourceCheck(NamedTuple):
    """What a look at a live connection found: what can be read, and what cannot, in words for people.

    Anything in `broken` stops an audit; `cannot` is only what the system does not tell, as in `SourceNote`.
    """

    can: tuple[Reason, ...]
    cannot: tuple[Reason, ...] = ()
    broken: tuple[Reason, ...] = ()


class ReceivableSource(Protocol):
    """One system of record for receivables. Nothing is ever changed in it.

    Every method raises `Unavailable` when the system does not answer, refuses us, or answers what cannot be understood:
    `detail["reason"]` is `no_answer`, `rate_limited`, `not_allowed` or `garbled`, `detail["system"]` the system.
    A client that the system does not know owes nothing there, and is not counted in `SourceNote.known`; an audit of
    which the system knows no client is `Unavailable` with the reason `unknown_clients`.
    """

    @property
    def system(self) -> str:
        """Short name of the system, as people call it."""
        ...

    def snapshot(self, clients: Portions, as_of: date) -> AbstractContextManager[Snapshot]:
        """Read what these clients owe as of a day, all at the same moment."""
        ...

    def history(self, as_of: date, since: date, clients: Portions | None = None) -> Iterator[SettledItem]:
        """Invoices issued from `since` to `as_of`, settled or not as of that day; of all clients with None."""
        ...

    def check(self) -> SourceCheck:
        """Look whether everything above could be read now."""
        ...
