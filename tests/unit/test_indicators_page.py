"""The page on indicators says what the policy and the rules say."""

import re
from pathlib import Path

from early_warning.indicators.channels import CHANNELS
from early_warning.indicators.together import SORTS
from models.warning import RuleId
from store.policies import load_warning_policy

PAGE = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text(encoding="utf-8")
POLICY = load_warning_policy()
ROWS = {
    match[1]: (match[2], match[3].strip())
    for match in re.finditer(r"^\| `(\w+)` \| (.*) \| ([^|]+) \|$", PAGE, re.MULTILINE)
}


def figures(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", text.replace("20:00 to 07:00", ""))


def test_every_rule_has_its_row() -> None:
    assert set(ROWS) == set(RuleId)


def test_every_row_says_from_when_a_finding_stands_alone() -> None:
    for rule in RuleId:
        policy = POLICY.rules[rule]
        alone = str(policy.alone_from or "-") if policy.supporting else "low"
        assert ROWS[rule][1] == alone, rule


def test_the_rows_carry_the_thresholds_of_the_policy() -> None:
    unusual, windows, claims = POLICY.unusual, POLICY.windows, POLICY.claims
    levels, moved = POLICY.mass_export, POLICY.bulk_contacts
    expected: dict[RuleId, list[float]] = {
        RuleId.MASS_EXPORT: [levels.low, levels.medium, levels.high],
        RuleId.CONTACTS_MOVED: [moved.low, moved.medium, moved.high],
        RuleId.CUMULATIVE: [windows.cumulative, unusual.cumulative_day, POLICY.cumulative_records, POLICY.robust_z],
        RuleId.SEQUENCE: [windows.sequence],
        RuleId.NOVELTY: [unusual.novelty_times, unusual.novelty_records, windows.burst],
        RuleId.OWN_BASELINE: [POLICY.robust_z, unusual.fewest_records],
        RuleId.PEER_GROUP: [7, 100 * POLICY.peer_quantile, POLICY.robust_z],
        RuleId.DESTINATION: [unusual.destination_records, unusual.destination_records * unusual.steps[1]],
        RuleId.AFTER_HOURS: [unusual.after_hours_events, POLICY.robust_z],
        RuleId.CLAIM_DUPLICATE: [],
        RuleId.CLAIM_SPLIT: [],
        RuleId.CLAIM_UNDER_LIMIT: [100 * claims.under_limit_from],
        RuleId.CLAIM_WEEKEND: [],
        RuleId.CLAIM_ROUND: [claims.round_from, claims.round_to],
        RuleId.CLAIM_SPIKE: [windows.after_trigger, claims.spike_times],
    }
    for rule in RuleId:
        assert [float(figure) for figure in figures(ROWS[rule][0])] == expected[rule], rule


def test_the_text_carries_the_windows_and_the_steps_of_the_policy() -> None:
    unusual, windows = POLICY.unusual, POLICY.windows
    words = " ".join(PAGE.split())
    for sentence in (
        f"a finding at {unusual.steps[0]:g} times of it is medium and at {unusual.steps[1]:g} times high",
        f"Findings of two of these sorts within {windows.burst} days count by themselves",
        f"among the {windows.baseline} calendar days before it. With fewer than {windows.fewest_baseline} of them",
        f"rises over one day or the last {unusual.peer_days}",
        f"The group are at least {unusual.fewest_peers} people",
        f"on {unusual.ordinary_days} of those days, with at least {unusual.ordinary_share} of the records",
        f"A scan judges the last {windows.judged} days",
        f"from {windows.before_trigger} days before it to {windows.after_trigger} days after it",
        f"({POLICY.after_hours[0]:%H:%M} to {POLICY.after_hours[1]:%H:%M}, days off)",
        f"The categories {', '.join(f'`{category}`' for category in POLICY.claims.excluded)} are never looked at",
    ):
        assert sentence in words, sentence
    assert unusual.together == 2


def test_every_rule_named_among_the_sorts_is_one_of_them() -> None:
    paragraph = PAGE.split("Findings of two of these sorts")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", paragraph)) == {str(rule) for rule in SORTS}


def test_looking_is_no_novelty() -> None:
    assert [name for name, channel in CHANNELS.items() if not channel.novel] == ["viewed"]
