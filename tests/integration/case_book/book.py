"""Helpers of the tests about our books of cases: start, move and end one as a worker does, and look at the rows."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select

from activities.cases import CaseActivities
from models.case import CasePlan, CaseRequest, CloseRequest, Phase, PlanRequest
from models.people import EmployeeStatus
from store import people
from store.database import Database
from store.tables import metadata

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=SHANGHAI)
FRIDAY = date(2026, 12, 18)
AFTERWARDS = datetime(2026, 12, 18, 18, tzinfo=SHANGHAI)
CASE = "offboarding-E7"


def request(**changes: object) -> CaseRequest:
    fields: dict[str, object] = {
        "case_id": CASE,
        "employee_id": "E7",
        "kind": "resignation",
        "last_working_day": FRIDAY,
        "requested_by": "E3",
        "policy": "prc",
    }
    return CaseRequest.model_validate(fields | changes)


def start(company: Database, at: datetime = TUESDAY, **changes: object) -> CasePlan:
    return CaseActivities(company).plan_case(PlanRequest(request=request(**changes), at=at))


def end(company: Database, phase: Phase, at: datetime = AFTERWARDS) -> dict[str, int]:
    asked = CloseRequest(case_id=CASE, employee_id="E7", phase=phase, at=at)
    return CaseActivities(company).close_case(asked).obstacles


def rows(company: Database) -> dict[str, int]:
    with company.begin() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def status(company: Database, employee_id: str = "E7") -> EmployeeStatus:
    with company.begin() as connection:
        return people.get(connection, employee_id).status


def add(company: Database, table: object, **values: object) -> None:
    with company.begin() as connection:
        connection.execute(insert(table).values(**values))  # type: ignore[arg-type]
