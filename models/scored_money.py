"""The money that a score is made from: one sum of all currencies while every rate is known, else each by itself."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import NamedTuple

from models.amounts import ONE, PRECISION, ZERO, plain, share_of
from models.base import ClientId
from models.reasons import Reason, because
from models.receivables import CurrencyAudit, RateUsed, ReceivableAudit

LEAST_SHARE = Decimal("0.1")  # of the materiality; less in another currency is no reason for a level


class ScoredMoney(NamedTuple):
    """What a score looks at, in one currency."""

    currency: str
    total: Decimal
    overdue: Decimal
    expected_credit_loss: Decimal
    largest_client_share: Decimal


class ToScore(NamedTuple):
    """The candidates for a score, the main currency first, and the reasons for what is in them and what is not."""

    candidates: tuple[ScoredMoney, ...]
    reasons: tuple[Reason, ...] = ()


def money_to_score(result: ReceivableAudit, materiality: Decimal) -> ToScore:
    """All currencies in the reporting currency while every rate is known: one candidate, by the sums of the audit.

    Otherwise every currency whose total or expected loss is at least a tenth of the materiality, in units of that
    currency, and always the main one. The loss counts beside the total since what one client is owed pays nobody
    else's debt.
    """
    whole = _all_currencies(result)
    return whole if whole else _large_enough(result, LEAST_SHARE * materiality)


def amounts(found: Iterable[CurrencyAudit | ScoredMoney]) -> str:
    """What is owed in some currencies, beside each other: `1658 CNY, 26.89 USD`."""
    return ", ".join(f"{plain(each.total)} {each.currency}" for each in found)


def _all_currencies(result: ReceivableAudit) -> ToScore | None:
    reporting = result.reporting
    if (
        reporting is None
        or reporting.total is None
        or reporting.overdue is None
        or reporting.expected_credit_loss is None
    ):
        return None
    money = ScoredMoney(
        reporting.currency,
        reporting.total,
        reporting.overdue,
        reporting.expected_credit_loss,
        _largest_share(result.currencies, reporting.currency, reporting.rates),
    )
    if not reporting.rates:
        return ToScore((money,))
    sentence = "All currencies are scored together, in {currency} by dated rates: {amounts}."
    return ToScore((money,), (because(sentence, currency=reporting.currency, amounts=amounts(result.currencies)),))


def _largest_share(found: Iterable[CurrencyAudit], reporting: str, rates: Iterable[RateUsed]) -> Decimal:
    """The largest debt of a client by all debts, each client with all of their currencies."""
    worth = {reporting: ONE, **{each.currency: each.rate for each in rates}}
    totals: dict[ClientId, Decimal] = {}
    with localcontext(prec=PRECISION):
        for each in found:
            for client in each.clients:
                totals[client.client] = totals.get(client.client, ZERO) + client.total * worth[each.currency]
        debts = [total for total in totals.values() if total > 0]
        return share_of(max(debts, default=ZERO), sum(debts, ZERO))


def _large_enough(result: ReceivableAudit, least: Decimal) -> ToScore:
    scored: list[CurrencyAudit] = []
    left_out: list[CurrencyAudit] = []
    for each in result.currencies:
        largest = max(each.total, each.expected_credit_loss)
        (scored if each is result.main or largest >= least else left_out).append(each)
    candidates = tuple(
        ScoredMoney(each.currency, each.total, each.overdue, each.expected_credit_loss, each.largest_client_share)
        for each in scored
    )
    owed = [each for each in left_out if each.open_items]
    sentence = "Too little to be scored, less than {least} in units of the currency: {amounts}."
    reasons = (because(sentence, least=plain(least), amounts=amounts(owed)),) if owed else ()
    return ToScore(candidates, reasons)
