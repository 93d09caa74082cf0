"""People read names beside the ids; programs, like the history, get ids alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from embedded.processes import free_port
from models.approvals import GateOutcome, Verdict
from models.case import CaseProgress, GateView, Phase, RejectedMessage
from reports.terminal import show_answer
from reports.terminal_words import Names, names_in, words_in
from starter_cli import app
from store.database import Database
from store.tables import employees
from tests.company import Company

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
Offboard = Callable[..., str]


@pytest.fixture
def company(database: Database) -> Database:
    Company.build(database, clients=2, peers=2)
    return database


@pytest.fixture
def offboard(company: Database, monkeypatch: pytest.MonkeyPatch) -> Offboard:
    """Run the command on our database; nobody runs a Temporal server."""
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", company.url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "en")

    def run(*words: str, check: int = 0) -> str:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == check, done.output
        return done.output

    return run


def progress(phase: Phase = Phase.APPROVING, **fields: object) -> CaseProgress:
    """A case of Li Na: finance has approved, the manager is waited for."""
    approved = GateOutcome(gate="finance", verdict=Verdict.APPROVED, by="F1", at=AT)
    gates = (
        GateView(gate="sales_manager", waiting_on=("M1",), due_at=AT),
        GateView(gate="finance", due_at=AT, outcome=approved),
    )
    return CaseProgress.model_validate(
        {"case_id": "offboarding-E1", "employee_id": "E1", "phase": phase, "last_working_day": date(2026, 12, 18),
         "gates": gates, **fields}
    )  # fmt: skip


def shown(company: Database, answer: CaseProgress, capsys: pytest.CaptureFixture[str], tag: str = "en") -> str:
    with company.begin() as connection:
        names = names_in(connection, answer.model_dump(mode="json"))
    show_answer("progress", answer, tag, names)
    return capsys.readouterr().out


def test_a_name_can_neither_turn_the_line_around_nor_steer_the_terminal(
    company: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with company.begin() as connection:
        evil = {"name": "Wang\u202e Wei\x1b[2J\x9b"}
        connection.execute(update(employees).where(employees.c.id == "M1").values(evil))
    said = shown(company, progress(doing="merge\x1b[31m"), capsys)
    assert "Wang Wei[2J (M1)" in said
    assert not {"\u202e", "\x1b", "\x9b"} & set(said)


def test_a_case_names_the_leaver_who_decided_and_who_is_waited_for(
    company: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    said = shown(company, progress(), capsys)
    assert "Li Na (E1) leaves, last working day 2026-12-18" in said
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert "Wang Wei (M1)" in lines["sales_manager"]
    assert "Office F1 (F1)" in lines["finance"]


def test_gates_of_an_ended_case_are_not_open(company: Database, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(company, progress(Phase.WITHDRAWN), capsys)
    assert "Li Na (E1) stays" in said
    assert "open" not in said
    assert "not decided" in said


def test_what_a_case_waits_for_and_refuses_is_said_in_words(
    company: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    hung = progress(
        Phase.CLOSING,
        waiting_on=("clients_without_owner: 3", "finance: NobodyToAsk, hr: NobodyToAsk"),
        rejected=(RejectedMessage(at=AT, reason="late"), RejectedMessage(at=AT, reason="{odd} signal")),
    )
    said = shown(company, hung, capsys, "zh")
    assert "没有负责人的客户: 3、财务: 无人可以审批、人力资源: 无人可以审批" in said
    assert "late" not in said
    assert "{odd} signal" in said


def test_the_words_for_somebody_unknown_are_the_id() -> None:
    words = words_in("en", Names(people={"E1": "Li Na", "E2": "E2"}))
    assert [words.person(key) for key in ("E1", "E2", "E3", None)] == ["Li Na (E1)", "E2", "E3", ""]


def test_a_number_that_is_also_an_id_stays_a_number(company: Database) -> None:
    with company.begin() as connection:
        Company(company).person(connection, "3", name="Zhang San")
        names = names_in(connection, {"counts": {"rights": 3}, "grade": 3})
    assert names.people == {}


def test_each_branch_names_people_and_clients(offboard: Offboard) -> None:
    plan = offboard("handover", "plan", "E1")
    assert "The book of business of Li Na (E1):" in plan
    assert "Client 1 (C001)" in plan
    assert "(P1)" in plan
    assert "Rights of Li Na (E1):" in offboard("access", "show", "E1")
    assert "Client 2 (C002)" in offboard("audit", "E1")


def test_programs_get_ids_alone(offboard: Offboard) -> None:
    for words in (("handover", "plan", "E1"), ("access", "show", "E1"), ("audit", "E1")):
        said = offboard(*words, "--json")
        assert '"E1"' in said or '"C001"' in said
        assert "Li Na" not in said
        assert "Client 1" not in said


def test_an_unknown_language_is_refused_by_name_and_falls_back_where_the_system_names_it(
    offboard: Offboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = offboard("report", "E1", "--lang", "fr", check=2)
    assert "fr" in refused
    assert "en, zh" in refused
    for known in ("zh", "zh-CN", "zh_CN.UTF-8", "EN", "en_US"):
        monkeypatch.setenv("OFFBOARD_LANGUAGE", known)
        offboard("list")
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "fr")
    assert "OFFBOARD_LANGUAGE" in offboard("list", check=2)
    monkeypatch.delenv("OFFBOARD_LANGUAGE")
    for system in ("LC_ALL", "LANG"):
        monkeypatch.setenv(system, "fr_FR.UTF-8")
        assert "No cases yet." in offboard("list")
