"""What the report says: in two languages, with unknown as unknown, and with nobody forgotten."""

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.canonical_json import canonical
from models.reasons import because
from models.report import CaseReport, ReportApproval
from reports.blocks import ReportView, Section
from reports.language import language
from reports.render import render_json
from reports.view import view
from tests.report_book import MADE_AT
from tests.report_builder import build_report

ENGLISH, CHINESE = language("en"), language("zh")


def section(shown: ReportView, key: str) -> Section:
    return next(part for part in shown.sections if part.key == key)


def tile(shown: ReportView, key: str) -> str:
    box = next(box for box in shown.summary.tiles if box.key == key)
    return "\n".join((box.value, *box.notes))


def with_approvals(report: CaseReport, *approvals: ReportApproval) -> CaseReport:
    return report.model_copy(update={"approvals": approvals}).sealed()


@pytest.mark.parametrize("options", [{}, {"unknown": True}, {"decided": True}, {"clients": 0}])
def test_both_languages_have_the_same_sections_tables_and_rows(options: dict[str, bool]) -> None:
    report = build_report(**options)  # type: ignore[arg-type]

    def shape(shown: ReportView) -> object:
        return [
            (
                (part.key, len(part.facts), len(part.points), len(part.charts), bool(part.notice)),
                [(len(table.columns), len(table.rows), table.totals is None) for table in part.tables],
            )
            for part in shown.sections
        ]

    english, chinese = view(report, ENGLISH), view(report, CHINESE)
    assert shape(english) == shape(chinese)
    assert [part.title for part in english.sections] != [part.title for part in chinese.sections]
    assert re.search(r"[\u4e00-\u9fff]", chinese.summary.verdict)


def test_every_row_has_a_cell_for_every_column() -> None:
    for part in view(build_report(), ENGLISH).sections:
        for table in part.tables:
            rows = [*table.rows, *([table.totals] if table.totals else [])]
            assert {len(row.cells) for row in rows} <= {len(table.columns)}, table.caption


def test_receivables_that_did_not_answer_are_unknown_and_never_zero() -> None:
    shown = view(build_report(unknown=True), ENGLISH)
    assert tile(shown, "money").startswith("Unknown")
    money = section(shown, "receivables")
    assert "unknown, not zero" in money.notice
    assert not money.tables
    assert not money.facts
    overdue = [row.cells[4].text for row in section(shown, "clients").tables[0].rows]
    assert set(overdue) == {"unknown"}
    domain = section(shown, "domains").tables[0].rows[0]
    assert (domain.cells[1].text, domain.cells[1].notes) == ("Unknown", ("counted as 50",))
    assert "Provisional" in tile(shown, "score")
    assert "Receivables" in section(shown, "gaps").notice


def test_nothing_owed_is_not_the_same_as_unknown() -> None:
    report = build_report().model_copy(update={"receivables": None})
    assert tile(view(report, ENGLISH), "money").startswith("Nothing open")


def test_a_value_that_the_source_does_not_give_is_unknown() -> None:
    report = build_report(clients=6)
    assert report.clients is not None
    without_value = {line.facts.client.id for line in report.clients.lines if line.facts.client.annual_value is None}
    rows = section(view(report, ENGLISH), "clients").tables[0].rows
    shown = {row.cells[0].notes[0] for row in rows if row.cells[1].text == "unknown"}
    assert without_value
    assert shown == without_value


def test_the_deadline_is_the_next_one_in_the_time_zone_of_the_case() -> None:
    shown = view(build_report(), ENGLISH)
    assert (
        tile(shown, "deadline")
        .replace("\u202f", " ")
        .startswith("Nov 25, 2026, 6:00:00 PM (Asia/Shanghai)\nApproval: IT")
    )
    assert "2026年11月25日 18:00:00 (Asia/Shanghai)" in tile(view(build_report(), CHINESE), "deadline")


def test_open_approvals_come_with_the_people_they_wait_for() -> None:
    shown = view(build_report(), ENGLISH)
    assert tile(shown, "decisions").splitlines() == [
        "4",
        "IT: 王志强",
        "Finance: 赵敏",
        "HR: Daniel Okafor",
        "Legal: Sofia Lindqvist",
    ]
    rows = section(shown, "approvals").tables[0].rows
    assert [row.flagged for row in rows] == [False, True, True, True, True]
    assert [row.cells[1].text for row in rows] == ["Approved", "Open", "Open", "Open", "Open"]


def test_a_late_approval_says_so_and_shows_its_round() -> None:
    rows = section(view(build_report(decided=True), ENGLISH), "approvals").tables[0].rows
    finance = next(row for row in rows if row.cells[0].text == "Finance")
    assert finance.cells[0].notes == ("round 2",)
    assert finance.cells[1].notes == ("late",)


def test_silence_is_said_to_be_no_approval() -> None:
    silent = ReportApproval(gate="finance", verdict="timed_out", at=MADE_AT)
    shown = view(with_approvals(build_report(), silent), ENGLISH)
    assert "not an approval" in shown.summary.verdict
    assert section(shown, "approvals").tables[0].rows[0].cells[2].text == "nobody"


def test_a_declined_approval_leads_the_verdict() -> None:
    declined = ReportApproval(gate="hr", verdict="declined", by="E102", at=MADE_AT, note="Talk to the client first.")
    given = ReportApproval(gate="it", verdict="approved", by="E103", at=MADE_AT)
    shown = view(with_approvals(build_report(), declined, given), ENGLISH)
    assert shown.summary.verdict.endswith("1 approval is declined; 1 domain has no data.")


def test_a_low_total_does_not_talk_over_a_domain_that_is_not_low() -> None:
    report = build_report(score="24")
    raised = [domain.domain.value for domain in report.domains if domain.score is not None and domain.score > 33]
    assert raised
    said = view(report, ENGLISH).summary.verdict
    assert said.startswith("Low risk in total; before the handover goes on look at: Receivables")
    assert "交接前请先查看：应收账款" in view(report, CHINESE).summary.verdict


@pytest.mark.parametrize(
    ("score", "first_words"),
    [("12", "Low risk"), ("34", "Medium risk"), ("67", "High risk"), ("84.4", "High risk"), ("85", "Critical risk")],
)
def test_the_verdict_follows_the_level(score: str, first_words: str) -> None:
    shown = view(build_report(score=score), ENGLISH)
    assert shown.summary.verdict.startswith(first_words)
    assert shown.summary.verdict.count(".") == 1


def test_currencies_stand_beside_each_other_and_are_never_added() -> None:
    report = build_report()
    assert report.receivables is not None
    shown = view(report, ENGLISH)
    by_currency: dict[str, Decimal] = {}
    for audit in (report.receivables, *report.receivables.others):
        by_currency[audit.currency] = audit.overdue
    totals = section(shown, "clients").tables[0].totals
    assert totals is not None
    written = {totals.cells[4].text, *totals.cells[4].notes}
    assert written == {f"{amount:,.2f} {currency}" for currency, amount in by_currency.items()}
    captions = [table.caption for table in section(shown, "receivables").tables]
    assert captions[:2] == ["Ageing in CNY", "Ageing in USD"]


def test_the_ageing_table_holds_the_buckets_and_their_sum() -> None:
    report = build_report()
    assert report.receivables is not None
    table = section(view(report, ENGLISH), "receivables").tables[0]
    assert table.totals is not None
    amounts = [Decimal(row.cells[2].text.removesuffix(" CNY").replace(",", "")) for row in table.rows]
    assert amounts == list(report.receivables.buckets.values())
    assert sum(amounts) == Decimal(table.totals.cells[2].text.removesuffix(" CNY").replace(",", ""))


def test_the_chart_is_told_in_words_too() -> None:
    (chart,) = section(view(build_report(), ENGLISH), "receivables").charts
    rows = section(view(build_report(), ENGLISH), "receivables").tables[0].rows
    for row in rows:
        assert row.cells[0].text in chart.alt
        assert row.cells[2].text in chart.alt


def test_figures_that_differ_from_the_ledger_are_named() -> None:
    report = build_report()
    assert report.receivables is not None
    off = report.receivables.model_copy(update={"reconciled": False, "ledger_balance": Decimal("1.50")})
    shown = section(view(report.model_copy(update={"receivables": off}), ENGLISH), "receivables")
    assert shown.notice.startswith("Unreconciled")
    assert "1.50 CNY" in shown.notice


@settings(max_examples=25, deadline=None)
@given(clients=st.integers(0, 40), seed=st.integers(0, 10_000))
def test_every_client_once_and_those_without_a_successor_first(clients: int, seed: int) -> None:
    report = build_report(clients=clients, seed=seed)
    table = section(view(report, ENGLISH), "clients").tables[0]
    ids = [row.cells[0].notes[0] for row in table.rows]
    assert sorted(ids) == [f"C{number + 1:04}" for number in range(clients)]
    flags = [row.flagged for row in table.rows]
    assert flags == sorted(flags, reverse=True)


def test_people_domains_and_levels_in_reasons_are_named() -> None:
    reason = because("{domain}: {person}, {before}", domain="data_exfiltration", person="E101", before="high")
    report = build_report().model_copy(update={"changes": (reason,)})
    assert section(view(report, CHINESE), "changes").points == ("数据外传: 李娜, 高",)


def test_the_json_is_the_document_as_stored() -> None:
    report = build_report()
    written = render_json(report)
    assert canonical(json.loads(written)) == canonical(report.model_dump(mode="json"))
    assert CaseReport.model_validate_json(written).fingerprint() == report.digest
    assert "陈思远".encode() in written
