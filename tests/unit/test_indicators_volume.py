"""Rules on volumes: levels, the own past, the peers, the month. Figures are those of the standard policy."""

from datetime import date

import pytest

from early_warning.indicators.finder import find
from models.activity import EventKind
from models.warning import RuleId, Severity
from models.warning_policy import Destination, Trust
from tests.indicator_diary import AS_OF, POLICY, Diary, ago

EXPORT, DEVICE, MAIL, VIEW = EventKind.EXPORT, EventKind.DEVICE, EventKind.MAIL_OUT, EventKind.BULK_VIEW


@pytest.fixture
def diary() -> Diary:
    """Somebody who comes to work every day, and nothing else."""
    made = Diary()
    made.works()
    return made


def trusting(name: str, trust: Trust, since: date = date(2026, 1, 1)) -> Destination:
    return Destination(name=name, trust=trust, since=since)


@pytest.mark.parametrize(
    ("records", "severity"),
    [(500, None), (501, Severity.LOW), (1000, Severity.LOW), (1001, Severity.MEDIUM), (2000, Severity.MEDIUM),
     (2001, Severity.HIGH)],
)  # fmt: skip
def test_mass_export_has_three_levels_above_500(records: int, severity: Severity | None, diary: Diary) -> None:
    diary.did(AS_OF, EXPORT, records)
    assert [one.severity for one in diary.by(RuleId.MASS_EXPORT)] == ([severity] if severity else [])


def test_mass_export_needs_no_past() -> None:
    diary = Diary()
    diary.did(AS_OF, EXPORT, 501)
    assert [one.key for one in diary.found()] == [f"mass_export:E1:{AS_OF}:low"]


def test_the_exports_of_a_day_add_up_over_destinations(diary: Diary) -> None:
    diary.did(AS_OF, EXPORT, 300, to="a.example")
    diary.did(AS_OF, EXPORT, 300, to="b.example")
    (found,) = diary.by(RuleId.MASS_EXPORT)
    assert (found.reason.params["records"], found.events) == ("600", 60)


def test_a_finding_keeps_its_key_on_later_days_and_is_over_when_it_is_judged_no_more(diary: Diary) -> None:
    diary.did(ago(6), EXPORT, 700)
    keys = [[one.key for one in diary.found(ago(back))] for back in range(6, -3, -1)]
    assert all(one == keys[0] for one in keys[:7])
    assert keys[0]
    assert keys[7:] == [[], []]


def test_late_events_make_a_new_key_only_when_the_severity_rises(diary: Diary) -> None:
    diary.did(AS_OF, EXPORT, 600)
    (first,) = diary.by(RuleId.MASS_EXPORT)
    diary.did(AS_OF, EXPORT, 100, to="later.example")
    (second,) = diary.by(RuleId.MASS_EXPORT)
    diary.did(AS_OF, EXPORT, 400, to="latest.example")
    (third,) = diary.by(RuleId.MASS_EXPORT)
    assert first.key == second.key != third.key


def test_the_innocent_heavy_user_is_left_alone() -> None:
    diary = Diary()
    diary.works()
    for back in range(130):
        diary.did(ago(back), EXPORT, 700 + 37 * (back % 9))
        diary.did(ago(back), MAIL, 40 + back % 7)
    assert diary.found() == []


def test_40_exports_a_day_for_20_days_are_one_cumulative_finding(diary: Diary) -> None:
    for back in range(20):
        diary.did(ago(back), EXPORT, 40)
    keys = {one.key for back in range(20, -10, -1) for one in diary.by(RuleId.CUMULATIVE, ago(back))}
    assert len(keys) == 1
    (found,) = diary.by(RuleId.CUMULATIVE)  # a first scan on the last day finds it too
    assert found.key in keys
    assert (found.severity, found.supporting) == (Severity.LOW, False)
    assert (found.day - found.first).days == POLICY.windows.cumulative - 1
    assert not diary.by(RuleId.MASS_EXPORT)


def test_a_leak_that_grows_is_told_once_more(diary: Diary) -> None:
    for back in range(25):
        diary.did(ago(back), EXPORT, 70)
    severities = {one.severity for back in range(25, -1, -1) for one in diary.by(RuleId.CUMULATIVE, ago(back))}
    keys = {one.key for back in range(25, -1, -1) for one in diary.by(RuleId.CUMULATIVE, ago(back))}
    assert severities == {Severity.LOW, Severity.MEDIUM}
    assert len(keys) == 2


def test_whose_normal_is_40_a_day_does_not_leak(diary: Diary) -> None:
    for back in range(130):
        if ago(back).weekday() < 5:
            diary.did(ago(back), EXPORT, 40 + back % 3)
    assert diary.found() == []


def test_fewer_than_ten_days_are_an_insufficient_baseline() -> None:
    diary = Diary()
    for back in range(10):
        diary.did(ago(back), EXPORT, 90)
    found, insufficient = find(diary.frames(), POLICY, AS_OF)
    assert (found, insufficient) == ([], ("E1",))
    diary.did(ago(10), EXPORT, 90)
    assert find(diary.frames(), POLICY, AS_OF).insufficient == ()


def test_own_baseline_is_a_robust_z(diary: Diary) -> None:
    for back in range(1, 60):
        diary.did(ago(back), VIEW, 50 + 10 * (back % 3))  # median 60 or 50 over the seen days, MAD about 10
    diary.did(AS_OF, VIEW, 95)
    assert not diary.by(RuleId.OWN_BASELINE)
    diary.did(AS_OF, VIEW, 100)
    (found,) = diary.by(RuleId.OWN_BASELINE)
    assert found.supporting
    assert float(found.reason.params["z"]) > POLICY.robust_z


def test_without_spread_only_absolute_levels_speak(diary: Diary) -> None:
    for back in range(1, 60):
        diary.did(ago(back), VIEW, 50)
    diary.did(AS_OF, VIEW, 400)
    assert not diary.by(RuleId.OWN_BASELINE)


def test_novelty_is_three_times_the_largest_own_day(diary: Diary) -> None:
    diary.did(ago(30), DEVICE, 110)
    diary.did(AS_OF, DEVICE, 330)
    assert not diary.by(RuleId.NOVELTY)
    diary.did(AS_OF, DEVICE, 1, to="usb")
    (found,) = diary.by(RuleId.NOVELTY)
    assert found.reason.params == {"records": "331", "largest": "110", "day": str(AS_OF)}
    assert found.supporting


@pytest.mark.parametrize(("records", "expected"), [(60, 0), (61, 1)])
def test_after_an_empty_past_a_novelty_needs_sixty_records(records: int, expected: int, diary: Diary) -> None:
    diary.did(AS_OF, DEVICE, records)
    assert len(diary.by(RuleId.NOVELTY)) == expected


def test_a_second_novel_day_within_a_burst_stands_alone(diary: Diary) -> None:
    diary.did(ago(6), DEVICE, 70)
    diary.did(ago(3), DEVICE, 70)
    assert [(one.day, one.severity, one.supporting) for one in diary.by(RuleId.NOVELTY)] == [
        (ago(6), Severity.LOW, True),
        (ago(3), Severity.MEDIUM, False),
    ]


def test_weak_signs_of_two_sorts_within_a_burst_stand_together(diary: Diary) -> None:
    diary.did(ago(5), EventKind.AFTER_HOURS, 60)
    (night,) = diary.found()
    diary.did(AS_OF, DEVICE, 70)
    found = {one.rule: one for one in diary.found()}
    assert night.supporting
    assert found[RuleId.AFTER_HOURS] == night  # what was told does not change
    assert not found[RuleId.NOVELTY].supporting


def test_weak_signs_of_two_sorts_far_apart_stay_weak(diary: Diary) -> None:
    diary.did(ago(7), EventKind.AFTER_HOURS, 60)
    diary.did(AS_OF, DEVICE, 70)
    assert all(one.supporting for one in diary.found())


def test_a_burst_of_days_is_one_finding_of_a_rule_until_it_grows(diary: Diary) -> None:
    for back in range(6, -1, -1):
        diary.did(ago(back), DEVICE, 70)
    assert [one.severity for one in diary.by(RuleId.NOVELTY)] == [Severity.LOW, Severity.MEDIUM]


@pytest.mark.parametrize(("peers_rise", "expected"), [(False, 1), (True, 0)])
def test_when_the_peers_rise_as_well_nobody_is_unusual(peers_rise: bool, expected: int) -> None:
    diary = Diary()
    for number in range(8):
        who = f"E{number}"
        diary.works(who)
        for back in range(90):
            rush = back < 5 and (peers_rise or number == 0)
            diary.did(ago(back), EXPORT, (20 + (back + number) % 5) * (9 if rush else 1), who)
    rules = {RuleId.OWN_BASELINE, RuleId.NOVELTY}
    assert len({one.employee_id for one in diary.found() if one.rule in rules}) == expected


def test_a_new_joiner_is_compared_with_peers_only() -> None:
    diary = Diary()
    for number in range(1, 8):
        diary.works(f"E{number}")
        for back in range(60):
            diary.did(ago(back), MAIL, 10 + (back * number) % 7, f"E{number}")
    for back in range(5):
        diary.did(ago(back), MAIL, 12, "E9")
    assert diary.found() == []
    diary.did(AS_OF, MAIL, 80, "E9")
    (found,) = diary.found()
    assert (found.rule, found.employee_id, found.supporting) == (RuleId.PEER_GROUP, "E9", True)


def test_after_hours_is_more_than_ever_before(diary: Diary) -> None:
    diary.did(ago(40), EventKind.DOWNLOAD, 3, night=6)
    diary.did(ago(1), EventKind.DOWNLOAD, 3, night=6)
    assert not diary.by(RuleId.AFTER_HOURS)
    diary.did(AS_OF, EventKind.AFTER_HOURS, 70)
    (found,) = diary.by(RuleId.AFTER_HOURS)
    assert found.events == 7


@pytest.mark.parametrize(("records", "severity"), [(50, None), (51, "low"), (101, "medium"), (201, "high")])
def test_contacts_moved_in_bulk(records: int, severity: str | None, diary: Diary) -> None:
    diary.did(AS_OF, EventKind.TRANSFER, records)
    assert [one.severity for one in diary.by(RuleId.CONTACTS_MOVED)] == ([severity] if severity else [])


# ---- destinations ----


@pytest.mark.parametrize(
    ("to", "severity"),
    [
        ("files.partner.example", None),
        ("client.example", None),
        ("li@post.example", "low"),
        ("rival.example", "medium"),
    ],
)
def test_the_same_event_weighs_by_where_it_went(to: str, severity: str | None, diary: Diary) -> None:
    policy = POLICY.model_copy(
        update={
            "destinations": (
                trusting("partner.example", Trust.TRUSTED),
                trusting("post.example", Trust.PERSONAL),
                trusting("rival.example", Trust.COMPETITOR),
            )
        }
    )
    diary.did(AS_OF, MAIL, 19, to=to)
    found = [one.severity for one in diary.by(RuleId.DESTINATION, policy=policy)]
    assert found == ([severity] if severity else [])


def test_a_trusted_destination_counts_nothing_from_its_day_on_and_never_backwards(diary: Diary) -> None:
    policy = POLICY.model_copy(update={"destinations": (trusting("partner.example", Trust.TRUSTED, ago(2)),)})
    for back in range(5):
        diary.did(ago(back), EXPORT, 900, to="partner.example")
    days = [one.day for one in diary.by(RuleId.MASS_EXPORT, policy=policy)]
    assert days == [ago(4), ago(3)]


def test_the_most_specific_entry_wins_then_the_last_one(diary: Diary) -> None:
    policy = POLICY.model_copy(
        update={
            "destinations": (
                trusting("drop.partner.example", Trust.PERSONAL),
                trusting("partner.example", Trust.TRUSTED),
                trusting("partner.example", Trust.COMPETITOR, ago(1)),
            )
        }
    )
    diary.did(ago(4), MAIL, 1, to="partner.example")
    diary.did(AS_OF, MAIL, 1, to="eu.drop.partner.example")
    diary.did(AS_OF, MAIL, 1, to="partner.example")
    found = {one.key.split(":")[3]: one.day for one in diary.by(RuleId.DESTINATION, policy=policy)}
    assert found == {"personal": AS_OF, "competitor": AS_OF}


# ---- windows ----


def test_a_trigger_scores_90_days_back_and_no_more(diary: Diary) -> None:
    diary.works(days=240)
    diary.did(ago(100), EXPORT, 700)
    diary.did(ago(101), EXPORT, 700)
    assert diary.found() == []
    diary.trigger(ago(10))
    assert [one.day for one in diary.by(RuleId.MASS_EXPORT)] == [ago(100)]


def test_after_the_window_of_a_trigger_the_past_is_over(diary: Diary) -> None:
    diary.works(days=240)
    diary.did(ago(40), EXPORT, 700)
    diary.trigger(ago(31))
    assert diary.found() == []
    assert [one.day for one in diary.by(RuleId.MASS_EXPORT, ago(1))] == [ago(40)]


def test_a_supporting_rule_may_stand_alone_from_a_severity_on(diary: Diary) -> None:
    rule = POLICY.rules[RuleId.AFTER_HOURS].model_copy(update={"alone_from": Severity.MEDIUM})
    policy = POLICY.model_copy(update={"rules": {**POLICY.rules, RuleId.AFTER_HOURS: rule}})
    diary.did(AS_OF, EventKind.AFTER_HOURS, 70)
    assert diary.by(RuleId.AFTER_HOURS, policy=policy)[0].supporting
    diary.did(AS_OF, EventKind.AFTER_HOURS, 900, to="x")
    assert not diary.by(RuleId.AFTER_HOURS, policy=policy)[0].supporting


def test_a_disabled_rule_is_silent(diary: Diary) -> None:
    rule = POLICY.rules[RuleId.MASS_EXPORT].model_copy(update={"enabled": False})
    policy = POLICY.model_copy(update={"rules": {**POLICY.rules, RuleId.MASS_EXPORT: rule}})
    diary.did(AS_OF, EXPORT, 3000)
    assert not diary.by(RuleId.MASS_EXPORT, policy=policy)


def test_nothing_is_told_about_peers_who_are_not_asked_for(diary: Diary) -> None:
    diary.did(AS_OF, EXPORT, 3000)
    frames = diary.frames()
    frames.people["asked"] = False
    assert find(frames, POLICY, AS_OF) == ([], ())
