"""Finding cases again, and what is kept of them."""

from datetime import UTC, timedelta

import pytest
from sqlalchemy import select

from activities.cases import CaseActivities
from models.case import CloseRequest, Phase
from models.errors import UnknownCase, UnknownEmployee
from store import cases, evidence
from store.database import Database
from store.tables import case_reasons
from tests.integration.case_book.book import AFTERWARDS, CASE, TUESDAY, end, request, start


def test_ids_follow_one_another_and_an_open_case_is_met_again(company: Database) -> None:
    with company.begin() as connection:
        assert cases.next_case_id(connection, "E7") == CASE
    start(company)
    with company.begin() as connection:
        assert cases.open_case_of(connection, "E7") == CASE
        assert cases.next_case_id(connection, "E7") == CASE
    end(company, Phase.WITHDRAWN)
    with company.begin() as connection:
        assert cases.open_case_of(connection, "E7") is None
        assert cases.next_case_id(connection, "E7") == f"{CASE}-2"
    start(company, case_id=f"{CASE}-2")
    end_second = CloseRequest(case_id=f"{CASE}-2", employee_id="E7", phase=Phase.WITHDRAWN, at=AFTERWARDS)
    CaseActivities(company).close_case(end_second)
    with company.begin() as connection:
        assert cases.next_case_id(connection, "E7") == f"{CASE}-3"


@pytest.mark.parametrize("employee_id", ["N 7", "7/7", "x" * 64, "员工 7"])
def test_any_employee_id_makes_a_lawful_case_id(company: Database, employee_id: str) -> None:
    with company.begin() as connection:
        made = cases.next_case_id(connection, employee_id)
    assert request(case_id=made).case_id == made


def test_a_case_is_found_by_its_id_the_employee_or_the_name(company: Database) -> None:
    start(company)
    end(company, Phase.WITHDRAWN, at=TUESDAY)
    start(company, at=TUESDAY + timedelta(days=1), case_id=f"{CASE}-2")
    with company.begin() as connection:
        assert cases.resolve(connection, CASE) == CASE
        assert cases.resolve(connection, "E7") == cases.resolve(connection, "Li Na") == f"{CASE}-2"
        for unknown, error in (("E8", UnknownCase), ("offboarding-E0", UnknownCase), ("Nobody", UnknownEmployee)):
            with pytest.raises(error):
                cases.resolve(connection, unknown)
        with pytest.raises(UnknownCase):
            cases.get(connection, "offboarding-E0")


def test_the_list_shows_open_cases_first(company: Database) -> None:
    start(company)
    start(company, at=TUESDAY + timedelta(days=1), case_id="offboarding-E8", employee_id="E8")
    with company.begin() as connection:
        assert [case.id for case in cases.list_cases(connection)] == ["offboarding-E8", CASE]
        assert [case.id for case in cases.list_cases(connection, limit=1)] == ["offboarding-E8"]
    CaseActivities(company).close_case(
        CloseRequest(case_id="offboarding-E8", employee_id="E8", phase=Phase.DECLINED, at=AFTERWARDS)
    )
    with company.begin() as connection:
        assert [case.id for case in cases.list_cases(connection)] == [CASE, "offboarding-E8"]
        assert [case.id for case in cases.list_cases(connection, open_only=True)] == [CASE]


def test_the_words_of_the_starter_stay_in_our_database(company: Database) -> None:
    with company.begin() as connection:
        cases.keep_reason(connection, CASE, "wants to travel", at=TUESDAY)
        cases.keep_reason(connection, CASE, "wants to study", at=TUESDAY)
    plan = start(company)
    with company.begin() as connection:
        assert cases.get(connection, CASE).reason == "wants to study"
        assert connection.execute(select(case_reasons)).all() == []
        assert all("study" not in str(entry.body) for entry in evidence.read(connection, CASE))
    assert "study" not in plan.model_dump_json()


def test_a_phase_is_kept(company: Database) -> None:
    start(company)
    with company.begin() as connection:
        cases.set_phase(connection, CASE, Phase.APPROVING)
        case = cases.get(connection, CASE)
    assert (case.phase, case.ended_at) == (Phase.APPROVING, None)
    assert case.started_at.astimezone(UTC) == TUESDAY.astimezone(UTC)
