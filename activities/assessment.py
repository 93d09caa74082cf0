"""Merges what the branches found into the next version of the report."""

from collections.abc import Iterable

from sqlalchemy import Connection
from temporalio import activity

from activities.look_back import exfiltration
from activities.report_approvals import approvals_part, carried_over, people_asked
from activities.report_parts import (
    CaseResults,
    access_part,
    clients_part,
    gaps,
    last_scores,
    people_in,
    receivables_part,
    score_domains,
)
from models.amounts import tidy
from models.assessment import assess
from models.case import Branch
from models.events import EventType, ReportReady
from models.people import Employee
from models.planning import calendar_for, calendar_gaps
from models.report import CaseReport, ReportCase, ReportEvidence, ReportPolicy
from models.report_changes import changes, is_material
from models.risk import Domain, MergeRequest, ReportRef
from store import cases, collection, events, evidence, people, reports, silences
from store.cases import CaseRow
from store.database import Database


class AssessmentActivities:
    """Reads stored branch results and writes report versions in `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="merge_report")
    def merge_report(self, request: MergeRequest) -> ReportRef:
        """Make the next version of the report, once per merge key, with its evidence in the same transaction."""
        with self._database.begin() as connection:
            reports.take_turn(connection, request.case_id)
            case = cases.get(connection, request.case_id)
            report = reports.of_merge(connection, request.case_id, request.merge_key)
            asked = reports.load(connection, case.id, request.asked_version) if request.asked_version else None
            if report is None:
                report = _make(connection, case, request, asked)
            previous = asked or reports.before(connection, case.id, report.version)
        return ReportRef(
            version=report.version,
            digest=report.digest,
            score=report.score,
            level=report.level,
            provisional=report.provisional,
            unknowns=report.unknowns,
            material=is_material(previous, report, case.policy.material),
        )


def _make(connection: Connection, case: CaseRow, request: MergeRequest, asked: CaseReport | None) -> CaseReport:
    previous = reports.before(connection, case.id)
    draft = _draft(connection, case, request, previous)
    # As the case judges it: small steps add up against the version that people were asked about.
    material = request.everybody_again or is_material(asked or previous, draft, case.policy.material)
    approvals = carried_over(draft.approvals, draft.version, material=material)
    report = draft.model_copy(update={"changes": changes(previous, draft), "approvals": approvals}).sealed()
    reports.save(connection, report, request.merge_key, at=request.at)
    facts: dict[str, object] = {
        "version": report.version,
        "digest": report.digest,
        "score": str(report.score),
        "level": report.level.value,
    }
    evidence.append(connection, case.id, "report.made", facts, at=request.at)
    told = ReportReady.model_validate({"case": case.id, "provisional": report.provisional, **facts})
    events.put(connection, case.id, EventType.REPORT_READY, told, key=str(report.version), at=request.at)
    return report


def _draft(connection: Connection, case: CaseRow, request: MergeRequest, previous: CaseReport | None) -> CaseReport:
    results = CaseResults.read(connection, case.id, request.branches)
    leaver = people.get(connection, case.employee_id)
    # By the moment of this version, not by the pinned audit date: a case may run for months.
    last_day_over = request.at >= calendar_for(leaver, case.policy).end_of(case.plan.dates.last_working_day)
    known = last_scores(previous)
    copied = exfiltration(connection, case, known.get(Domain.DATA_EXFILTRATION))
    domains = score_domains(results, copied, known, case.policy.materiality, last_day_over=last_day_over)
    assessment = assess(domains, case.policy.weights)
    approvals = approvals_part(connection, case, request.outcomes, assessment.level)
    silent = silences.of_case(connection, case.id)
    following = collection.follow_up(connection, case.id)
    collectors = {plan.collector for plan in following.plans} if following else set()
    entries, head = evidence.head(connection, case.id)
    return CaseReport(
        case=_head(connection, case, leaver, {*people_in(results), *people_asked(approvals), *collectors}),
        version=previous.version + 1 if previous else 1,
        made_at=request.at,
        policy=ReportPolicy(name=case.policy.name, version=case.policy.version),
        score=assessment.score,
        level=assessment.level,
        provisional=assessment.provisional,
        unknowns=tuple(domain.value for domain in assessment.unknowns),
        reasons=assessment.reasons,
        domains=assessment.domains,
        receivables=receivables_part(results.receivables, request.branches.get(Branch.RECEIVABLES)),
        collection=tidy(following) if following else None,
        clients=clients_part(connection, results.book, results.plan),
        access=access_part(results.access),
        inventory=tidy(results.inventory) if results.inventory else None,
        approvals=approvals,
        gaps=(*gaps(results, assessment.domains, silent, case.plan.time_zone), *calendar_gaps(case.plan)),
        evidence=ReportEvidence(entries=entries, head=head),
    )


def _head(connection: Connection, case: CaseRow, leaver: Employee, mentioned: Iterable[str]) -> ReportCase:
    return ReportCase(
        id=case.id,
        leaver=leaver.id,
        leaver_name=leaver.name,
        department=case.plan.department,
        region=case.plan.region,
        time_zone=case.plan.time_zone,
        kind=case.kind,
        last_working_day=case.plan.dates.last_working_day,
        as_of=case.plan.as_of,
        started_at=case.started_at,
        phase=case.phase.value,
        employees=people.names(connection, {leaver.id, *mentioned}),
    )
