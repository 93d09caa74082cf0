"""Copying of client data before a departure: one domain score from what was found and what people said of it."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

from models.amounts import ZERO, plain, tenths
from models.base import Value
from models.reasons import Reason, because
from models.risk import Domain, DomainScore, DomainStatus
from models.scoring import STAND_IN, no_exfiltration_data, unknown
from models.warning import AlertState, Finding, RuleId, Severity, severity_of

# What people confirmed lifts the total of a case, at 67 and 85; what nobody has confirmed never does (ours).
CONFIRMED = {Severity.LOW: 20, Severity.MEDIUM: 40, Severity.HIGH: 67, Severity.CRITICAL: 85}
UNCONFIRMED = {Severity.LOW: 20, Severity.MEDIUM: 40, Severity.HIGH: 55, Severity.CRITICAL: 66}
SHOWN = 5  # rules with their reasons
BY_PEOPLE = (AlertState.CONFIRMED, AlertState.RESOLVED)


class Feed(StrEnum):
    """How the feed of activity stood when the case looked back."""

    FRESH = "fresh"
    STALE = "stale"
    ABSENT = "absent"


class LookBack(Value):
    """The look into the past when a case was opened: the days that were read, and the newest day of the feed."""

    feed: Feed
    since: date
    until: date
    newest: date | None = None


class Group(Value):
    """Findings that belong together: those of one alert with its state, or (None) those in no alert yet."""

    state: AlertState | None
    findings: tuple[Finding, ...]


def about_data(finding: Finding) -> bool:
    """True for rules on data; claims for expenses say nothing about its copying."""
    return not finding.rule.value.startswith("claim_")


def points_by_rule(found: Iterable[Finding]) -> dict[RuleId, int]:
    """Each rule counts once, with its worst finding (features 4.5)."""
    worst: dict[RuleId, int] = {}
    for each in found:
        worst[each.rule] = max(worst.get(each.rule, 0), each.points)
    return worst


def score_exfiltration(look: LookBack | None, groups: Sequence[Group], last_known: Decimal | None) -> DomainScore:
    """The worst of what was confirmed or is still open; dismissed counts nothing.

    Without a feed there is no data; before the look, and with a silent feed, the domain is unknown, never zero.
    """
    if look is None:
        return unknown(Domain.DATA_EXFILTRATION, last_known)
    if look.feed is Feed.ABSENT:
        return no_exfiltration_data()
    seen = [Group(state=each.state, findings=tuple(filter(about_data, each.findings))) for each in groups]
    counted = [each for each in seen if each.findings and each.state is not AlertState.DISMISSED]
    score = Decimal(max((_score(each) for each in counted), default=0))
    if look.feed is Feed.STALE:
        return _silent(look, max(score, last_known or ZERO), counted)
    reasons = tuple(_why(counted)) if counted else (_nothing(look, seen),)
    return DomainScore(
        domain=Domain.DATA_EXFILTRATION, status=DomainStatus.ASSESSED, score=tenths(score), reasons=reasons
    )


def _score(group: Group) -> int:
    severity = severity_of(sum(points_by_rule(group.findings).values()))
    return (CONFIRMED if group.state in BY_PEOPLE else UNCONFIRMED)[severity]


def _silent(look: LookBack, least: Decimal, counted: Sequence[Group]) -> DomainScore:
    score = tenths(max(STAND_IN, least))
    late = because(
        "Activity was last reported on {day}; what was copied since cannot be seen: a score of {score} stands in.",
        day=look.newest,
        score=plain(score),
    )
    return DomainScore(
        domain=Domain.DATA_EXFILTRATION,
        status=DomainStatus.UNKNOWN,
        score=score,
        reasons=(late, *(_why(counted) if counted else ())),
    )


def _nothing(look: LookBack, seen: Sequence[Group]) -> Reason:
    dismissed = sum(bool(each.findings) for each in seen)
    days = {"since": look.since, "until": look.until}
    if dismissed:
        sentence = "Activity was read from {since} to {until}; people dismissed what stood out: {count} alerts."
        return because(sentence, count=dismissed, **days)
    return because("Activity was read from {since} to {until}, and nothing stood out.", **days)


def _why(counted: Sequence[Group]) -> Iterable[Reason]:
    confirmed = [each for each in counted if each.state in BY_PEOPLE]
    if confirmed:
        yield because("Alerts that people confirmed: {count}.", count=len(confirmed))
    if left := len(counted) - len(confirmed):
        yield because("Not decided by people yet: {count}.", count=left)
    worst: dict[RuleId, Finding] = {}
    for finding in sorted((each for group in counted for each in group.findings), key=lambda each: -each.points):
        worst.setdefault(finding.rule, finding)
    yield from (each.reason for each in list(worst.values())[:SHOWN])
