"""Every kind of evidence that the product writes is a sentence in both languages."""

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from models.access import ResultClass
from models.approvals import Refusal, Verdict, Via
from models.case import ENDED, SeparationKind
from models.exfiltration import Feed
from models.risk_level import Level
from models.warning import MOVES, AlertState, ProtectionState, RuleId, Severity
from reports.alert_words import RULES
from reports.approval_facts import ENDED_BEFORE, IN_PLACE, RUNGS, VOTES, WAYS
from reports.evidence_words import FEEDS, HANDED_OVER, NOT_COUNTED, SENTENCES, actor, local, sentence
from reports.language import CATALOGUES
from reports.terminal import show_answer
from reports.terminal_words import Names, words_in
from systems.clients.port import Kind

ROOT = Path(__file__).parent.parent.parent
ROOMS = (
    "models",
    "store",
    "early_warning",
    "systems",
    "activities",
    "workflows",
    "services",
    "web",
    "embedded",
    "commands",
)
ENGLISH, CHINESE = words_in("en", Names(people={"E1": "Li Na"})), words_in("zh", Names(people={"E1": "Li Na"}))
# What the end of a kind is taken from, where it is made of a value.
ENDS = {
    "case.{phase.value}": [phase.value for phase in ENDED],
    "alert.{decision.to.value}": [state.value for moves in MOVES.values() for state in moves],
    "protection.{state.value}": [ProtectionState.LEFT_TO_CASE.value, ProtectionState.LEFT_TO_ALERT.value],
}
VERBS = {
    "record": [
        "lock",
        "lock_again",
        *(f"lock_{each.value}" for each in ResultClass if each is not ResultClass.OBSERVED),
    ],
    "record_undo": ["restored", "left"],
}
KIND = re.compile(r"[a-z]+\.[a-z_]+")
FULL = {
    "kind": "resignation",
    "dates": {"last_working_day": "2026-12-24"},
    "dates_before": {"last_working_day": "2026-12-18"},
    "currencies": [{"currency": "CNY", "total": "1200.50", "overdue": "200"}],
    "approvers": ["E1", "M1"],
    "report_version": 2,
    "gate": "sales_manager",
    "rules": ["mass_export"],
    "due_at": "2026-12-24T10:00:00+00:00",
    "until": "2026-12-24T10:00:00+00:00",
    "left": ["client/C1"],
    "seats": [{"principal": "M1", "delegate": "E1"}],
    "found_as": "fallback",
    "ended_rounds": {"1": "timed_out"},
    "for": "M1",
    "via": "link",
    "votes": [{"by": "E1", "principal": "M1", "verdict": "approved"}],
}


def written() -> Iterator[str]:
    """Every kind that stands in a call which writes evidence; a call that this cannot read fails."""
    for path in sorted(path for room in ROOMS for path in ROOT.glob(f"{room}/**/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                place = {"evidence.append": 2, "_with_evidence": 3}.get(ast.unparse(call.func))
                if place is not None:
                    yield from _kinds(call.args[place], function, tree)


def _kinds(kind: ast.expr, function: ast.AST, tree: ast.Module) -> Iterator[str]:
    if isinstance(kind, ast.Constant):
        yield str(kind.value)
    elif isinstance(kind, ast.JoinedStr):
        shape = ast.unparse(kind)[2:-1]
        name = getattr(function, "name", "")
        ends = VERBS[name] if shape == "access.{verb}" else ENDS[shape]
        yield from (f"{shape.split('.')[0]}.{end}" for end in ends)
    else:  # a name: one of the kinds that this module speaks of
        found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        kinds = [str(value) for value in found if isinstance(value, str) and KIND.fullmatch(value)]
        # The one helper whose callers are read above.
        assert kinds or getattr(function, "name", "") in ("_with_evidence", "do"), ast.unparse(function)
        yield from kinds


def test_every_kind_that_is_written_has_its_sentence_and_no_other_has_one() -> None:
    assert set(written()) == set(SENTENCES)


def test_every_sentence_is_translated_with_the_same_facts() -> None:
    with (CATALOGUES / "zh_CN" / "LC_MESSAGES" / "timeline.po").open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    for msgid in SENTENCES.values():
        entry = catalogue.get(msgid)
        assert entry is not None, msgid
        assert _facts(str(entry.string)) == _facts(msgid), msgid


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    "word",
    sorted(
        {*NOT_COUNTED.values(), *FEEDS.values(), *HANDED_OVER.values(), *RULES.values()}
        | {each.value for kind in (SeparationKind, Verdict, Level, AlertState, Severity) for each in kind}
    ),
)
def test_a_word_in_the_sentences_is_translated(word: str) -> None:
    assert CHINESE.word(word) != word


def test_no_value_of_a_closed_set_is_without_a_word() -> None:
    assert set(NOT_COUNTED) == set(Refusal)
    assert set(FEEDS) == set(Feed)
    assert set(HANDED_OVER) == set(Kind)
    assert set(RULES) == set(RuleId)


def test_the_facts_are_written_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = {**FULL, "seats": None, "found_as": "approver", "ended_rounds": {}}
    with China(monkeypatch):
        asked = "Sales manager: Li Na (E1), M1 asked about report version 2, until 2026-12-24 18:00."
        assert sentence("gate.opened", plainly, ENGLISH) == asked
        asked = "销售主管：请 Li Na (E1)、M1 就报告第 2 版审批，截止 2026-12-24 18:00。"
        assert sentence("gate.opened", plainly, CHINESE) == asked
        assert sentence("case.started", FULL, CHINESE) == "离职单开始：辞职，最后工作日 2026-12-24。"
    moved = "The last working day moves from 2026-12-18 to 2026-12-24."
    assert sentence("case.rescheduled", FULL, ENGLISH) == moved
    assert sentence("handover.undone", {"restored": 3, "left": []}, ENGLISH).endswith(
        "3 given back, 0 left where they are."
    )
    audited = sentence("receivables.audited", {"as_of": "2026-11-25", **FULL}, ENGLISH)
    assert audited == "Receivables as of 2026-11-25: 1,200.50 CNY, overdue 200.00 CNY."
    assert sentence("receivables.audited", {"currencies": []}, ENGLISH) == "Receivables as of -: nothing is open."


def test_who_is_asked_instead_is_told_with_the_reason() -> None:
    seats = [{"principal": "M1", "delegate": "E1"}, {"principal": "M2", "delegate": None}]
    body = {**FULL, "due_at": "soon", "seats": seats, "found_as": "escalation", "ended_rounds": {"1": "timed_out"}}
    assert sentence("gate.opened", body, ENGLISH) == (
        "Sales manager: Li Na (E1) for M1, M2 asked about report version 2, until soon. "
        "Escalated: nobody before them could or did answer. Nobody answered the request before in time."
    )
    told = sentence("gate.reseated", {**body, "found_as": "fallback", "ended_rounds": {"2": "superseded"}}, CHINESE)
    assert told == (
        "销售主管：审批人变更，现由 Li Na (E1) 代 M1、M2 就报告第 2 版审批，截止 soon。"
        "由兜底审批人审批：其他人须回避、不在岗或逾期未审批。取代上一轮审批请求。"
    )


def test_a_decision_tells_in_whose_place_and_by_which_way() -> None:
    body = {"gate": "finance", "verdict": "approved", "for": "E1", "via": "session"}
    said = "Finance: said approved; kept. In the place of Li Na (E1). Signed in."
    assert sentence("decision.accepted", body, ENGLISH) == said
    assert sentence("decision.refused", {**body, "refusal": "late"}, CHINESE).endswith("代 Li Na (E1) 审批。")
    assert set(WAYS) == set(Via)
    for via in Via:
        for words in (ENGLISH, CHINESE):
            assert sentence("decision.accepted", {**body, "via": via}, words).endswith(words.text(WAYS[via]))


def test_the_end_of_a_gate_names_its_votes_where_the_last_one_is_not_all() -> None:
    votes = [
        {"by": "M1", "principal": "E1", "verdict": "approved"},
        {"by": "M2", "principal": "M2", "verdict": "approved"},
    ]
    body = {"gate": "finance", "verdict": "approved", "report_version": 2, "votes": votes}
    assert sentence("gate.closed", body, ENGLISH) == (
        "Finance: approved, on report version 2. Votes: approved: M1 for Li Na (E1); approved: M2."
    )
    assert sentence("gate.closed", {**body, "votes": votes[1:]}, ENGLISH) == "Finance: approved, on report version 2."


@pytest.mark.parametrize("text", [*WAYS.values(), *RUNGS.values(), *ENDED_BEFORE.values(), IN_PLACE, VOTES])
def test_what_is_added_is_translated_with_the_same_facts(text: str) -> None:
    assert CHINESE.word(text) != text
    assert _facts(CHINESE.word(text)) == _facts(text)


class China:
    """Inside, this machine stands in China."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __enter__(self) -> None:
        self._monkeypatch.setenv("TZ", "Asia/Shanghai")
        time.tzset()

    def __exit__(self, *_: object) -> None:
        self._monkeypatch.undo()
        time.tzset()


def test_the_timeline_says_whose_time_it_shows_and_fits_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [
        {"seq": number, "at": "2026-11-24T16:01:57.123456Z", "kind": kind, "actor": "system", "body": FULL}
        for number, kind in enumerate(SENTENCES, 1)
    ]
    with China(monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        show_answer("timeline", {"entries": entries}, "en", ENGLISH.names)
    lines = re.sub(r"\x1b\[\d+m", "", capsys.readouterr().out).splitlines()
    assert "time (CST)" in lines[0]
    assert lines[1].split()[:4] == ["1", "2026-11-25", "00:01", "Offboard"]
    assert max(map(len, lines)) <= 80
    assert not any("case.started" in line or "  system" in line for line in lines)


def test_a_person_who_acted_is_named_and_a_moment_that_is_none_is_left() -> None:
    assert [actor(who, ENGLISH) for who in ("system", "E1", "E9")] == ["Offboard", "Li Na (E1)", "E9"]
    assert local("soon") == "soon"


def test_a_time_in_a_sentence_is_that_of_the_reader_and_not_of_the_server() -> None:
    body = {"gate": "finance", "approvers": ["E1"], "report_version": 1, "due_at": "2026-11-27T17:00:00Z"}
    berlin = words_in("en", ENGLISH.names, "Europe/Berlin")
    asked = "Finance: Li Na (E1) asked about report version 1, until 2026-11-27 18:00."
    assert sentence("gate.opened", body, berlin) == asked


def test_a_kind_of_another_version_is_shown_as_the_ledger_has_it() -> None:
    assert sentence("moon.rose", {"at": "night", "by": None, "{odd}": 1}, CHINESE) == "moon.rose at=night {odd}=1"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(SENTENCES)), st.dictionaries(st.sampled_from(sorted(FULL)), anything))
def test_an_entry_that_somebody_has_tampered_with_is_still_shown(kind: str, body: dict[str, object]) -> None:
    for words in (ENGLISH, CHINESE):
        assert sentence(kind, body, words)
