"""Who is asked for a gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.approvals import Ladder
from models.approvers import Question, choose, line_above
from models.errors import NobodyToAsk
from models.people import Employee, EmployeeStatus, Role

PEOPLE = [f"E{number}" for number in range(8)]


def company(*people: Employee) -> dict[str, Employee]:
    return {person.id: person for person in people}


def person(
    key: str, manager: str | None = None, role: Role = Role.OTHER, region: str = "East", **more: object
) -> Employee:
    return Employee(id=key, name=f"Name of {key}", manager_id=manager, role=role, region=region, **more)


def question(role: Role, ladder: Ladder = Ladder.APPROVER, **more: object) -> Question:
    return Question(role=role, ladder=ladder, leaver="leaver", fallback_role=Role.HRBP, **more)


SALES = company(
    person("director", role=Role.SALES_MANAGER),
    person("manager", "director", role=Role.SALES_MANAGER),
    person("leaver", "manager", role=Role.SALESPERSON),
    person("west-finance", "cfo", role=Role.FINANCE_REVIEWER, region="West"),
    person("x-finance", "cfo", role=Role.FINANCE_REVIEWER),
    person("y-finance", "cfo", role=Role.FINANCE_REVIEWER),
    person("cfo"),
    person("hr-1", "director", role=Role.HRBP),
    person("hr-2", "director", extra_roles=(Role.HRBP,)),
)


def test_the_sales_manager_gate_asks_the_leavers_own_manager() -> None:
    assert choose(question(Role.SALES_MANAGER), SALES).approver == "manager"


@pytest.mark.parametrize("status", [EmployeeStatus.LEAVING, EmployeeStatus.LEFT])
def test_a_manager_who_leaves_too_is_passed_over(status: EmployeeStatus) -> None:
    people = SALES | {"manager": SALES["manager"].model_copy(update={"status": status})}
    assert choose(question(Role.SALES_MANAGER), people).approver == "director"


def test_a_barred_manager_is_passed_over() -> None:
    assert choose(question(Role.SALES_MANAGER, barred={"manager"}), SALES).approver == "director"


def test_without_a_manager_another_sales_manager_is_asked() -> None:
    people = SALES | {"leaver": person("leaver", None)}
    assert choose(question(Role.SALES_MANAGER), people).approver == "director"


def test_the_region_comes_first_then_the_id() -> None:
    assert choose(question(Role.FINANCE_REVIEWER), SALES).approver == "x-finance"
    assert choose(question(Role.FINANCE_REVIEWER, barred={"x-finance", "y-finance"}), SALES).approver == "west-finance"


def test_somebody_who_is_asked_for_another_gate_is_spared() -> None:
    assert choose(question(Role.FINANCE_REVIEWER, busy={"x-finance"}), SALES).approver == "y-finance"


def test_somebody_busy_is_asked_when_there_is_nobody_else() -> None:
    busy = {"x-finance", "y-finance", "west-finance"}
    assert choose(question(Role.FINANCE_REVIEWER, busy=busy), SALES).approver == "x-finance"


def test_a_further_role_counts_as_much_as_the_first() -> None:
    assert choose(question(Role.HRBP, barred={"hr-1"}), SALES).approver == "hr-2"


def test_a_missing_role_goes_to_the_fallback_role_and_says_so() -> None:
    choice = choose(question(Role.LEGAL_COUNSEL), SALES)
    assert (choice.approver, choice.found_as) == ("hr-1", Ladder.FALLBACK)


def test_escalation_goes_to_the_manager_of_the_one_who_was_silent() -> None:
    choice = choose(question(Role.FINANCE_REVIEWER, Ladder.ESCALATION, silent=("x-finance",)), SALES)
    assert (choice.approver, choice.found_as) == ("cfo", Ladder.ESCALATION)


def test_escalation_climbs_past_those_who_may_not_decide() -> None:
    asked = question(Role.SALES_MANAGER, Ladder.ESCALATION, silent=("manager",), barred={"director"})
    assert (
        choose(asked, SALES | {"director": person("director", "owner"), "owner": person("owner")}).approver == "owner"
    )


def test_escalation_without_a_manager_goes_to_another_holder_and_not_to_the_silent_one() -> None:
    people = SALES | {"x-finance": person("x-finance", role=Role.FINANCE_REVIEWER)}
    asked = question(Role.FINANCE_REVIEWER, Ladder.ESCALATION, silent=("x-finance",))
    assert choose(asked, people).approver == "y-finance"


def test_the_fallback_takes_turns_while_nobody_answers() -> None:
    first = choose(question(Role.FINANCE_REVIEWER, Ladder.FALLBACK, silent=("cfo",)), SALES).approver
    second = choose(question(Role.FINANCE_REVIEWER, Ladder.FALLBACK, silent=(first,)), SALES).approver
    assert (first, second) == ("hr-1", "hr-2")


def test_the_fallback_without_holders_goes_up_the_line() -> None:
    people = {key: value for key, value in SALES.items() if not key.startswith("hr")}
    assert choose(question(Role.FINANCE_REVIEWER, Ladder.FALLBACK), people).approver == "manager"


def test_nobody_at_all_is_refused_with_the_missing_role_and_what_to_do() -> None:
    with pytest.raises(NobodyToAsk, match="Import an active person with the role legal_counsel or hrbp") as refused:
        choose(question(Role.LEGAL_COUNSEL), company(person("leaver")))
    assert refused.value.detail == {"role": "legal_counsel", "fallback": "hrbp"}
    assert refused.value.non_retryable


def test_too_few_for_the_quorum_are_refused_with_how_many_there_are() -> None:
    people = company(person("leaver"), person("fin", role=Role.FINANCE_REVIEWER), person("hr", role=Role.HRBP))
    with pytest.raises(NobodyToAsk, match="3 more have to approve, and 2 may") as refused:
        choose(question(Role.FINANCE_REVIEWER, people=3, needed=3), people)
    assert refused.value.detail == {"role": "finance_reviewer", "needed": "3", "found": "2"}


def test_a_circle_of_managers_ends() -> None:
    circle = company(person("leaver", "a"), person("a", "b"), person("b", "a"))
    assert list(line_above(circle, ["leaver"])) == ["a", "b"]


@st.composite
def charts(draw: st.DrawFn) -> dict[str, Employee]:
    """Any org chart: circles, people who manage themselves, managers whom nobody knows, regions and roles at random."""
    keys = [*draw(st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1)), "leaver"]
    return company(
        *(
            Employee(
                id=key,
                name=key,
                manager_id=draw(st.sampled_from([None, "unknown", *keys])),
                role=draw(st.sampled_from(Role)),
                extra_roles=tuple(draw(st.lists(st.sampled_from(Role), max_size=1))),
                region=draw(st.sampled_from(["East", "West"])),
                status=draw(st.sampled_from(EmployeeStatus)),
            )
            for key in keys
        )
    )


@given(
    charts(),
    st.sampled_from(Role),
    st.sampled_from(Ladder),
    st.frozensets(st.sampled_from(PEOPLE)),
    st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2),
    st.frozensets(st.sampled_from(PEOPLE)),
)
def test_whoever_is_asked_may_decide_and_nobody_is_missed(
    people: dict[str, Employee],
    role: Role,
    ladder: Ladder,
    barred: frozenset[str],
    silent: list[str],
    busy: frozenset[str],
) -> None:
    asked = question(role, ladder, barred=barred, silent=tuple(silent), busy=busy)
    free = {
        key
        for key, one in people.items()
        if one.status is EmployeeStatus.ACTIVE and key != "leaver" and key not in barred
    }
    try:
        choice = choose(asked, people)
    except NobodyToAsk:
        assert not {key for key in free if people[key].holds(Role.HRBP)}
        assert not {
            key for key in free if people[key].holds(role) and key not in silent and ladder is not Ladder.FALLBACK
        }
        return
    assert choice.approver in free
    assert choose(asked, dict(reversed(people.items()))) == choice
    if ladder is Ladder.ESCALATION and choice.found_as is Ladder.ESCALATION:
        assert choice.approver not in silent
