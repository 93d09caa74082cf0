"""A case in our books: pinned once and moved; everything that is refused is refused before it is written."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from activities.cases import CaseActivities
from activities.inventory import InventoryActivities
from models.case import BranchRequest, CasePlan, Phase, PlanRequest, ReplanRequest
from models.errors import BadDates, CaseConflict, NotAllowed, OffboardError, PolicyError, Refused, UnknownEmployee
from models.evidence import digest
from models.people import EmployeeStatus
from store import cases, evidence
from store.database import Database
from store.policies import SHIPPED
from store.tables import assets, gates, tasks
from systems.assets.postgres import PostgresAssetRegister
from tests.integration.case_book.book import CASE, SHANGHAI, TUESDAY, add, end, request, rows, start, status


def move(company: Database, to: date, at: datetime, by: str | None = "E3") -> CasePlan:
    asked = ReplanRequest(case_id=CASE, last_working_day=to, requested_by=by, at=at)
    return CaseActivities(company).replan_case(asked)


# ---- planning ----


def test_the_plan_the_policy_and_the_first_evidence_are_written_together(company: Database) -> None:
    plan = start(company)
    with company.begin() as connection:
        case = cases.get(connection, CASE)
        (entry,) = evidence.read(connection, CASE)
    assert case.plan == plan
    assert (case.policy.name, case.policy.version) == (plan.policy_name, plan.policy_version) == ("prc", "2026.1")
    assert (case.phase, case.started_at, case.ended_at) == (Phase.ASSESSING, TUESDAY, None)
    assert (entry.kind, entry.actor) == ("case.started", "E3")
    assert entry.body["plan_digest"] == digest(plan.model_dump(mode="json"))
    assert entry.body["policy_version"] == "2026.1"
    assert status(company) is EmployeeStatus.LEAVING


def test_the_plan_names_nobody(company: Database) -> None:
    text = start(company).model_dump_json()
    assert all(name not in text for name in ("Li Na", "Zhao Min", "Sun Li"))


def test_a_repeat_returns_the_same_plan(company: Database) -> None:
    first = start(company)
    before = rows(company)
    assert start(company, at=TUESDAY + timedelta(hours=5)) == first
    assert rows(company) == before


def test_an_edited_policy_does_not_touch_a_running_case(company: Database, tmp_path: Path) -> None:
    text = (SHIPPED / "prc.toml").read_text(encoding="utf-8").replace('"prc"', '"house"')
    (tmp_path / "house.toml").write_text(text, encoding="utf-8")
    desk = CaseActivities(company, tmp_path)
    plan = desk.plan_case(PlanRequest(request=request(policy="house"), at=TUESDAY))
    assert plan.policy_name == "house"
    (tmp_path / "house.toml").write_text(text.replace("working_days = 2", "working_days = 9"), encoding="utf-8")
    asked = ReplanRequest(case_id=CASE, last_working_day=date(2026, 12, 31), at=TUESDAY)
    assert desk.replan_case(asked).gates == plan.gates
    with company.begin() as connection:
        assert {gate.working_days for gate in cases.get(connection, CASE).policy.gates} == {2, 3}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"employee_id": "E99", "case_id": "offboarding-E99"}, UnknownEmployee),
        ({"employee_id": "E9", "case_id": "offboarding-E9"}, CaseConflict),
        ({"requested_by": "E7"}, NotAllowed),
        ({"requested_by": "E99"}, UnknownEmployee),
        ({"last_working_day": date(2026, 11, 23)}, BadDates),
        ({"last_working_day": date(2017, 1, 1), "as_of": date(2017, 6, 30)}, BadDates),
        ({"policy": "nowhere"}, PolicyError),
    ],
)
def test_what_is_refused_leaves_no_trace(
    company: Database, changes: dict[str, object], error: type[OffboardError]
) -> None:
    before = rows(company)
    with pytest.raises(error) as refused:
        start(company, **changes)
    assert isinstance(refused.value, Refused)
    assert rows(company) == before
    assert status(company) is EmployeeStatus.ACTIVE


def test_a_second_open_case_is_refused_and_named(company: Database) -> None:
    start(company)
    with pytest.raises(CaseConflict, match=f"open case already, {CASE}"):
        start(company, case_id=f"{CASE}-2")


def test_the_same_id_for_another_departure_is_refused(company: Database) -> None:
    start(company)
    with pytest.raises(CaseConflict):
        start(company, last_working_day=date(2026, 12, 31))


# ---- moving the last working day ----


def test_a_new_last_day_retimes_gates_cut_off_and_tasks(company: Database) -> None:
    add(company, assets, id="A1", employee_id="E7", kind="laptop")
    old = start(company)
    InventoryActivities(company, PostgresAssetRegister(company)).take_inventory(
        BranchRequest(case_id=CASE, employee_id="E7", as_of=old.as_of)
    )
    for name, verdict in (("hr", "approved"), ("finance", None)):
        add(
            company,
            gates,
            case_id=CASE,
            gate=name,
            round=1,
            approvers=["E3"],
            seats=[{"principal": "E3"}],
            ladder="approver",
            due_at=TUESDAY,
            report_version=1,
            report_digest="d",
            opened_at=TUESDAY,
            closed_at=TUESDAY if verdict else None,
            verdict=verdict,
        )
    later = TUESDAY + timedelta(days=2)
    new = move(company, date(2027, 1, 15), later)
    gate = {one.gate: one.due_at for one in new.gates}
    assert gate["hr"] == old.gates[0].due_at
    assert gate["finance"] == datetime(2026, 11, 30, 18, tzinfo=SHANGHAI)
    assert new.dates.access_cutoff == datetime(2027, 1, 15, 18, tzinfo=SHANGHAI)
    with company.begin() as connection:
        assert cases.get(connection, CASE).plan == new
        assert connection.execute(select(tasks.c.due_at)).scalar_one() == datetime(2027, 1, 22, 18, tzinfo=SHANGHAI)
        moved = list(evidence.read(connection, CASE))[-1]
    assert (moved.kind, moved.actor) == ("case.rescheduled", "E3")
    assert moved.body["tasks_moved"] == 1
    assert start(company) == old  # the first answer stays what it was


def test_a_repeated_move_is_one_move(company: Database) -> None:
    start(company)
    later = TUESDAY + timedelta(days=1)
    first = move(company, date(2026, 12, 31), later)
    before = rows(company)
    assert move(company, date(2026, 12, 31), later) == first
    assert rows(company) == before


def test_refused_moves_keep_the_plan(company: Database) -> None:
    plan = start(company)
    with pytest.raises(BadDates):
        move(company, date(2026, 11, 24), TUESDAY + timedelta(days=1))
    with pytest.raises(NotAllowed):
        move(company, date(2026, 12, 31), TUESDAY, by="E7")
    with company.begin() as connection:
        assert cases.get(connection, CASE).plan == plan
    end(company, Phase.DECLINED)
    with pytest.raises(CaseConflict):
        move(company, date(2026, 12, 31), TUESDAY)
