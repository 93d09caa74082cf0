"""Odd expense claims. Each oddity has its own rule; a person's odd claims of a month are one finding a rule.

Amounts are compared as whole thousandths of their currency, so no cent is lost. Currencies are never mixed.
"""

from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pandas as pd

from early_warning.indicators.found import MOST_IDS, SEVERITIES, Look, Told, finding, graded, steps
from models.errors import BadDates
from models.reasons import because
from models.warning import Finding, RuleId
from models.working_days import WorkCalendar

_UNIT = 1000
_SAME = ["employee_id", "spent_on", "merchant", "category", "currency", "amount"]
_BILL = ["employee_id", "spent_on", "merchant", "currency"]
_SAID = {
    RuleId.CLAIM_DUPLICATE: "Expense claims that repeat one of the same day, merchant, category and amount: {number}.",
    RuleId.CLAIM_SPLIT: "Expense claims that are parts of bills which together pass the limit for a receipt: {number}.",
    RuleId.CLAIM_UNDER_LIMIT: "Expense claims just under the limit for a receipt: {number}.",
    RuleId.CLAIM_WEEKEND: "Expense claims for weekends: {number}.",
    RuleId.CLAIM_ROUND: "Expense claims for large round amounts: {number}.",
}
_SPIKE = "Expense claims since {day}: {amount} {currency}; usual before, in such a time: {usual}."


def claims(look: Look) -> list[Finding]:
    """All rules on claims. Categories that the policy excludes are not looked at."""
    if look.claims.empty:
        return []
    frame = _usable(look)
    found = claim_spike(look, frame)
    for rule, odd in ODD.items():
        found += _monthly(look, rule, odd(look, frame))
    return found


def duplicates(look: Look, frame: pd.DataFrame) -> pd.DataFrame:
    """Claims that repeat an earlier one: same person, day, merchant, category, currency and amount."""
    repeated: pd.DataFrame = frame[frame.duplicated(_SAME)]
    return repeated


def splits(look: Look, frame: pd.DataFrame) -> pd.DataFrame:
    """Claims within the limit on one day at one merchant that pass it together; a repeated claim counts once."""
    parts = frame[(frame["limit"] > 0) & (frame["amount"] <= frame["limit"]) & (frame["merchant"] != "")]
    parts = parts[~parts.duplicated(_SAME)]
    together = parts.groupby(_BILL)["amount"].transform("sum") > parts["limit"]
    return parts[together]


def under_limit(look: Look, frame: pd.DataFrame) -> pd.DataFrame:
    """Claims from the policy's share of the limit on, and below it."""
    share = int(Decimal(str(look.policy.claims.under_limit_from)) * _UNIT)
    return frame[(frame["amount"] * _UNIT >= frame["limit"] * share) & (frame["amount"] < frame["limit"])]


def weekend(look: Look, frame: pd.DataFrame) -> pd.DataFrame:
    """Claims for what was spent on a weekend, unless people of that country worked then to make up for a holiday."""
    free = frame[frame["spent_on"].dt.day_of_week.add(1).isin(look.policy.claims.weekend)]
    days = zip(free["country"], free["spent_on"].dt.date, strict=True)
    kept: pd.DataFrame = free[np.array([not _worked(country, day) for country, day in days], dtype=bool)]
    return kept


@lru_cache(maxsize=10_000)
def _worked(country: str, day: date) -> bool:
    try:
        return WorkCalendar(country, "UTC", time()).is_working_day(day)
    except BadDates:  # no country, or one whose holidays nobody has listed
        return False


def rounds(look: Look, frame: pd.DataFrame) -> pd.DataFrame:
    """Large claims of round amounts; what is large is not known of a currency without a limit (500 JPY is a coffee)."""
    policy = look.policy.claims
    large = (frame["amount"] >= policy.round_from * _UNIT) & (frame["limit"] > 0)
    return frame[large & (frame["amount"] % (policy.round_to * _UNIT) == 0)]


ODD: dict[RuleId, Callable[[Look, pd.DataFrame], pd.DataFrame]] = {
    RuleId.CLAIM_DUPLICATE: duplicates,
    RuleId.CLAIM_SPLIT: splits,
    RuleId.CLAIM_UNDER_LIMIT: under_limit,
    RuleId.CLAIM_WEEKEND: weekend,
    RuleId.CLAIM_ROUND: rounds,
}


def claim_spike(look: Look, frame: pd.DataFrame) -> list[Finding]:
    """Claims after a trigger, within its window, times what the person usually claimed before it."""
    windows, found = look.policy.windows, []
    for person, day, currency, limit, after, before, times in _around_triggers(look, frame):
        start = day.date()
        usual = before * (windows.after_trigger + 1) / windows.before_trigger
        # Whoever claimed nothing before is measured by the limit: a first dinner is no spike.
        threshold = look.policy.claims.spike_times * max(usual, limit)
        grade = graded(np.array([after / threshold if threshold else 0.0]), look.policy)[0]
        if not grade or (look.as_of - start).days > windows.after_trigger:
            continue
        reason = because(_SPIKE, amount=_money(after), currency=currency, day=start, usual=_money(usual))
        told = Told(start, look.as_of, SEVERITIES[grade - 1], int(times), reason)
        found.append(finding(look.policy, RuleId.CLAIM_SPIKE, person, f"{start}:{currency}", told))
    return found


def _around_triggers(look: Look, frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Per person, trigger and currency: the limit, the sums claimed after and before, and how often after."""
    triggers = look.triggers.assign(day=pd.to_datetime(look.triggers["day"])).drop_duplicates(["employee_id", "day"])
    pairs = frame.merge(triggers[["employee_id", "day"]], on="employee_id")
    apart, windows = (pairs["spent_on"] - pairs["day"]).dt.days, look.policy.windows
    after = (apart >= 0) & (apart <= windows.after_trigger)
    before = (apart < 0) & (apart >= -windows.before_trigger)
    amount = pairs["amount"]
    pairs = pairs.assign(after=amount.where(after, 0), before=amount.where(before, 0), times=after.astype(int))
    by = ["employee_id", "day", "currency", "limit"]
    sums = pairs.groupby(by, as_index=False)[["after", "before", "times"]].sum()
    yield from sums.itertuples(index=False, name=None)


def _usable(look: Look) -> pd.DataFrame:
    """Claims of the asked people up to the day of the scan, with amounts in thousandths and their limit."""
    policy, frame = look.policy.claims, look.claims
    frame = frame.assign(spent_on=pd.to_datetime(frame["spent_on"]), claimed_on=pd.to_datetime(frame["claimed_on"]))
    category = frame["category"].fillna("").astype(str).str.strip().str.casefold()
    asked = frame["employee_id"].isin(look.grid.people[look.grid.asked])
    past = frame["claimed_on"] <= pd.Timestamp(look.as_of)
    kept = asked & past & ~category.isin([word.casefold() for word in policy.excluded])
    limits = {currency: limit * _UNIT for currency, limit in policy.limits.items()}
    frame = frame.assign(
        category=category,
        merchant=frame["merchant"].fillna("").astype(str).str.strip().str.casefold(),
        amount=pd.array([int(amount * _UNIT) for amount in frame["amount"]], dtype="int64"),
        limit=frame["currency"].map(limits).fillna(0).astype("int64"),
    )
    usable = frame[kept & (frame["amount"] > 0)]
    return usable.sort_values(["claimed_on", "id"], kind="stable")


def _monthly(look: Look, rule: RuleId, odd: pd.DataFrame) -> list[Finding]:
    """One finding per person and month of the claims; more of them raise the severity."""
    grid, found = look.grid, []
    for key, several in odd.groupby([odd["employee_id"], odd["claimed_on"].dt.strftime("%Y-%m")], sort=True):
        person, month = cast(tuple[str, str], key)
        days = several["claimed_on"].dt.date
        if days.iloc[-1] < grid.day(int(grid.judged[grid.people.get_indexer(pd.Index([person]))[0]])):
            continue
        ids, reason = tuple(several["id"])[:MOST_IDS], because(_SAID[rule], number=len(several))
        told = Told(days.iloc[0], days.iloc[-1], steps(len(several), look.policy), len(several), reason, ids)
        found.append(finding(look.policy, rule, person, month, told))
    return found


def _money(thousandths: float) -> str:
    return f"{Decimal(round(thousandths)) / _UNIT:.2f}"
