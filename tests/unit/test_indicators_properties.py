"""What holds for every diary: silence without change, nobody answers for others, order and repeats do not matter."""

from dataclasses import replace

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from early_warning.indicators.finder import find
from models.activity import EventKind
from models.warning import Finding, RuleId
from tests.indicator_diary import AS_OF, POLICY, Diary, ago

KINDS = (EventKind.EXPORT, EventKind.MAIL_OUT, EventKind.DEVICE, EventKind.BULK_VIEW, EventKind.TRANSFER)
BRIEF = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

doings = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(KINDS), st.integers(1, 3000), st.sampled_from(["E1", "E2", "E3"])),
    max_size=12,
)


def company(done: list[tuple[int, EventKind, int, str]], managers: dict[str, str] | None = None) -> Diary:
    diary = Diary()
    for who in ("E1", "E2", "E3"):
        diary.works(who, manager=(managers or {}).get(who, "M1"))
    for back, kind, records, who in done:
        diary.did(ago(back), kind, records, who)
    return diary


def of(who: str, found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.employee_id == who]


def test_without_anybody_and_anything_nothing_is_found() -> None:
    assert Diary().found() == []
    diary = Diary()
    diary.person()
    found, insufficient = find(diary.frames(), POLICY, AS_OF)
    assert (found, insufficient) == ([], ("E1",))


@BRIEF
@given(st.dictionaries(st.sampled_from(KINDS), st.integers(1, 5000)), st.integers(0, 9))
def test_whoever_does_the_same_every_day_is_never_found(daily: dict[EventKind, int], night: int) -> None:
    diary = company([])
    for back in range(140):
        for kind, records in daily.items():
            diary.did(ago(back), kind, records, night=night)
    assert diary.found() == []


@BRIEF
@given(doings, st.integers(1, 5000), st.sampled_from(KINDS))
def test_nobody_answers_for_the_people_of_other_teams(
    done: list[tuple[int, EventKind, int, str]], records: int, kind: EventKind
) -> None:
    managers = {"E1": "M1", "E2": "M1", "E3": "M2"}
    diary = company(done, managers)
    before = diary.found()
    for back in range(5):
        diary.did(ago(back), kind, records, "E3")
    after = diary.found()
    assert [of(who, after) for who in ("E1", "E2")] == [of(who, before) for who in ("E1", "E2")]


@BRIEF
@given(doings, st.randoms())
def test_the_order_of_rows_does_not_matter(done: list[tuple[int, EventKind, int, str]], chance: object) -> None:
    frames = company(done).frames()
    seed = abs(hash(str(chance))) % 1000
    mixed = replace(
        frames,
        people=frames.people.sample(frac=1, random_state=seed),
        days=frames.days.sample(frac=1, random_state=seed),
    )
    assert find(mixed, POLICY, AS_OF) == find(frames, POLICY, AS_OF)


@settings(BRIEF, max_examples=6)
@given(doings)
def test_daily_scans_find_each_thing_under_one_key(done: list[tuple[int, EventKind, int, str]]) -> None:
    """Scans of every day find what one scan over all the days finds, and no key twice in one scan."""
    frames = company(done).frames()
    daily: dict[str, Finding] = {}
    for back in range(40, -1, -1):
        known = replace(frames, days=frames.days[pd.to_datetime(frames.days["day"]) <= pd.Timestamp(ago(back))])
        found = find(known, POLICY, ago(back)).findings
        assert len({one.key for one in found}) == len(found)
        for one in found:
            assert daily.setdefault(one.key, one) == one
    long = POLICY.model_copy(update={"windows": POLICY.windows.model_copy(update={"judged": 41})})
    assert daily == {one.key: one for one in find(frames, long, AS_OF).findings}


def test_every_finding_lies_in_the_days_that_are_judged_or_in_a_month_that_is_still_on() -> None:
    diary = company([(back, EventKind.EXPORT, 60, "E1") for back in range(45)])
    diary.did(ago(POLICY.windows.judged - 1), EventKind.EXPORT, 900, to="x")
    diary.did(ago(POLICY.windows.judged), EventKind.EXPORT, 900, to="x")
    days = {rule: [one.day for one in diary.found() if one.rule is rule] for rule in RuleId}
    assert days[RuleId.MASS_EXPORT] == [ago(POLICY.windows.judged - 1)]
    assert days[RuleId.CUMULATIVE]
    assert all(ago(POLICY.windows.judged + POLICY.windows.cumulative - 2) <= day for day in days[RuleId.CUMULATIVE])
