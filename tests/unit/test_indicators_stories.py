"""Rules on order and on money: the sequence, odd claims. And the words of every reason."""

import ast
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from early_warning import indicators
from models.activity import EventKind
from models.warning import Finding, RuleId, Severity
from models.warning_policy import Destination, Trust
from reports.language import CATALOGUES, language
from tests.indicator_diary import AS_OF, POLICY, Diary, ago

STEPS = (EventKind.EXPORT, EventKind.ARCHIVE, EventKind.MAIL_OUT, EventKind.DELETE)
MONDAY = ago(1)
CLAIM_RULES = {rule for rule in RuleId if rule.startswith("claim_")}


@pytest.fixture
def diary() -> Diary:
    return Diary()


def told(diary: Diary, kinds: tuple[EventKind, ...] = STEPS, spread: float = 3, items: tuple[str, ...] = ()) -> None:
    """One event of each kind in this order, the last on the day of the scan."""
    for number, kind in enumerate(kinds):
        item = items[number] if items else "list.xlsx"
        diary.event(f"e{number}", kind, spread * (len(kinds) - 1 - number) / (len(kinds) - 1), item)


# ---- the sequence ----


@pytest.mark.parametrize("hide", [EventKind.RENAME, EventKind.ARCHIVE])
@pytest.mark.parametrize("send", [EventKind.MAIL_OUT, EventKind.SHARE, EventKind.DEVICE])
def test_collect_hide_send_delete_on_one_file_is_a_sequence(hide: EventKind, send: EventKind, diary: Diary) -> None:
    told(diary, (EventKind.DOWNLOAD, hide, send, EventKind.DELETE))
    (found,) = diary.found()
    assert (found.rule, found.severity, found.supporting) == (RuleId.SEQUENCE, Severity.HIGH, False)
    assert (found.event_ids, found.events) == (("e0", "e1", "e2", "e3"), 4)
    assert (found.first, found.day) == (ago(3), AS_OF)


def test_the_same_events_in_any_other_order_are_none() -> None:
    for order in permutations(STEPS):
        diary = Diary()
        told(diary, order)
        assert bool(diary.found()) == (order == STEPS), order


def test_on_different_files_they_are_none(diary: Diary) -> None:
    told(diary, items=("a.xlsx", "a.xlsx", "b.xlsx", "a.xlsx"))
    assert diary.found() == []


@pytest.mark.parametrize(("spread", "expected"), [(13.9, 1), (14.1, 0)])
def test_it_happens_within_the_window(spread: float, expected: int, diary: Diary) -> None:
    told(diary, spread=spread)
    assert len(diary.found()) == expected


def test_an_old_start_does_not_hide_a_new_one(diary: Diary) -> None:
    diary.event("old", EventKind.EXPORT, 20)
    diary.event("older", EventKind.ARCHIVE, 19)
    told(diary)
    assert diary.found()[0].event_ids == ("e0", "e1", "e2", "e3")


def test_files_without_a_name_are_not_one_file(diary: Diary) -> None:
    told(diary, items=("", " ", "", ""))
    assert diary.found() == []


def test_many_files_are_one_finding_that_names_fifty_events(diary: Diary) -> None:
    for number in range(20):
        for step, kind in enumerate(STEPS):
            diary.event(f"f{number}-{step}", kind, 0.4 - step / 10, f"file {number}")
    (found,) = diary.found()
    assert (found.events, len(found.event_ids)) == (80, 50)
    assert found.reason.params["files"] == "20"


@pytest.mark.parametrize(("trust", "severity"), [(Trust.TRUSTED, None), (Trust.COMPETITOR, Severity.CRITICAL)])
def test_a_sequence_weighs_by_where_it_went(trust: Trust, severity: Severity | None, diary: Diary) -> None:
    entry = Destination(name="there.example", trust=trust, since=ago(100))
    policy = POLICY.model_copy(update={"destinations": (entry,)})
    for number, kind in enumerate(STEPS):
        diary.event(f"e{number}", kind, 1 - number / 4, to="there.example")
    assert [one.severity for one in diary.found(policy=policy)] == ([severity] if severity else [])


# ---- expense claims ----


def odd(diary: Diary) -> list[Finding]:
    return [one for one in diary.found() if one.rule in CLAIM_RULES]


def rules(diary: Diary) -> list[RuleId]:
    return [one.rule for one in odd(diary)]


def test_an_ordinary_claim_is_silent(diary: Diary) -> None:
    diary.claim("312.40", MONDAY)
    assert rules(diary) == []


def test_a_claim_made_twice_is_a_duplicate(diary: Diary) -> None:
    diary.claim("612.40", MONDAY)
    diary.claim("612.40", MONDAY)
    (found,) = odd(diary)
    assert (found.rule, found.event_ids, found.severity) == (RuleId.CLAIM_DUPLICATE, ("X1",), Severity.LOW)


@pytest.mark.parametrize("other", [{"merchant": "Tower Hotel"}, {"category": "hotel"}, {"spent": ago(4)}])
def test_what_differs_is_no_duplicate(other: dict[str, object], diary: Diary) -> None:
    diary.claim("312.40", MONDAY)
    diary.claim("312.40", **{"spent": MONDAY, **other})  # type: ignore[arg-type]
    assert rules(diary) == []


@pytest.mark.parametrize(("second", "expected"), [("399.99", []), ("400.00", []), ("400.01", [RuleId.CLAIM_SPLIT])])
def test_parts_that_pass_the_limit_together_are_a_split(second: str, expected: list[RuleId], diary: Diary) -> None:
    diary.claim("600.00", MONDAY, category="dinner")
    diary.claim(second, MONDAY, category="wine")
    assert [rule for rule in rules(diary) if rule is not RuleId.CLAIM_ROUND] == expected


def test_a_split_fires_alone(diary: Diary) -> None:
    diary.claim("612.40", MONDAY)
    diary.claim("590.10", MONDAY, category="wine")
    (found,) = odd(diary)
    assert (found.rule, found.event_ids) == (RuleId.CLAIM_SPLIT, ("X0", "X1"))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("849.99", []), ("850.01", [RuleId.CLAIM_UNDER_LIMIT]), ("999.99", [RuleId.CLAIM_UNDER_LIMIT]), ("1000.01", [])],
)
def test_just_under_the_limit(amount: str, expected: list[RuleId], diary: Diary) -> None:
    diary.claim(amount, MONDAY)
    assert rules(diary) == expected


@pytest.mark.parametrize(("back", "expected"), [(4, []), (3, [RuleId.CLAIM_WEEKEND]), (2, [RuleId.CLAIM_WEEKEND])])
def test_weekends(back: int, expected: list[RuleId], diary: Diary) -> None:
    diary.claim("312.40", ago(back))
    assert rules(diary) == expected


def test_a_make_up_day_is_no_weekend_where_people_work_on_it(diary: Diary) -> None:
    saturday, monday = date(2026, 10, 10), date(2026, 10, 12)  # China works on the Saturday after its holidays
    diary.claim("312.40", saturday)
    assert diary.by(RuleId.CLAIM_WEEKEND, monday) == []
    for country in ("DE", "", "??"):
        diary.claim("312.41", saturday, country=country)
    (found,) = diary.by(RuleId.CLAIM_WEEKEND, monday)
    assert found.event_ids == ("X1", "X2", "X3")


def test_currencies_are_never_mixed_and_one_without_a_limit_is_not_judged_by_amount(diary: Diary) -> None:
    diary.claim("600.10", MONDAY, currency="CNY")
    diary.claim("600.10", MONDAY, currency="EUR", category="wine")  # beyond its limit of 150, and no part of a bill
    for number in range(3):
        diary.claim("600", MONDAY, f"Bar {number}", currency="JPY")
    assert rules(diary) == []


@pytest.mark.parametrize(("amount", "expected"), [("400", []), ("600", [RuleId.CLAIM_ROUND]), ("601", [])])
def test_large_round_amounts(amount: str, expected: list[RuleId], diary: Diary) -> None:
    diary.claim(amount, MONDAY)
    assert rules(diary) == expected


@pytest.mark.parametrize("category", ["parking", "Parking", " per_diem "])
def test_excluded_categories_are_silent(category: str, diary: Diary) -> None:
    for _ in range(3):
        diary.claim("900", ago(2), category=category)
    diary.trigger(ago(5))
    assert odd(diary) == []


def test_several_in_a_month_are_one_finding_whose_severity_rises(diary: Diary) -> None:
    keys = []
    for number in range(4):
        diary.claim("950.10", MONDAY, merchant=f"Merchant {number}")
        (found,) = odd(diary)
        keys.append((found.severity, found.events, found.key))
    assert [severity for severity, _, _ in keys] == [Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH]
    assert keys[1][2] == keys[2][2]


@pytest.mark.parametrize(("after", "expected"), [("590.01", []), ("610.01", [RuleId.CLAIM_SPIKE])])
def test_claims_rise_after_a_trigger(after: str, expected: list[RuleId], diary: Diary) -> None:
    trigger = ago(8)
    for week in range(1, 13):
        diary.claim("241.90", trigger - timedelta(days=7 * week), merchant=f"Before {week}")
    for number in range(5):
        diary.claim(after, trigger + timedelta(days=1 + number % 3), merchant=f"After {number}")
    assert rules(diary) == []
    diary.trigger(trigger)
    assert [rule for rule in rules(diary) if rule is RuleId.CLAIM_SPIKE] == expected


def test_claims_of_tomorrow_are_not_known_today(diary: Diary) -> None:
    diary.claim("950.10", AS_OF)  # claimed on the day after
    assert rules(diary) == []


# ---- words ----


def sentences() -> set[str]:
    """Every sentence with a placeholder in the source of the rules: those are the reasons."""
    folder = Path(indicators.__path__[0])
    nodes = (node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{" in node.value and " " in node.value
    } - {""}


def test_every_reason_has_its_chinese_and_the_same_figures() -> None:
    with (CATALOGUES / "zh_CN" / "LC_MESSAGES" / "indicators.po").open("rb") as source:
        catalogue = {message.id: message.string for message in read_po(source) if message.id}
    assert set(catalogue) == sentences()
    for sentence, chinese in catalogue.items():
        assert {part.split("}")[0] for part in sentence.split("{")[1:]} == {
            part.split("}")[0] for part in chinese.split("{")[1:]
        }


def test_a_reason_can_be_read_in_both_languages(diary: Diary) -> None:
    diary.did(AS_OF, EventKind.EXPORT, 1234)
    (found,) = diary.found()
    assert language("en").reason(found.reason) == "1234 client records were exported on Nov 24, 2026, more than 1000."
    assert language("zh").reason(found.reason) == "2026年11月24日导出 1234 条客户记录，超过 1000 条。"
