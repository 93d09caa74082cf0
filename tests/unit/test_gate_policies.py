"""What a policy may say about gates, and how one that cannot work is refused: with the gate and the reason."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from models.approvals import LADDER, Ladder
from models.case import CaseRequest, SeparationKind
from models.errors import PolicyError
from models.people import Employee
from models.planning import plan_case
from models.policy import GatePolicy, Material, Separation
from models.risk_level import Level
from store.policies import SHIPPED, load_policy

LEAVER = Employee(id="E7", name="Li Na", country="CN", time_zone="Asia/Shanghai")
REQUEST = CaseRequest(
    case_id="offboarding-E7",
    employee_id="E7",
    kind=SeparationKind.RESIGNATION,
    last_working_day=date(2026, 12, 18),
    policy="ifrs",
)
START = datetime(2026, 11, 24, 2, tzinfo=UTC)
GUIDE = Path(__file__).parents[2] / "docs" / "hr.md"
FINANCE = 'gate = "finance"\nrole = "finance_reviewer"\n'


def policy(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The shipped policy with some of its text changed, in a folder of its own."""
    text = (SHIPPED / "ifrs.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "ifrs.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_guide_names_every_key_of_a_gate_and_its_example_is_one_that_loads(tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for key in GatePolicy.model_fields:
        assert f"| `{key}` |" in guide
    (example,) = re.findall(r"```toml\n(\[\[gates\]\].*?)```", guide, re.DOTALL)
    shipped = (SHIPPED / "ifrs.toml").read_text(encoding="utf-8")
    (tmp_path / "ifrs.toml").write_text(shipped[: shipped.index("[[gates]]")] + example, encoding="utf-8")
    gates = {gate.gate: gate for gate in load_policy("ifrs", tmp_path).gates}
    assert {name: (gate.people, gate.needed, gate.after) for name, gate in gates.items()} == {
        "finance": (2, 2, ()),
        "hr": (2, 1, ()),
        "sales_manager": (1, 1, ("finance", "hr")),
    }


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('after = ["treasury"]\n', r"gate 'finance' comes after \['treasury'\], which the policy does not have"),
        ('after = ["finance"]\n', r"the gates \['finance'\] wait for one another"),
        ("people = 2\nquorum = 3\n", "gate 'finance' asks 2 people and needs 3 approvals"),
        ("people = 21\n", r"gates\.1\.people: Input should be less than or equal to 20"),
        ('quorum = "most"\n', r"gates\.1\.quorum"),
        ('ladder = ["fallback"]\n', "the ladder of gate 'finance' must begin with approver"),
        ('ladder = ["approver", "approver"]\n', "name every rung once"),
        ('blocks = ["wages"]\n', r"gate 'finance' would hold back \['wages'\]: law does not allow it"),
        ('blocks = ["handover", "separation_certificate"]\n', r"\['separation_certificate'\]"),
        ('blocks = ["file_transfer"]\n', r"\['file_transfer'\]"),
        ('on_silence = "approve"\n', r"gates\.1\.on_silence: Input should be 'escalate', 'hold' or 'decline'"),
        ("reminders = [\"1.5\"]\n", r"gates\.1\.reminders\.0"),
        ("quorom = 2\n", r"gates\.1\.quorom: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_gate_that_cannot_work_is_refused_with_the_place(tmp_path: Path, rules: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said) as refused:
        load_policy("ifrs", policy(tmp_path, (FINANCE, FINANCE + rules)))
    assert str(tmp_path / "ifrs.toml") in str(refused.value)


def test_gates_that_wait_for_one_another_are_refused(tmp_path: Path) -> None:
    hr = 'gate = "hr"\n'
    changes = ((FINANCE, FINANCE + 'after = ["hr"]\n'), (hr, hr + 'after = ["finance"]\n'))
    with pytest.raises(PolicyError, match=r"the gates \['finance', 'hr'\] wait for one another"):
        load_policy("ifrs", policy(tmp_path, *changes))


def test_two_gates_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="two gates have the same name"):
        load_policy("ifrs", policy(tmp_path, ('gate = "hr"', 'gate = "it"')))


def test_a_policy_without_a_gate_at_every_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="at least one gate must ask at every level"):
        load_policy("ifrs", policy(tmp_path, ("\nworking_days = 2", '\nworking_days = 2\nfrom_level = "high"')))


def test_everything_that_a_gate_may_say_reaches_the_plan(tmp_path: Path) -> None:
    rules = 'people = 3\nquorum = "all"\non_decline = "quorum"\nladder = ["approver", "fallback"]\nafter = ["hr"]\n'
    read = load_policy("ifrs", policy(tmp_path, (FINANCE, FINANCE + rules)))
    planned = {gate.gate: gate for gate in plan_case(REQUEST, LEAVER, read, START).gates}
    finance = planned["finance"]
    assert (finance.people, finance.needed, finance.ladder) == (3, 3, (Ladder.APPROVER, Ladder.FALLBACK))
    assert finance.due_at > planned["hr"].due_at, "its time begins when the one before it is due"
    assert planned["it"].ladder == LADDER


@pytest.mark.parametrize("name", ["ifrs", "prc"])
def test_the_shipped_policies_say_what_is_material_and_when_a_link_is_not_enough(name: str) -> None:
    shipped = load_policy(name)
    assert (shipped.material, shipped.separation) == (Material(), Separation.CASE)
    assert shipped.sign_in_from_level is Level.HIGH
