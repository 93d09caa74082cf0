"""The receivable audit: ageing, expected credit loss and the check against the ledger. Exact Decimals, no rounding.

Credits (credit notes, unapplied cash, overpayments) stay where their age puts them and lower what their client owes
there, so that the buckets always add up to the ledger. They never lower the loss that is expected of somebody else:
the expected credit loss is made per client and bucket from what the client owes there, at least zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

from models.ageing import AgeingPolicy
from models.amounts import PRECISION, ZERO, plain, share_of
from models.base import ClientId
from models.collection_figures import Closing, SalesWindow, figures
from models.exchange import Quote, in_reporting_currency
from models.expected_loss import ClientLoss, add_up, loss_of
from models.loss_drivers import drivers
from models.loss_rates import EVERYBODY, Rates
from models.open_items import ExposureLine, Ledger, LedgerKey, Portion, Portions, SourceNote
from models.payment_forecast import PaymentForecast
from models.receivables import (
    ClientReceivables,
    CommissionExposure,
    CurrencyAudit,
    Debtors,
    RateTable,
    ReceivableAudit,
    Segments,
)
from models.reconciliation import Reconciliation, reconcile

ALL_OF_IT = Portion(key="")


class AuditFacts(NamedTuple):
    """What an audit knows beside open items and ledger. Nothing of it is needed; what is left out is not shown.

    `segments` and `singly` make the loss, `contested` raises it: what a client disputes by letter, in the salesperson's
    part. `portions` are shown beside each client, `observed` are loss rates of the company's past (used when the policy
    says so), `quotes` exchange rates, `windows` what DSO and CEI are made of.
    """

    segments: Segments = {}
    singly: Debtors = {}
    contested: Ledger = {}
    portions: Portions = {}
    observed: tuple[RateTable, ...] = ()
    quotes: tuple[Quote, ...] = ()
    windows: tuple[SalesWindow, ...] = ()
    forecast: PaymentForecast | None = None
    commission: CommissionExposure | None = None


def audit(
    lines: Iterable[ExposureLine],
    ledger: Ledger,
    facts: AuditFacts,
    ageing: AgeingPolicy,
    as_of: date,
    *,
    source: SourceNote | None = None,
) -> ReceivableAudit:
    """Audit what one salesperson's clients owe as of a day; `AuditFacts()` when nothing else is known.

    `ledger` is what each client owes by the books, from a count of its own, before shares. A currency without open
    items appears only when a client's ledger balance in it is not zero, and is then unreconciled. The order of the
    lines does not matter.
    """
    with localcontext(prec=PRECISION):
        books = _books(lines)
        checks = reconcile(books, ledger)
        audits = [
            _audit_currency(currency, books.get(currency, {}), checks[currency], facts, ageing, as_of)
            for currency in sorted(checks)
            if currency in books or not checks[currency].agrees
        ]
        audits.sort(key=lambda each: (-each.open_items, each.currency))
        reporting = in_reporting_currency(audits, facts.quotes, ageing, as_of)
    return ReceivableAudit(
        as_of=as_of,
        basis=ageing.basis,
        main=audits[0] if audits else None,
        others=tuple(audits[1:]),
        reporting=reporting,
        observed_rates=facts.observed,
        forecast=facts.forecast,
        commission=facts.commission,
        source=source,
    )


def _books(lines: Iterable[ExposureLine]) -> dict[str, dict[ClientId, list[ExposureLine]]]:
    """Lines by currency and client."""
    books: dict[str, dict[ClientId, list[ExposureLine]]] = {}
    for line in lines:
        books.setdefault(line.currency, {}).setdefault(line.client, []).append(line)
    return books


def _audit_currency(
    currency: str,
    book: Mapping[ClientId, Sequence[ExposureLine]],
    check: Reconciliation,
    facts: AuditFacts,
    ageing: AgeingPolicy,
    as_of: date,
) -> CurrencyAudit:
    books = _losses(currency, book, facts, ageing)
    labels = [bucket.label for bucket in ageing.buckets]
    lost = add_up(books, labels)
    every = [line for lines in book.values() for line in lines]
    clients = _clients(books, facts.portions)
    total = sum((line.outstanding for line in every), ZERO)
    overdue = sum((line.overdue for line in every), ZERO)
    closing = Closing(total, overdue, _largest_share(clients))
    return CurrencyAudit(
        currency=currency,
        total=plain(total),
        overdue=plain(overdue),
        buckets=_sums(every, labels),
        bucket_items=_counts(every, labels),
        also=_sums(every, [limit.label for limit in ageing.also], also=True),
        open_items=sum(line.items for line in every),
        disputed_items=sum(line.disputed_items for line in every),
        disputed=plain(sum((line.disputed for line in every), ZERO)),
        expected_credit_loss=plain(lost.loss),
        bucket_losses=lost.buckets,
        singly=plain(lost.singly),
        singly_loss=plain(lost.singly_loss),
        bad_debt_coefficient=lost.coefficient,
        drivers=drivers(currency, books, lost),
        largest_client_share=closing.largest_client_share,
        reconciled=check.agrees,
        ledger_balance=plain(total + check.difference),
        unreconciled=check.clients,
        figures=tuple(figures(each, closing, as_of) for each in facts.windows if each.currency == currency),
        clients=clients,
    )


def _losses(
    currency: str, book: Mapping[ClientId, Sequence[ExposureLine]], facts: AuditFacts, ageing: AgeingPolicy
) -> list[ClientLoss]:
    """What is expected to be lost, client by client."""
    rates = Rates(ageing, next((table for table in facts.observed if table.currency == currency), None))
    return [
        loss_of(
            client,
            lines,
            rates.of(facts.segments.get(client, EVERYBODY)),
            facts.singly.get(client),
            facts.contested.get(LedgerKey(client, currency), ZERO),
        )
        for client, lines in book.items()
    ]


def _largest_share(clients: Iterable[ClientReceivables]) -> Decimal:
    owed = [client.total for client in clients if client.total > 0]
    return share_of(max(owed, default=ZERO), sum(owed, ZERO))


def _clients(books: Sequence[ClientLoss], portions: Portions) -> tuple[ClientReceivables, ...]:
    """One line a client: the largest debt first, ties by id."""
    lines = [_client(each, portions.get(each.client, ALL_OF_IT)) for each in books]
    return tuple(sorted(lines, key=lambda line: (-line.total, line.client)))


def _client(found: ClientLoss, portion: Portion) -> ClientReceivables:
    lines = found.lines
    return ClientReceivables(
        client=found.client,
        total=plain(found.total),
        overdue=plain(sum((line.overdue for line in lines), ZERO)),
        open_items=sum(line.items for line in lines),
        disputed_items=sum(line.disputed_items for line in lines),
        oldest_days_past_due=max(line.oldest_days for line in lines),
        expected_credit_loss=plain(found.loss),
        portion=plain(portion.high - portion.low),
        singly=found.singly,
    )


def _sums(lines: Iterable[ExposureLine], labels: Sequence[str], *, also: bool = False) -> dict[str, Decimal]:
    sums = dict.fromkeys(labels, ZERO)
    if sums:
        for line in lines:
            sums[line.also if also else line.bucket] += line.outstanding
    return {label: plain(balance) for label, balance in sums.items()}


def _counts(lines: Iterable[ExposureLine], labels: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(labels, 0)
    for line in lines:
        counts[line.bucket] += line.items
    return counts
