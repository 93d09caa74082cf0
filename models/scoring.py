"""Scores of the five domains, 0..100 with one decimal and the reasons for them (features 4.6). Formulas are ours.

A domain that cannot be seen is never a zero: it is `unknown` (late or failed, a stand-in counts) or `no_data` (nothing
of that kind is fed here, its weight goes to the others).
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from models.access import AccessRecord, ResultClass
from models.amounts import HUNDRED, ZERO, percent, plain, share_of, split_points, tenths
from models.clients import BookOfBusiness, Client
from models.handover import SuccessorPlan
from models.inventory import Inventory
from models.open_items import OWN_SUMS_ONLY
from models.reasons import Reason, because
from models.receivables import ReceivableAudit
from models.risk import Domain, DomainScore, DomainStatus
from models.scored_money import ScoredMoney, amounts, money_to_score

STAND_IN = Decimal(50)

_UNKNOWN = {
    Domain.RECEIVABLES: "Receivables could not be read in time: a score of {score} stands in until they can.",
    Domain.CLIENTS: "Clients could not be read in time: a score of {score} stands in until they can.",
    Domain.DATA_EXFILTRATION: "Copying of data could not be checked in time: a score of {score} stands in until then.",
    Domain.ACCESS: "The lockdown has not reported in time: a score of {score} stands in until it does.",
    Domain.OBLIGATIONS: "Assets and duties could not be read in time: a score of {score} stands in until they can.",
}


def unknown(domain: Domain, last_known: Decimal | None = None) -> DomainScore:
    """A domain whose branch failed or is late: the last known score or 50, whichever is higher."""
    score = tenths(max(STAND_IN, last_known or ZERO))
    reason = because(_UNKNOWN[domain], score=plain(score))
    return DomainScore(domain=domain, status=DomainStatus.UNKNOWN, score=score, reasons=(reason,))


def no_exfiltration_data() -> DomainScore:
    """Copying of client data: this release reads no export or mail events, so nothing is said about it."""
    reason = because("No export or mail events are fed to Offboard, so copying of data was not assessed.")
    return DomainScore(domain=Domain.DATA_EXFILTRATION, status=DomainStatus.NO_DATA, score=None, reasons=(reason,))


def score_receivables(result: ReceivableAudit, materiality: Decimal) -> DomainScore:
    """100 x (.5 overdue share + .3 min(1, ECL / materiality) + .2 share of the largest client).

    While the audit has a total in the reporting currency (every rate is known) it is one score of the sums in it, a
    client's share being that of all of their currencies. Otherwise it is the score of the worst currency, out of the
    main one and those whose total or expected loss is at least a tenth of the materiality; a reason says what else is
    owed.
    `materiality` is the expected loss that counts in full, in units of the currency that is scored.
    """
    candidates, remarks = money_to_score(result, materiality)
    if not candidates:
        return _assessed(Domain.RECEIVABLES, ZERO, because("Nothing is owed by the leaver's clients."))
    scored = [(money, *_score_money(money, materiality)) for money in candidates]
    worst, score, reasons = max(scored, key=lambda each: each[1])
    return _assessed(
        Domain.RECEIVABLES, score, *reasons, *_no_worse(candidates, worst), *remarks, *unreconciled(result)
    )


def _no_worse(candidates: Sequence[ScoredMoney], worst: ScoredMoney) -> tuple[Reason, ...]:
    """What is owed in currencies that were looked at and make no points, since another one is worse."""
    others = [each for each in candidates if each is not worst]
    sentence = "Currencies are not added up here: the worst one makes the score, and these do not raise it: {amounts}."
    return (because(sentence, amounts=amounts(others)),) if others else ()


def unreconciled(result: ReceivableAudit) -> tuple[Reason, ...]:
    """One reason a currency whose open items do not add up to the ledger."""
    return tuple(
        because(
            "Unreconciled: the open items add up to {total} {currency}, the ledger says {ledger}.",
            total=each.total,
            currency=each.currency,
            ledger=each.ledger_balance,
        )
        for each in result.currencies
        if not each.reconciled
    )


def no_independent_ledger(result: ReceivableAudit) -> tuple[Reason, ...]:
    """What `reconciled` does not prove: said when the ledger adds up the same rows, or when nobody knows its source."""
    if result.main is None or (result.source and OWN_SUMS_ONLY not in result.source.cannot):
        return ()
    return (OWN_SUMS_ONLY,)


def _score_money(found: ScoredMoney, materiality: Decimal) -> tuple[Decimal, tuple[Reason, ...]]:
    overdue = share_of(found.overdue, found.total)
    loss = share_of(found.expected_credit_loss, materiality)
    parts = (50 * overdue, 30 * loss, 20 * found.largest_client_share)
    score = tenths(sum(parts, ZERO))
    late, lost, largest = split_points(parts, score)
    return score, (
        because(
            "Past due: {overdue} of {total} {currency} ({share} %), +{points}.",
            overdue=found.overdue,
            total=found.total,
            currency=found.currency,
            share=percent(overdue),
            points=plain(late),
        ),
        because(
            "Expected credit loss: {loss} {currency}, against a limit of {materiality}, +{points}.",
            loss=plain(found.expected_credit_loss.quantize(Decimal("0.01"), ROUND_HALF_UP)),
            currency=found.currency,
            materiality=plain(materiality),
            points=plain(lost),
        ),
        because(
            "The largest client owes {share} % of it, +{points}.",
            share=percent(found.largest_client_share),
            points=plain(largest),
        ),
    )


def score_clients(book: BookOfBusiness, plan: SuccessorPlan | None, last_known: Decimal | None = None) -> DomainScore:
    """Share of clients at risk, by annual value where every value is known in one currency, else by number.

    A client without a proposed successor is at risk too. Without a plan (None) that part cannot be seen: the domain
    is unknown, and at least as high as what is seen already.
    """
    homeless = (
        {each.client_id for each in plan.transfers if each.kind == "client" and not each.successor} if plan else set()
    )
    clients = [line.facts.client for line in book.clients]
    at_risk = {line.facts.client.id for line in book.clients if line.at_risk} | homeless
    share, by_value = _share_at_risk(clients, at_risk)
    score = tenths(HUNDRED * share)
    reasons = (*_client_reasons(clients, at_risk, share, by_value), *_homeless_reasons(clients, homeless), *book.gaps)
    if plan is not None:
        return _assessed(Domain.CLIENTS, score, *reasons)
    stand_in = unknown(Domain.CLIENTS, max(score, last_known or ZERO))
    late = because(
        "No successors have been proposed in time: a score of {score} stands in until they are.",
        score=plain(stand_in.score or STAND_IN),
    )
    return stand_in.model_copy(update={"reasons": (late, *reasons)})


def _share_at_risk(clients: list[Client], at_risk: set[str | None]) -> tuple[Decimal, bool]:
    values = [client.annual_value for client in clients]
    total = sum((value for value in values if value is not None), ZERO)
    if total > 0 and None not in values and len({client.currency for client in clients}) == 1:
        risky = sum((client.annual_value or ZERO for client in clients if client.id in at_risk), ZERO)
        return share_of(risky, total), True
    return share_of(Decimal(sum(client.id in at_risk for client in clients)), Decimal(len(clients))), False


def _client_reasons(
    clients: list[Client], at_risk: set[str | None], share: Decimal, by_value: bool
) -> tuple[Reason, ...]:
    if not clients:
        return (because("The leaver owns no client."),)
    count = sum(client.id in at_risk for client in clients)
    if by_value:
        sentence = "Clients at risk: {count} of {clients}, {share} % of the annual value."
    else:
        sentence = "Clients at risk: {count} of {clients} ({share} %), counted by number."
    return (because(sentence, count=count, clients=len(clients), share=percent(share)),)


def _homeless_reasons(clients: list[Client], homeless: set[str | None]) -> tuple[Reason, ...]:
    count = sum(client.id in homeless for client in clients)
    return (because("Clients without a successor, waiting for the manager: {count}.", count=count),) if count else ()


def score_access(record: AccessRecord) -> DomainScore:
    """Share of the rights due so far that were not seen locked, weighted by grade: export 5 down to account 1.

    Only a read-back counts (`observed`). Nobody sells without any access, so no right on record means no data.
    """
    if not record.total and not record.steps:
        reason = because("No access right is on record for the leaver, so the lockdown was not assessed.")
        return DomainScore(domain=Domain.ACCESS, status=DomainStatus.NO_DATA, score=None, reasons=(reason,))
    if not record.steps:
        none_due = because("No right was due to be locked yet, of the {total} on record.", total=record.total)
        return _assessed(Domain.ACCESS, ZERO, none_due)
    latest = {step.entitlement_id: step for step in record.steps}.values()
    loose = [step for step in latest if step.result is not ResultClass.OBSERVED]
    due_weight, loose_weight = (Decimal(sum(6 - step.grade for step in steps)) for steps in (latest, loose))
    sentence = "Rights confirmed as locked: {locked} of the {due} that were due."
    return _assessed(
        Domain.ACCESS,
        HUNDRED * share_of(loose_weight, due_weight),
        because(sentence, locked=len(latest) - len(loose), due=len(latest)),
    )


def score_obligations(inventory: Inventory, *, overdue: bool) -> DomainScore:
    """Share of assets not returned and duties not handed on, by number.

    Until the last working day is over (`overdue` False) nothing is late, and what is still out counts half.
    """
    duties = sum(inventory.duties.values())
    out = sum(not asset.returned for asset in inventory.assets)
    everything = len(inventory.assets) + duties
    if not everything:
        reason = because("No asset and no duty is on record for the leaver, so they were not assessed.")
        return DomainScore(domain=Domain.OBLIGATIONS, status=DomainStatus.NO_DATA, score=None, reasons=(reason,))
    sentence = (
        "The last working day is over. Assets not returned: {assets}; duties not handed on: {duties}."
        if overdue
        else "Assets still to be returned: {assets}; duties still to be handed on: {duties}."
    )
    share = share_of(Decimal(out + duties), Decimal(everything))
    return _assessed(
        Domain.OBLIGATIONS,
        (HUNDRED if overdue else STAND_IN) * share,
        because(sentence, assets=out, duties=duties),
    )


def _assessed(domain: Domain, score: Decimal, *reasons: Reason) -> DomainScore:
    return DomainScore(domain=domain, status=DomainStatus.ASSESSED, score=tenths(score), reasons=reasons)
