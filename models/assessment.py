"""From five domain scores to one total, with the points that each domain adds to it (features 4.6)."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from models.amounts import ZERO, percent, plain, split_points, tenths
from models.policy import Weights
from models.reasons import Reason, because
from models.risk import Domain, DomainScore, DomainStatus, RiskAssessment
from models.risk_level import Level, level_of
from models.scoring import STAND_IN

FLOORS = {Level.HIGH: Decimal(67), Level.CRITICAL: Decimal(85)}

_ADDS = {
    Domain.RECEIVABLES: "Receivables: +{points} (score {score} of 100, weight {weight} %).",
    Domain.CLIENTS: "Clients: +{points} (score {score} of 100, weight {weight} %).",
    Domain.DATA_EXFILTRATION: "Copying of data: +{points} (score {score} of 100, weight {weight} %).",
    Domain.ACCESS: "Access: +{points} (score {score} of 100, weight {weight} %).",
    Domain.OBLIGATIONS: "Assets and duties: +{points} (score {score} of 100, weight {weight} %).",
}
_LIFTS = {
    Level.HIGH: "One domain is high, so the total is lifted to 67: +{points}.",
    Level.CRITICAL: "One domain is critical, so the total is lifted to 85: +{points}.",
}


def assess(domains: Sequence[DomainScore], weights: Weights) -> RiskAssessment:
    """Merge domain scores into a total 0..100 with one decimal.

    Weighted mean; weights of `no_data` domains go to the others in proportion; an unknown domain counts as its last
    known score or 50, whichever is higher, and makes the total provisional; an assessed domain that is high or
    critical lifts the total to 67 or 85 at least. The reasons are what each domain adds, largest first, and what the
    lift adds: together they are the score.
    """
    counted = tuple(_counted(domain) for domain in domains)
    scored = [domain for domain in counted if domain.score is not None]
    shares = _shares(scored, weights)
    if not shares:
        return _nothing_to_go_by(counted)
    with localcontext(prec=50):
        parts = [share * (domain.score or ZERO) for share, domain in zip(shares, scored, strict=True)]
        mean = tenths(sum(parts, ZERO))
    level = max((level_of(each.score or ZERO) for each in scored if _is_assessed(each)), key=_rank, default=Level.LOW)
    score = max(mean, tenths(FLOORS.get(level, ZERO)))
    unknowns = tuple(domain.domain for domain in counted if domain.status is DomainStatus.UNKNOWN)
    return RiskAssessment(
        domains=counted,
        score=score,
        level=level_of(score),
        provisional=bool(unknowns),
        unknowns=unknowns,
        reasons=(*_contributions(scored, shares, parts, mean), *_lift(level, score - mean)),
    )


def _counted(domain: DomainScore) -> DomainScore:
    """The score that enters the mean: none without data, at least 50 while unknown."""
    if domain.status is DomainStatus.NO_DATA:
        return domain.model_copy(update={"score": None})
    lowest = STAND_IN if domain.status is DomainStatus.UNKNOWN else ZERO
    return domain.model_copy(update={"score": tenths(max(lowest, domain.score or ZERO))})


def _shares(scored: list[DomainScore], weights: Weights) -> list[Decimal]:
    """Weights of the scored domains, made to add up to 1; empty when none of them has any weight."""
    own: list[Decimal] = [getattr(weights, domain.domain.value) for domain in scored]
    whole = sum(own, ZERO)
    with localcontext(prec=50):
        return [weight / whole for weight in own] if whole else []


def _contributions(
    scored: list[DomainScore], shares: list[Decimal], parts: list[Decimal], mean: Decimal
) -> tuple[Reason, ...]:
    points = split_points(parts, mean)
    lines = sorted(zip(points, scored, shares, strict=True), key=lambda line: -line[0])
    return tuple(
        because(
            _ADDS[domain.domain],
            points=plain(added),
            score=plain(domain.score or ZERO),
            weight=percent(share),
        )
        for added, domain, share in lines
    )


def _lift(level: Level, points: Decimal) -> tuple[Reason, ...]:
    return (because(_LIFTS[level], points=plain(points)),) if points > 0 else ()


def _nothing_to_go_by(domains: tuple[DomainScore, ...]) -> RiskAssessment:
    return RiskAssessment(
        domains=domains,
        score=tenths(STAND_IN),
        level=level_of(STAND_IN),
        provisional=True,
        unknowns=tuple(domain.domain for domain in domains if domain.status is DomainStatus.UNKNOWN),
        reasons=(because("No domain could be assessed: 50 points stand in for all of them."),),
    )


def _is_assessed(domain: DomainScore) -> bool:
    return domain.status is DomainStatus.ASSESSED


def _rank(level: Level) -> int:
    return level.rank
