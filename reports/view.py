"""From the report as stored to the report as read: everything written out once, for HTML and PDF alike."""

from models.report import CaseReport
from reports.blocks import ReportView
from reports.client_sections import clients_section, deals_section
from reports.control_sections import access_section, evidence_section, inventory_section
from reports.decision_sections import approvals_section, changes_section, domains_section, gaps_section
from reports.language import Language
from reports.money_section import money_section
from reports.summary import summary
from reports.words import KINDS
from reports.writer import Writer

_SECTIONS = (
    domains_section,
    gaps_section,
    changes_section,
    approvals_section,
    money_section,
    clients_section,
    deals_section,
    access_section,
    inventory_section,
    evidence_section,
)


def view(report: CaseReport, language: Language) -> ReportView:
    """Write `report` out in `language`: the same sections in the same order in every language."""
    writer, case = Writer(report, language), report.case
    facts = (case.department, case.region, writer.word(KINDS, case.kind.value))
    return ReportView(
        tag=language.tag,
        title=writer.text("Departure of {name}", name=case.leaver_name),
        subtitle=writer.text(" · ").join((*(fact for fact in facts if fact), case.leaver)),
        footer=writer.text("Confidential · {case} · version {n}", case=case.id, n=report.version),
        page=writer.text("Page %page of %pages"),
        summary=summary(writer),
        sections=tuple(section(writer) for section in _SECTIONS),
    )
