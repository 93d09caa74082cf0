"""Versions of a case's report, as canonical JSON. A version is written once and never changed."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select, text

from models.base import Moment, Value
from models.canonical_json import canonical
from models.errors import UnknownCase
from models.policy import Policy
from models.reasons import Reason
from models.report import CaseReport
from models.risk_level import Level
from store.among import among
from store.tables import cases, reports


class ReportVersion(Value):
    """One line of the list of versions."""

    version: int
    digest: str
    at: Moment


class OwedSum(Value):
    """What is owed in one currency, and how much of that is late."""

    currency: str
    total: Decimal
    overdue: Decimal


class ReportHead(Value):
    """The verdict of a report without its lists: what a page shows of it, whatever the number of clients.

    `receivables` and `clients` are None while their branch is unknown.
    """

    version: int
    digest: str
    last_working_day: date
    score: Decimal
    level: Level
    provisional: bool
    unknowns: tuple[str, ...]
    reasons: tuple[Reason, ...]
    receivables: tuple[OwedSum, ...] | None
    clients: int | None

    @classmethod
    def of(cls, report: CaseReport) -> "ReportHead":
        """The head of a sealed report."""
        money = report.receivables
        sums = (OwedSum.model_validate(each, from_attributes=True) for each in (money, *money.others)) if money else ()
        return cls(
            version=report.version,
            digest=report.digest,
            last_working_day=report.case.last_working_day,
            score=report.score,
            level=report.level,
            provisional=report.provisional,
            unknowns=report.unknowns,
            reasons=report.reasons,
            receivables=tuple(sums) if money else None,
            clients=report.clients.count if report.clients else None,
        )


def take_turn(connection: Connection, case_id: str) -> None:
    """Wait until nobody else makes a version of this case's report; held until the end of the transaction.

    A lock of its own: one on the row of the case would also hold up everybody who writes gates or evidence.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:case, 2))"), {"case": case_id})


def save(connection: Connection, report: CaseReport, merge_key: str, *, at: datetime) -> None:
    """Keep a sealed report as its version. The caller has taken its turn and looked for `merge_key`."""
    connection.execute(
        reports.insert().values(
            case_id=report.case.id,
            version=report.version,
            digest=report.digest,
            merge_key=merge_key,
            document=canonical(report.model_dump(mode="json")),
            head=ReportHead.of(report).model_dump(mode="json"),
            at=at,
        )
    )


def load(connection: Connection, case_id: str, version: int | None = None) -> CaseReport:
    """One version of a report, the newest by default. Raises UnknownCase when there is none."""
    found = (
        _newest(connection, case_id) if version is None else _newest(connection, case_id, reports.c.version == version)
    )
    if found is None:
        raise _no_report(case_id, version)
    return found


def head(connection: Connection, case_id: str, version: int) -> ReportHead:
    """The head of one version, without reading the whole document. Raises UnknownCase when there is none."""
    query = select(reports.c.head).where(reports.c.case_id == case_id, reports.c.version == version)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise _no_report(case_id, version)
    return ReportHead.model_validate(found)


def levels(connection: Connection, case_ids: Collection[str]) -> dict[tuple[str, int], Level]:
    """The level of every version of several cases, by case and version."""
    wanted = select(reports.c.case_id, reports.c.version, reports.c.head["level"].astext)
    found = connection.execute(wanted.where(among(reports.c.case_id, case_ids)))
    return {(case_id, version): Level(level) for case_id, version, level in found}


def before(connection: Connection, case_id: str, version: int | None = None) -> CaseReport | None:
    """The version before `version`, by default the newest one; None when there is none."""
    return _newest(connection, case_id, *([] if version is None else [reports.c.version < version]))


def of_merge(connection: Connection, case_id: str, merge_key: str) -> CaseReport | None:
    """The version that was made for a merge key; None when that merge was not done yet."""
    return _newest(connection, case_id, reports.c.merge_key == merge_key)


def versions(connection: Connection, case_id: str) -> list[ReportVersion]:
    """Every version of a case, oldest first."""
    rows = connection.execute(
        select(reports.c.version, reports.c.digest, reports.c.at)
        .where(reports.c.case_id == case_id)
        .order_by(reports.c.version)
    ).mappings()
    return [ReportVersion.model_validate(dict(row)) for row in rows]


def _no_report(case_id: str, version: int | None) -> UnknownCase:
    if version is None:
        return UnknownCase(
            "the case {case!r} has no report yet: `offboard show {case}` says how far it is", case=case_id
        )
    return UnknownCase(
        "the case {case!r} has no report version {version}: `offboard show {case}` says how far it is",
        case=case_id,
        version=version,
    )


def _newest(connection: Connection, case_id: str, *conditions: ColumnElement[bool]) -> CaseReport | None:
    row = connection.execute(
        select(reports.c.document, cases.c.policy)
        .join(cases, cases.c.id == reports.c.case_id)
        .where(reports.c.case_id == case_id, *conditions)
        .order_by(reports.c.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return _in_order_of(Policy.model_validate(row.policy), CaseReport.model_validate_json(row.document))


def _in_order_of(policy: Policy, report: CaseReport) -> CaseReport:
    """Canonical JSON sorts keys; readers expect ageing buckets from young to old. The digest is the same."""
    money = report.receivables
    if money is None:
        return report
    labels = [bucket.label for bucket in policy.ageing.buckets]
    also = [limit.label for limit in policy.ageing.also]
    in_order = [
        each.model_copy(
            update={
                "buckets": {label: each.buckets[label] for label in labels},
                "bucket_items": {label: each.bucket_items[label] for label in labels},
                "also": {label: each.also[label] for label in also if label in each.also},
            }
        )
        for each in (money, *money.others)
    ]
    main, others = in_order[0], tuple(in_order[1:])
    return report.model_copy(update={"receivables": main.model_copy(update={"others": others})})
