"""Several weak signs at once: at night, to a personal address, and more than usual say more than any one of them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from models.warning import Finding, RuleId
from models.warning_policy import WarningPolicy

# Peers and claims are in no sort: what is unusual among others, or about a bill, is no change in what one takes.
SORTS = {
    RuleId.OWN_BASELINE: "more than usual",
    RuleId.NOVELTY: "more than usual",
    RuleId.AFTER_HOURS: "out of hours",
    RuleId.DESTINATION: "to a wrong place",
}


def together(findings: Iterable[Finding], policy: WarningPolicy) -> list[Finding]:
    """The same findings; a supporting one stands alone when others of enough sorts came within the burst up to it.

    Only what came before it on its day is looked at, so that the answer never changes afterwards.
    """
    by_person: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        by_person[one.employee_id].append(one)
    return [_judged(one, near, policy) for near in by_person.values() for one in near]


def _judged(one: Finding, near: list[Finding], policy: WarningPolicy) -> Finding:
    if not one.supporting or one.rule not in SORTS:
        return one
    first = one.day - timedelta(days=policy.windows.burst - 1)
    sorts = {SORTS[other.rule] for other in near if other.rule in SORTS and first <= other.day <= one.day}
    return one.model_copy(update={"supporting": len(sorts) < policy.unusual.together})
