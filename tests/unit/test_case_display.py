"""What the Temporal Web UI shows about a case: phase, gates, deadlines with their zone, and never too many bytes."""

from datetime import UTC, date, datetime

import pytest

from models.approvals import GateOutcome, Verdict
from models.case import CaseProgress, CaseRequest, GateView, Phase, RejectedMessage, SeparationKind
from models.case_display import SUMMARY_BYTES, cut, details, headline, start_summary
from models.risk_level import Level

SHANGHAI = "Asia/Shanghai"
DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)


def progress(**changes: object) -> CaseProgress:
    decided = GateOutcome(gate="finance", verdict=Verdict.APPROVED, by="F1", at=datetime(2026, 11, 25, 1, tzinfo=UTC))
    fields: dict[str, object] = {
        "case_id": "offboarding-E1",
        "employee_id": "E1",
        "phase": Phase.APPROVING,
        "last_working_day": date(2026, 12, 18),
        "report_version": 1,
        "score": "67.0",
        "level": Level.HIGH,
        "gates": (
            GateView(gate="sales_manager", round=2, waiting_on=("M1",), due_at=DUE),
            GateView(gate="finance", round=1, outcome=decided),
        ),
        "waiting_on": ("sales_manager",),
        "next_deadline": DUE,
    }
    return CaseProgress.model_validate(fields | changes)


def test_the_first_line_says_where_how_bad_on_whom_and_until_when() -> None:
    assert headline(progress(), SHANGHAI, "East") == "East · high · waiting on sales_manager until Thu 26 Nov 18:00"


def test_every_gate_has_a_line_with_its_state() -> None:
    lines = details(progress(), SHANGHAI, "East").splitlines()
    assert "- **sales_manager**: round 2, waiting on M1 until Thu 26 Nov 18:00" in lines
    assert "- **finance**: approved by F1, Wed 25 Nov 09:00" in lines


def test_the_zone_of_the_times_is_named() -> None:
    assert "Times are those of Asia/Shanghai." in details(progress(), SHANGHAI, "East")


def test_no_table_is_used_because_the_page_glues_its_columns_together() -> None:
    assert "|" not in details(progress(), SHANGHAI, "East")


def test_what_is_unknown_and_what_could_not_count_is_shown() -> None:
    rejected = RejectedMessage(at=DUE, reason="late")
    shown = details(progress(unknowns=("receivables",), provisional=True, rejected=(rejected,)), SHANGHAI, "East")
    assert "Unknown so far: receivables." in shown
    assert "67.0 of 100, high, provisional" in shown
    assert "- Thu 26 Nov 18:00: late" in shown


def test_the_summary_of_the_list_is_one_line_without_names() -> None:
    request = CaseRequest(
        case_id="offboarding-E1", employee_id="E1", kind=SeparationKind.RESIGNATION, policy="prc",
        last_working_day=date(2026, 12, 18),
    )  # fmt: skip
    assert start_summary(request, "华东") == "华东 · resignation · last day 2026-12-18"


@pytest.mark.parametrize("text", ["东" * 67, "a" * 201, "é" * 150, "ab东" * 60])
def test_a_long_text_is_cut_to_bytes_and_never_inside_a_character(text: str) -> None:
    shown = cut(text)
    assert len(shown.encode()) <= SUMMARY_BYTES
    assert shown.endswith("…")
    assert text.startswith(shown[:-1])
