"""The audit again, some time after the hand-over: what was recovered, and what clients have denied since."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from activities.receivable_facts import Books
from activities.receivables import audit_owner
from models.ageing import AgeingPolicy
from models.amounts import ZERO
from models.clearing import recovered
from models.collection import CollectionOutcome, CurrencyFigures
from models.exposure import part_of
from models.open_items import ExposureLine, Ledger, LedgerKey, OpenItem, Portions, SettledItem, SourceNote
from models.receivables import ReceivableAudit
from store import audited_items, cases, collection, confirmations, debtors, loss_experience
from store.database import Database
from systems.receivables.port import ReceivableSource, Snapshot, SourceCheck

Denied = Mapping[LedgerKey, Decimal]


def outcome_of(
    database: Database,
    source: ReceivableSource,
    case_id: str,
    portions: Portions,
    now: Sequence[OpenItem],
    as_of: date,
) -> CollectionOutcome | None:
    """What the follow-up brought so far; None where nothing was ever audited. `now` are the open items of `as_of`.

    Raises Unavailable while the system does not answer.
    """
    with database.begin() as connection:
        found = collection.newest_audit(connection, case_id)
        if found is None:
            return None
        digest, before = found
        case = cases.get(connection, case_id)
        books = Books(  # the clients have other owners by now, so the parts come from the plans
            portions=portions,
            debtors=debtors.facts_of(connection, portions, as_of),
            observed=loss_experience.rates_of(connection, case.policy.ageing, as_of, datetime.now(UTC)),
        )
        denied = denied_of(connection, case_id, portions)
        buckets = recovered(audited_items.read(connection, case_id, digest), now, case.policy.ageing, before.as_of)
    after = audit_owner(_WithDenials(source, denied), books, case.policy, as_of)
    return CollectionOutcome(as_of=as_of, buckets=buckets, figures=_figures(before, after))


def denied_of(connection: Connection, case_id: str, portions: Portions) -> dict[LedgerKey, Decimal]:
    """What clients say that they do not owe: the part of it that is the leaver's, by client and currency."""
    return {
        LedgerKey(letter.client, letter.currency): part_of(letter.disputed, portions[letter.client])
        for letter in confirmations.of_case(connection, case_id)
        if letter.disputed > 0 and letter.client in portions
    }


def with_denials(lines: Iterable[ExposureLine], denied: Denied) -> list[ExposureLine]:
    """Lines in which as much is disputed as their client denies: of the oldest first, never more than is open.

    What the books hold as disputed already counts towards it.
    """
    every = list(lines)
    left = dict(denied)
    for line in every:
        account = LedgerKey(line.client, line.currency)
        if account in left:
            left[account] -= line.disputed
    for place in reversed(range(len(every))):
        line = every[place]
        account = LedgerKey(line.client, line.currency)
        more = min(left.get(account, ZERO), line.outstanding - line.disputed)
        if more > 0:
            left[account] -= more
            items = max(1, line.disputed_items)
            every[place] = line._replace(disputed=line.disputed + more, disputed_items=items)
    return every


class _WithDenials:
    """A source whose lines also hold what clients denied in their answers to us."""

    def __init__(self, source: ReceivableSource, denied: Denied) -> None:
        self._source = source
        self._denied = denied

    @property
    def system(self) -> str:
        """See ReceivableSource."""
        return self._source.system

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[Snapshot]:
        """See ReceivableSource."""
        with self._source.snapshot(clients, as_of) as found:
            yield _DeniedSnapshot(found, self._denied)

    def history(self, as_of: date, since: date, clients: Portions | None = None) -> Iterator[SettledItem]:
        """See ReceivableSource."""
        return self._source.history(as_of, since, clients)

    def check(self) -> SourceCheck:
        """See ReceivableSource."""
        return self._source.check()


class _DeniedSnapshot:
    def __init__(self, found: Snapshot, denied: Denied) -> None:
        self._found = found
        self._denied = denied

    @property
    def source(self) -> SourceNote:
        return self._found.source

    def lines(self, ageing: AgeingPolicy) -> Sequence[ExposureLine]:
        return with_denials(self._found.lines(ageing), self._denied)

    def items(self) -> Iterator[OpenItem]:
        return self._found.items()

    def ledger(self) -> Ledger:
        return self._found.ledger()


def _figures(before: ReceivableAudit, after: ReceivableAudit) -> tuple[CurrencyFigures, ...]:
    was = {each.currency: each for each in before.currencies}
    now = {each.currency: each for each in after.currencies}
    return tuple(
        CurrencyFigures(
            currency=currency,
            before=was[currency].figures if currency in was else (),
            after=now[currency].figures if currency in now else (),
            expected_credit_loss_before=was[currency].expected_credit_loss if currency in was else None,
            expected_credit_loss_after=now[currency].expected_credit_loss if currency in now else ZERO,
        )
        for currency in sorted({*was, *now})
    )
