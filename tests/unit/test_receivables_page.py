"""The page about receivables says what the policies and the rules say: keys, defaults, examples and figures."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from models.ageing import AgeingPolicy, Bucket, Overlay, RatesFrom, SegmentMatrix
from models.loss_history import known_after
from models.loss_rates import rate_for
from models.policy import CollectionPolicy, CommissionPolicy, CommissionRule, MilestonePolicy, Policy
from store.policies import SHIPPED, load_policy

PAGE = (Path(__file__).parents[2] / "docs" / "receivables.md").read_text(encoding="utf-8")
TABLES = PAGE[PAGE.index("## The policy") :]
ROWS = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", TABLES, re.MULTILINE)


def test_every_key_about_money_has_one_row_and_nothing_else_has() -> None:
    keys = [*AgeingPolicy.model_fields, *CollectionPolicy.model_fields, *CommissionPolicy.model_fields]
    assert sorted(key for key, _, _ in ROWS) == sorted(keys)


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("buckets", Bucket), ("segments", SegmentMatrix), ("overlay", Overlay), ("milestones", MilestonePolicy),
        ("rules", CommissionRule),
    ],
)  # fmt: skip
def test_a_table_in_a_table_names_its_keys(key: str, parts: type[BaseModel]) -> None:
    (meaning,) = (meaning for name, _, meaning in ROWS if name == key)
    assert {part for part in parts.model_fields if f"`{part}`" not in meaning} == set()


def test_a_number_in_the_column_of_defaults_is_the_default() -> None:
    fields = AgeingPolicy.model_fields | CollectionPolicy.model_fields | CommissionPolicy.model_fields
    numbers = {key: said for key, said, _ in ROWS if said.isdigit()}
    assert len(numbers) > 6
    assert {key: str(fields[key].default) for key in numbers} == numbers
    assert [said for key, said, _ in ROWS if key == "rates"] == [f'`"{RatesFrom.POLICY}"`']
    assert [str(each.share) for each in CollectionPolicy().milestones] == ["0.3", "0.7", "1"]
    assert [each.working_days for each in CollectionPolicy().milestones] == [10, 30, 60]


def test_the_example_is_a_policy_that_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shipped = tomllib.loads((SHIPPED / "ifrs.toml").read_text(encoding="utf-8"))
    change = tomllib.loads(example)
    changed = Policy.model_validate(shipped | change | {"ageing": shipped["ageing"] | change["ageing"]})
    assert str(rate_for(changed.ageing, "31-60", "retail")) == "0.096"
    assert [rule.may_claw_back for rule in changed.commission.rules] == [True, False]


@pytest.mark.parametrize("name", ["ifrs", "prc"])
def test_the_rates_and_limits_of_the_shipped_policies_are_those_of_the_page(name: str) -> None:
    ageing = load_policy(name).ageing
    (row,) = re.findall(rf"^\| `{name}` \| (.*?) \|", PAGE, re.MULTILINE)
    assert row == ", ".join(f"{(bucket.loss_rate * 100).normalize():f} %" for bucket in ageing.buckets)
    assert f"{known_after(ageing)} days" in PAGE
    assert all(f"`{bucket.label}`" in PAGE for bucket in (ageing.buckets[0], ageing.buckets[-1]))


@pytest.mark.parametrize("name", ["ifrs", "prc"])
def test_the_shipped_policies_show_the_other_basis_and_allow_nothing_about_commission(name: str) -> None:
    policy = load_policy(name)
    other = load_policy("prc" if name == "ifrs" else "ifrs")
    assert policy.ageing.basis is not other.ageing.basis
    assert policy.ageing.also
    assert policy.ageing.disputed_as
    assert policy.collection == CollectionPolicy()
    assert not any(rule.may_hold or rule.may_claw_back for rule in policy.commission.rules)
