"""Commission on invoices that clients have not paid: what is exposed, and what law and paper allow to do about it."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from models.base import ClientId
from models.policy import CommissionPolicy, CommissionRule
from models.reasons import Reason, because
from models.receivables import CommissionExposure, HeldCommission

ANYWHERE = "*"
CLAWBACK_AGREEMENT = "commission_clawback"


class EarnedCommission(NamedTuple):
    """One commission of the leaver. `paid_on` is None while it was not paid out.

    `given_up`: something of the invoice was written off, so that it is closed without being paid.
    """

    commission: str
    document: str
    client: ClientId
    amount: Decimal
    currency: str
    earned_on: date
    paid_on: date | None
    given_up: bool = False


def exposure(
    earned: Iterable[EarnedCommission],
    unpaid: Collection[str],
    policy: CommissionPolicy,
    *,
    country: str | None,
    signed: bool,
    as_of: date,
) -> CommissionExposure:
    """List commission on `unpaid` documents (ids) as of a day, and say what may be done about it.

    `country` is where the leaver works; `signed` whether an agreement on clawback that they signed is in force. A
    commission is exposed as a whole until its invoice is paid in full; one that was written off never is. `hold`: not
    paid out yet; `clawback`: paid out within the policy's window. Both come by document and id. Nothing is allowed
    that no rule allows.
    """
    open_now = sorted(
        (each for each in earned if (each.document in unpaid or each.given_up) and each.earned_on <= as_of),
        key=lambda each: (each.document, each.commission),
    )
    since = as_of - timedelta(days=policy.window_days)
    hold = tuple(_held(each, None) for each in open_now if each.paid_on is None or each.paid_on > as_of)
    clawback = tuple(
        _held(each, each.paid_on) for each in open_now if each.paid_on is not None and since <= each.paid_on <= as_of
    )
    rule = rule_of(policy, country)
    return CommissionExposure(
        hold=hold,
        clawback=clawback,
        may_hold=rule.may_hold,
        may_claw_back=rule.may_claw_back and signed,
        window_days=policy.window_days,
        reasons=_why_not(rule, country, signed=signed) if hold or clawback else (),
    )


def rule_of(policy: CommissionPolicy, country: str | None) -> CommissionRule:
    """The rule of a country, else that of all others (`*`), else one that allows nothing."""
    by_country = {rule.country: rule for rule in policy.rules}
    return by_country.get(country or ANYWHERE) or by_country.get(ANYWHERE) or CommissionRule(country=ANYWHERE)


def _held(each: EarnedCommission, paid_on: date | None) -> HeldCommission:
    return HeldCommission(
        commission=each.commission,
        document=each.document,
        client=each.client,
        amount=each.amount,
        currency=each.currency,
        paid_on=paid_on,
    )


def _why_not(rule: CommissionRule, country: str | None, *, signed: bool) -> tuple[Reason, ...]:
    where = country or ANYWHERE
    reasons = []
    if not rule.may_hold:
        reasons.append(because("The policy does not allow commission to be held back in {country}.", country=where))
    if not rule.may_claw_back:
        reasons.append(because("The policy does not allow commission to be claimed back in {country}.", country=where))
    elif not signed:
        reasons.append(because("The leaver signed no agreement in force that lets commission be claimed back."))
    return tuple(reasons)
