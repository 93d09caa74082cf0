"""An open case of E1 with everything that a plan holds but gates, for tests of what a case finds about the money."""

from datetime import date, datetime

from sqlalchemy import Connection

from models.case import CaseDates, CasePlan, CaseRequest, SeparationKind
from models.policy import Policy
from store import cases

CASE = "offboarding-E1"


def open_case(
    connection: Connection, policy: Policy, *, as_of: date, cutoff: datetime, at: datetime, time_zone: str
) -> None:
    """A resignation of E1 under a policy; the last working day is that of the cut-off."""
    last = cutoff.date()
    request = CaseRequest(
        case_id=CASE, employee_id="E1", kind=SeparationKind.RESIGNATION, last_working_day=last, policy=policy.name
    )
    plan = CasePlan(
        case_id=CASE,
        employee_id="E1",
        region="East",
        department="Sales East",
        dates=CaseDates(notice_date=as_of, last_working_day=last, access_cutoff=cutoff, separation_date=last),
        as_of=as_of,
        policy_name=policy.name,
        policy_version=policy.version,
        branch_budget_seconds=60,
        first_grades=policy.first_grades,
        gates=(),
        barred=("E1",),
        time_zone=time_zone,
    )
    cases.create(connection, request, policy, plan, at=at)
