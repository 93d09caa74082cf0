"""The approvals of a report: each vote with whose it is, how many are needed, what stands, what was sent back."""

from models.report import CaseReport, ReportApproval, ReportVote
from reports.blocks import Row
from reports.language import language
from reports.view import view
from tests.report_builder import MADE_AT, build_report

ENGLISH = language("en")


def row_of(approval: ReportApproval, tongue: str = "en") -> Row:
    report: CaseReport = build_report()
    people = report.case.employees | {"A": "Wang Wei", "B": "Li Hua"}
    case = report.case.model_copy(update={"employees": people})
    shown = view(report.model_copy(update={"approvals": (approval,), "case": case, "version": 3}), language(tongue))
    return next(part for part in shown.sections if part.key == "approvals").tables[0].rows[0]


def vote(by: str, principal: str, verdict: str = "approved", version: int = 2) -> ReportVote:
    return ReportVote(by=by, principal=principal, verdict=verdict, at=MADE_AT, version=version)


def test_a_vote_says_for_whom_it_was_cast_and_about_which_version() -> None:
    given = ReportApproval(gate="finance", verdict="approved", by="B", at=MADE_AT, votes=(vote("B", "A"),))
    [said] = row_of(given).cells[2].notes
    assert said.startswith("Approved: Li Hua for Wang Wei, ")
    assert said.endswith(", for version 2")
    assert "Li Hua 代 Wang Wei" in row_of(given, "zh").cells[2].notes[0]


def test_an_open_gate_says_how_many_approvals_are_there() -> None:
    waiting = ReportApproval(gate="it", waiting_on=("B",), due_at=MADE_AT, votes=(vote("A", "A"),), needed=2)
    row = row_of(waiting)
    assert row.flagged
    assert row.cells[1].notes == ("1 of 2 approvals",)
    assert (row.cells[2].text, len(row.cells[2].notes)) == ("Waiting for Li Hua", 1)


def test_a_decision_that_stands_for_a_newer_version_says_so() -> None:
    kept = ReportApproval(
        gate="hr", verdict="approved", by="A", at=MADE_AT, votes=(vote("A", "A"),), carried_over_from=2
    )
    assert row_of(kept).cells[4].notes == ("Decided on version 2; version 3 changed nothing material.",)


def test_a_plan_that_was_sent_back_says_why() -> None:
    back = ReportApproval(gate="hr", verdict="sent_back", by="A", at=MADE_AT, note="The north belongs to P2.")
    cells = row_of(back).cells
    assert (cells[1].text, cells[1].tone, cells[4].text) == ("Sent back", "bad", "The north belongs to P2.")
    assert row_of(back, "zh").cells[1].text == "已退回"
    shown = view(build_report().model_copy(update={"approvals": (back,)}), ENGLISH)
    assert "1 approval sends the plan back" in shown.summary.verdict
