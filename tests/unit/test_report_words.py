"""The words of the report: every sentence has its Chinese, every figure in a reason is written as the reader does."""

import ast
import re
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import reports
from models.figures import figures_of
from models.reasons import because
from models.report import CaseReport, ReportReceivables
from reports.language import CATALOGUES, language
from reports.render import TEMPLATES
from tests.report_builder import build_report

ENGLISH, CHINESE = language("en"), language("zh")
REPORT_MODULES = (
    "words",
    "writer",
    "summary",
    "money_section",
    "money_ageing",
    "money_items",
    "money_loss",
    "money_outlook",
    "money_reporting",
    "money_words",
    "debtors_table",
    "client_sections",
    "client_totals",
    "decision_sections",
    "control_sections",
    "view",
)


def sentences() -> dict[str, str | None]:
    """Every sentence of the report's modules: msgid -> plural (None where there is none)."""
    found: dict[str, str | None] = {}
    folder = Path(next(iter(reports.__path__)))
    for name in REPORT_MODULES:
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if called in ("text", "mark") and words:
                found.setdefault(words[0], None)
            elif called == "count" and len(words) == 2:
                found[words[0]] = words[1]
    return found


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name} | set(re.findall(r"%\w+", sentence))


def catalogue(name: str) -> dict[str, Message]:
    """The entries of one file of the Chinese catalogue, by msgid."""
    with (CATALOGUES / "zh_CN" / "LC_MESSAGES" / name).open("rb") as source:
        entries = read_po(source, locale="zh_CN")
    return {entry.id if isinstance(entry.id, str) else entry.id[0]: entry for entry in entries if entry.id}


def money_of(report: CaseReport) -> ReportReceivables:
    """The money of a report that has some."""
    assert report.receivables is not None
    return report.receivables


def codes(content: object) -> set[str]:
    """The sentence of every reason in a document."""
    if isinstance(content, dict):
        own = {content["code"]} if set(content) == {"code", "params"} else set()
        return own.union(*map(codes, content.values()))
    return set().union(*map(codes, content)) if isinstance(content, list) else set()


def test_every_sentence_of_the_report_is_translated_with_the_same_placeholders() -> None:
    asked, own = sentences(), catalogue("report.po")
    assert len(asked) > 200
    known = {**catalogue("money.po"), **own}
    for msgid, plural in asked.items():
        entry = known.get(msgid)
        assert entry is not None, f"no translation of {msgid!r}"
        assert entry.string, f"empty translation of {msgid!r}"
        translated = entry.string if isinstance(entry.string, str) else entry.string[0]
        assert placeholders(translated) == placeholders(msgid), msgid
        assert (plural is None) == isinstance(entry.id, str), msgid
    assert set(own) <= set(asked), "the catalogue holds sentences that no page says"


def test_every_word_about_money_is_translated_with_the_same_placeholders() -> None:
    """How figures are made and what the command says of them: they are reasons and words, which no page names."""
    entries = catalogue("money.po")
    formulas = {figure.formula.code for figure in figures_of(money_of(build_report())).values()}
    assert formulas <= set(entries)
    for msgid, entry in entries.items():
        translated = entry.string if isinstance(entry.string, str) else entry.string[0]
        assert translated, f"empty translation of {msgid!r}"
        assert placeholders(translated) == placeholders(msgid), msgid


def test_the_templates_hold_no_words_of_their_own() -> None:
    page = (TEMPLATES / "report.html").read_text(encoding="utf-8")
    page = re.sub(r"<style>.*?</style>|\{%.*?%\}|\{\{.*?\}\}|<!?[a-z/][^>]*>", "", page, flags=re.DOTALL)
    assert not page.strip()
    paper = (TEMPLATES / "report.typ").read_text(encoding="utf-8")
    assert not re.findall(r"\[[^\]#]*[A-Za-z]{2,}[^\]]*\]", re.sub(r'"[^"]*"|//.*', "", paper))


def test_the_example_report_says_only_what_the_product_says_in_chinese_too() -> None:
    for unknown in (False, True):
        for code in codes(build_report(unknown=unknown).model_dump(mode="json")):
            assert CHINESE.words.gettext(code) != code, code


def test_days_and_amounts_in_reasons_are_written_as_the_reader_does() -> None:
    said = because(
        "Renewal on {day}: {amount} of {total}, {share} %.",
        day="2027-01-15",
        amount="979572.7",
        total="422330",
        share="81.2",
    )
    assert ENGLISH.reason(said) == "Renewal on Jan 15, 2027: 979,572.70 of 422,330, 81.2 %."


@given(st.decimals(-(10**12), 10**12, places=4))
def test_a_reason_rounds_no_figure_away(value: Decimal) -> None:
    written = ENGLISH.reason(because("{value}", value=value))
    assert Decimal(written.replace(",", "")) == value


@given(st.text(max_size=20).filter(lambda text: not re.search(r"[0-9]", text)))
def test_words_in_a_reason_stay_as_they_are(value: str) -> None:
    assert ENGLISH.reason(because("{value}", value=value)) == value


def test_a_long_number_is_an_id_and_stays_as_it_is() -> None:
    assert ENGLISH.reason(because("{value}", value="1" * 40)) == "1" * 40


def test_a_day_that_does_not_exist_stays_as_it_was_written() -> None:
    assert ENGLISH.reason(because("{value}", value="2026-02-31")) == "2026-02-31"


@pytest.mark.parametrize(
    ("amount", "said"), [("0.125", "0.13"), ("-0.125", "-0.13"), ("-0.004", "0.00"), ("2", "2.00")]
)
def test_money_is_rounded_as_the_figures_are_and_nothing_is_never_negative(amount: str, said: str) -> None:
    assert language("en").money(Decimal(amount), "CNY") == f"{said} CNY"
