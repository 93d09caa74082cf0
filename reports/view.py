"""From the report as stored to the report as read: everything written out once, for HTML and PDF alike."""

from collections.abc import Callable, Mapping

from models.figures_behind import Behind
from models.report import CaseReport
from reports.blocks import ReportView, Section
from reports.client_sections import clients_section, deals_section
from reports.collection_section import collection_section
from reports.control_sections import access_section, evidence_section, inventory_section
from reports.decision_sections import approvals_section, changes_section, domains_section, gaps_section
from reports.language import Language
from reports.money_items import anchors, item_lists
from reports.money_loss import loss_section
from reports.money_outlook import commission_section, outlook_section
from reports.money_section import money_section
from reports.summary import summary
from reports.words import KINDS
from reports.writer import Writer

_SECTIONS: tuple[Callable[[Writer], Section | None], ...] = (
    domains_section,
    gaps_section,
    changes_section,
    approvals_section,
    money_section,
    loss_section,
    outlook_section,
    commission_section,
    collection_section,
    clients_section,
    deals_section,
    access_section,
    inventory_section,
    evidence_section,
)


def view(report: CaseReport, language: Language, opened: Mapping[str, Behind] | None = None) -> ReportView:
    """Write `report` out in `language`: the same sections in the same order in every language.

    `opened` are the items behind figures about receivables; without them no figure opens.
    """
    opened = opened or {}
    writer, case = Writer(report, language, anchors(opened)), report.case
    facts = (case.department, case.region, writer.word(KINDS, case.kind.value))
    sections = (section(writer) for section in _SECTIONS)
    return ReportView(
        tag=language.tag,
        title=writer.text("Departure of {name}", name=case.leaver_name),
        subtitle=writer.text(" · ").join((*(fact for fact in facts if fact), case.leaver)),
        footer=writer.text("Confidential · {case} · version {n}", case=case.id, n=report.version),
        page=writer.text("Page %page of %pages"),
        summary=summary(writer),
        sections=tuple(section for section in sections if section is not None),
        lists=tuple(item_lists(writer, opened)),
        back=writer.text("Back to the figures"),
    )
