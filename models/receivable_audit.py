"""The receivable audit: ageing, expected credit loss and the check against the ledger. Exact Decimals, no rounding.

Overpayments. An item with a negative balance (more paid than invoiced) stays where its age puts it and lowers what its
client owes there, so that the buckets always add up to the ledger. It never lowers the loss that is expected of
somebody else: the expected credit loss is made per client and bucket from what the client owes there, at least zero.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, localcontext

from models.amounts import ONE, PRECISION, ZERO, plain, share_of
from models.receivables import (
    AgeingBasis,
    AgeingPolicy,
    Bucket,
    ClientReceivables,
    CurrencyAudit,
    OpenItem,
    ReceivableAudit,
)

TOLERANCE = Decimal("0.01")


def audit(
    items: Sequence[OpenItem], ledger_balances: dict[str, Decimal], policy: AgeingPolicy, as_of: date
) -> ReceivableAudit:
    """Audit the open items of one salesperson's clients as of a date.

    `ledger_balances` is what the ledger says is owed, per currency, from a count of its own. A currency without items
    appears only when its ledger balance is not zero, and is then unreconciled. The order of `items` does not matter.
    """
    currencies = {item.currency for item in items} | {
        currency for currency, balance in ledger_balances.items() if abs(balance) > TOLERANCE
    }
    with localcontext(prec=PRECISION):
        audits = [
            _audit_currency(
                currency,
                [item for item in items if item.currency == currency],
                ledger_balances.get(currency),
                policy,
                as_of,
            )
            for currency in currencies
        ]
    audits.sort(key=lambda each: (-each.open_items, each.currency))
    return ReceivableAudit(
        as_of=as_of, basis=policy.basis, main=audits[0] if audits else None, others=tuple(audits[1:])
    )


def days_past_due(item: OpenItem, as_of: date) -> int:
    """Days since the due date; zero or less when the item is not yet due or due today."""
    return (as_of - item.due_on).days


def bucket_of(item: OpenItem, policy: AgeingPolicy, as_of: date) -> Bucket:
    """The ageing bucket of an item on the basis of the policy. Upper bounds are inclusive; the last one is open."""
    start = item.due_on if policy.basis is AgeingBasis.DUE_DATE else item.issued_on
    age = (as_of - start).days
    return next(bucket for bucket in policy.buckets if bucket.upto is None or age <= bucket.upto)


def loss_rate(bucket: Bucket, policy: AgeingPolicy) -> Decimal:
    """Loss rate times the forward-looking factor, at most 1 (features 4.3): no more than everything can be lost."""
    return min(ONE, bucket.loss_rate * policy.forward_looking_factor)


def _audit_currency(
    currency: str, items: list[OpenItem], ledger: Decimal | None, policy: AgeingPolicy, as_of: date
) -> CurrencyAudit:
    buckets = {bucket.label: ZERO for bucket in policy.buckets}
    counts = {bucket.label: 0 for bucket in policy.buckets}
    for item in items:
        label = bucket_of(item, policy, as_of).label
        buckets[label] += item.outstanding
        counts[label] += 1
    total = sum(buckets.values(), ZERO)
    clients = _clients(items, policy, as_of)
    loss = sum((client.expected_credit_loss for client in clients), ZERO)
    owed = [client.total for client in clients if client.total > 0]
    return CurrencyAudit(
        currency=currency,
        total=plain(total),
        overdue=plain(_overdue(items, as_of)),
        buckets={label: plain(balance) for label, balance in buckets.items()},
        bucket_items=counts,
        open_items=len(items),
        disputed_items=sum(item.disputed for item in items),
        disputed=plain(sum((item.outstanding for item in items if item.disputed), ZERO)),
        expected_credit_loss=plain(loss),
        bad_debt_coefficient=share_of(loss, total),
        largest_client_share=share_of(max(owed, default=ZERO), sum(owed, ZERO)),
        reconciled=ledger is not None and abs(total - ledger) <= TOLERANCE,
        ledger_balance=plain(ledger or ZERO),
        clients=clients,
    )


def _clients(items: list[OpenItem], policy: AgeingPolicy, as_of: date) -> tuple[ClientReceivables, ...]:
    """One line a client: the largest debt first, ties by id."""
    by_client: dict[str, list[OpenItem]] = {}
    for item in items:
        by_client.setdefault(item.client_id, []).append(item)
    lines = [_client(client, owed, policy, as_of) for client, owed in by_client.items()]
    return tuple(sorted(lines, key=lambda line: (-line.total, line.client)))


def _client(client: str, items: list[OpenItem], policy: AgeingPolicy, as_of: date) -> ClientReceivables:
    balances: dict[str, Decimal] = {}
    for item in items:
        label = bucket_of(item, policy, as_of).label
        balances[label] = balances.get(label, ZERO) + item.outstanding
    rates = {bucket.label: loss_rate(bucket, policy) for bucket in policy.buckets}
    late = [days_past_due(item, as_of) for item in items if item.outstanding > 0]
    return ClientReceivables(
        client=client,
        total=plain(sum(balances.values(), ZERO)),
        overdue=plain(_overdue(items, as_of)),
        open_items=len(items),
        disputed_items=sum(item.disputed for item in items),
        oldest_days_past_due=max(0, max(late, default=0)),
        expected_credit_loss=plain(
            sum((max(ZERO, balance) * rates[label] for label, balance in balances.items()), ZERO)
        ),
    )


def _overdue(items: Iterable[OpenItem], as_of: date) -> Decimal:
    return sum((item.outstanding for item in items if days_past_due(item, as_of) > 0), ZERO)
