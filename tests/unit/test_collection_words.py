"""Every sentence about money that is to be collected has its Chinese, with the same facts."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest

from models.collection import ConfirmationState, MilestoneState
from reports.collection_letter import LEADS, NEXT, SUBJECTS, CollectionFacts, DebtLine, collection_letter
from reports.collection_words import CONFIRMATIONS, MILESTONES
from reports.language import language
from store.outbox import ABOUT_COLLECTION, MessageKind
from tests.report_book import MADE_AT

REPORTS = Path(__file__).parent.parent.parent / "reports"
MODULES = (
    "collection_letter",
    "collection_section",
    "collection_words",
    "confirmation_letter",
    "terminal_collection",
)
ENGLISH, CHINESE = language("en"), language("zh-CN")


def sentences() -> Iterator[str]:
    for name in MODULES:
        for node in ast.walk(ast.parse((REPORTS / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                words = [each.value for each in node.args if isinstance(each, ast.Constant)]
                if called in ("text", "mark", "grid", "count"):
                    yield from (str(word) for word in words if word)
    for catalogue in (SUBJECTS, LEADS, NEXT):
        yield from catalogue.values()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def in_chinese(msgid: str) -> str:
    """The translation, also where the sentence is one of a pair for one and many."""
    found = CHINESE.words.gettext(msgid)
    one = "{n} " + msgid.removeprefix("{n} ").replace("letters", "letter").replace("confirmations", "confirmation")
    return found if found != msgid else CHINESE.words.ngettext(one.replace("clients", "client"), msgid, 2)


# The same in both languages: punctuation and names of figures.
ALIKE = {": "}


@pytest.mark.parametrize("msgid", sorted({*sentences()} - ALIKE))
def test_every_sentence_is_translated_with_the_same_facts(msgid: str) -> None:
    chinese = in_chinese(msgid)
    assert chinese != msgid
    assert placeholders(chinese) == placeholders(msgid)


def test_every_state_and_every_message_has_words() -> None:
    assert set(MILESTONES) == set(MilestoneState)
    assert set(CONFIRMATIONS) == set(ConfirmationState)
    assert set(SUBJECTS) == set(LEADS) == set(NEXT) == set(ABOUT_COLLECTION)


def facts(kind: MessageKind, lines: int, *, is_own: bool = True) -> CollectionFacts:
    line = DebtLine(
        client="Harbour Trading",
        currency="CNY",
        audited=Decimal(1200),
        left=Decimal(300),
        at_most=Decimal(200),
        due_at=MADE_AT,
    )
    return CollectionFacts(
        kind=kind,
        case_id="offboarding-E1",
        leaver="Li Na",
        collector="Peer 1",
        is_own=is_own,
        due_at=MADE_AT,
        lines=(line,) * lines,
        letters=1,
    )


def test_a_mail_names_the_largest_debts_and_counts_the_rest() -> None:
    letter = collection_letter(facts(MessageKind.COLLECT, 25), ENGLISH, "Asia/Shanghai")
    assert len(letter.rows) == 22, "the case, twenty clients, and how many more"
    assert letter.rows[-1] == ("And more", "5 clients")
    assert "300.00 CNY of 1,200.00 CNY open; at most 200.00 CNY by" in letter.rows[1][1]
    assert any("balance confirmation" in note for note in letter.notes)


def test_a_manager_reads_who_collects_and_is_asked_for_no_letter() -> None:
    letter = collection_letter(facts(MessageKind.COLLECT_MISSED, 1, is_own=False), CHINESE, "Asia/Shanghai")
    assert ("催收人", "Peer 1") in letter.rows
    assert not any("对账函" in note for note in letter.notes)
