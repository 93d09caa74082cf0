"""What any client system must answer, asked of the real one on PostgreSQL; and the client report made from it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.cases import CaseActivities
from activities.clients import ClientActivities, report_book
from activities.receivable_facts import books_of
from activities.receivables import audit_owner
from activities.successor_planning import plan_handover
from models.case import Branch, BranchRequest, CaseRequest, PlanRequest, SeparationKind
from models.clients import BookOfBusiness
from models.errors import Unavailable
from models.people import Employee
from reports.language import language
from store import branches, people
from store.database import Database
from store.policies import load_policy
from systems.clients.port import ClientBook, Kind, OwnerChange
from systems.clients.postgres import PostgresClientBook
from systems.receivables.postgres import PostgresReceivables
from tests.company import AS_OF, Company

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def company(database: Database) -> Company:
    return Company.build(database, clients=4, peers=3)


@pytest.fixture(params=[PostgresClientBook])
def book(request: pytest.FixtureRequest, company: Company) -> ClientBook:
    """Every adapter passes the same questions."""
    made: ClientBook = request.param(company.database)
    return made


def run(database: Database, statement: str, **params: object) -> None:
    with database.begin() as connection:
        connection.execute(text(statement), params)


def leaver(company: Company) -> Employee:
    with company.database.begin() as connection:
        return people.get(connection, company.leaver)


def test_a_client_system_that_does_not_answer_is_worth_another_try() -> None:
    nowhere = Database("postgresql+psycopg2://offboard@127.0.0.1:1/offboard")
    with pytest.raises(Unavailable):
        PostgresClientBook(nowhere).owned_by("E1", AS_OF)
    nowhere.close()


def test_facts_are_counted_as_of_the_day(company: Company, book: ClientBook) -> None:
    run(
        company.database,
        "INSERT INTO orders VALUES ('B1', 'C001', 'E1', '2026-11-24', 5, 'CNY'), "
        "('B2', 'C001', 'E1', '2026-11-25', 7, 'CNY'), ('B3', 'C001', 'E1', '2026-11-01', 9, 'USD')",
    )
    run(
        company.database,
        "INSERT INTO interactions VALUES ('T1', 'C001', 'P1', '2026-11-24 23:30Z', 'call', ''), "
        "('T2', 'C001', 'P1', '2026-11-25 00:00Z', 'call', '')",
    )
    run(company.database, "DELETE FROM contacts WHERE client_id = 'C002'")
    run(company.database, "UPDATE clients SET status = 'closed' WHERE id = 'C004'")

    first, second, third = book.owned_by("E1", AS_OF)

    assert (first.orders, first.ordered_value) == (2, Decimal(5)), "counted all, added in the client's own currency"
    assert first.last_touch == datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert (first.open_opportunities, first.open_value) == (1, Decimal(500))
    assert (first.contacts, second.contacts) == (1, 0)
    assert second.last_touch is None
    assert second.touches_known
    assert third.client.id == "C003"


def test_what_nobody_feeds_is_unknown_not_zero(company: Company, book: ClientBook) -> None:
    run(company.database, "DELETE FROM contacts")
    assert {(one.contacts, one.touches_known) for one in book.owned_by("E1", AS_OF)} == {(None, False)}


def test_deals_are_those_of_the_leaver_wherever_the_client_is(company: Company, book: ClientBook) -> None:
    run(
        company.database,
        "INSERT INTO opportunities (id, client_id, owner_id, status, amount, currency) VALUES "
        "('N1', NULL, 'E1', 'open', 1, 'CNY'), ('W1', 'C001', 'E1', 'won', 10, 'CNY'), "
        "('W2', NULL, 'E1', 'won', 20.5, 'CNY'), ('W3', NULL, 'E1', 'won', 999, 'USD'), "
        "('L1', NULL, 'E1', 'lost', 5, 'CNY'), ('Q1', 'C001', 'P1', 'open', 5, 'CNY'), "
        "('Q2', 'C001', 'P1', 'won', 5, 'CNY')",
    )
    deals = book.deals_of("E1")
    assert [one.id for one in deals.open] == ["N1", "O1", "O2", "O3", "O4"]
    assert (deals.won, deals.lost, deals.won_value, deals.won_currency) == (3, 1, Decimal("30.5"), "CNY")
    assert deals.won_currencies == ("CNY", "USD")
    assert book.deals_of("H1").open == ()


def test_candidates_are_active_salespeople_with_what_they_carry_and_know(company: Company, book: ClientBook) -> None:
    with company.database.begin() as connection:
        held = company.client(connection, owner_id="P1", segment="banks")
        company.client(connection, owner_id="P2", interim_owner_id="P1")
        closed = company.client(connection, owner_id="P1", status="closed")
    run(company.database, "UPDATE employees SET status = 'leaving' WHERE id = 'P3'")
    run(company.database, "UPDATE employees SET capacity = 7 WHERE id = 'P1'")
    run(company.database, "INSERT INTO orders VALUES ('B1', 'C001', 'P1', '2026-11-01', 5, 'CNY')")
    run(company.database, "INSERT INTO interactions VALUES ('T1', 'C002', 'P1', now(), 'call', '')")
    run(company.database, "UPDATE opportunities SET owner_id = 'P1' WHERE client_id = 'C003'")

    first, second = book.candidates(leaver(company), 120)

    assert (first.employee.id, first.load, first.capacity, first.free) == ("P1", 2, 7, 5)
    assert (first.segments, first.tiers) == ({"banks": 1, "retail": 1}, {3: 2})
    assert first.earlier_contact == {"C001", "C002", "C003"}
    assert (second.employee.id, second.load, second.capacity) == ("P2", 0, 120), "the interim owner carries it"
    assert book.records([held, closed, "nobody"]).keys() == {held, closed}


def test_the_pool_grows_until_every_client_fits(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("systems.clients.candidates.POOL", 1)
    run(company.database, "UPDATE employees SET capacity = 2 WHERE id LIKE 'P%'")
    found = PostgresClientBook(company.database).candidates(leaver(company), 120)
    assert [one.employee.id for one in found] == ["P1", "P2"], "four clients need two people with room for two"


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ([], "M1"),
        (["M1"], "D1"),
        (["M1", "D1"], "H1"),
        (["M1", "D1", "H1"], "H2"),
        (["M1", "D1", "H1", "H2"], None),
    ],
)
def test_the_interim_owner_is_the_next_active_person_up_the_chart(
    company: Company, book: ClientBook, gone: list[str], expected: str | None
) -> None:
    run(company.database, "UPDATE employees SET status = 'leaving' WHERE id = ANY(:gone)", gone=gone)
    assert book.interim_owner(leaver(company)) == expected


def test_a_circle_in_the_chart_does_no_harm(company: Company, book: ClientBook) -> None:
    run(company.database, "UPDATE employees SET manager_id = 'E1', status = 'left' WHERE id = 'M1'")
    assert book.interim_owner(leaver(company)) == "D1", "a sales manager of the same region"


def test_changes_are_given_back_only_where_nobody_changed_them_since(company: Company, book: ClientBook) -> None:
    moves = [OwnerChange(id="C001", owner_id="P1"), OwnerChange(id="C002", owner_id="E1", interim_owner_id="M1")]
    back = [OwnerChange(id="C001", owner_id="E1"), OwnerChange(id="C002", owner_id="E1")]
    steps = list(zip(moves, back, strict=True))
    with company.database.begin() as connection:
        book.reassign_clients(connection, moves, "offboarding-E1")
        book.reassign_deals(connection, [OwnerChange(id="O1", owner_id="P1")])
        book.assign_collectors(connection, {"V1-late": "P1"})
    with company.database.begin() as connection:
        states = book.client_states(connection, ["C001", "C002"])
        assert [(one.owner_id, one.interim_owner_id) for one in states.values()] == [("P1", None), ("E1", "M1")]
        assert states["C001"].invoices == {"V1-current": None, "V1-late": "P1"}
        assert book.deal_states(connection, ["O1"])["O1"].owner_id == "P1"
        assert book.free_of(connection, ["P1", "P2", "nobody"], 3) == {"P1": 2, "P2": 3}
    run(company.database, "UPDATE clients SET owner_id = 'P3' WHERE id = 'C001'")
    with company.database.begin() as connection:
        assert book.give_back(connection, Kind.CLIENT, steps, "offboarding-E1") == {"C002"}
        states = book.client_states(connection, ["C001", "C002"])
    assert [(one.owner_id, one.interim_owner_id) for one in states.values()] == [("P3", None), ("E1", None)]


def test_the_report_counts_what_the_client_system_holds_and_is_kept_once(company: Company, book: ClientBook) -> None:
    request = CaseRequest(
        case_id="offboarding-E1",
        employee_id="E1",
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 31),
        requested_by="H1",
        policy="ifrs",
    )
    CaseActivities(company.database).plan_case(PlanRequest(request=request, at=datetime(2026, 11, 24, 12, tzinfo=UTC)))
    hands = ClientActivities(company.database, book)
    asked = BranchRequest(case_id="offboarding-E1", employee_id="E1", as_of=AS_OF)

    summary = ActivityEnvironment().run(hands.report_clients, asked)

    assert (summary.count, summary.at_risk, summary.open_opportunities) == (4, 4, 4), "one contact each is a risk"
    assert ActivityEnvironment().run(hands.report_clients, asked) == summary
    with company.database.begin() as connection:
        kept = branches.load(connection, "offboarding-E1", Branch.CLIENTS, summary.digest, BookOfBusiness)
    assert kept == report_book(book, "E1", load_policy("ifrs"), AS_OF)
    assert [line.facts.client.id for line in kept.clients] == ["C004", "C003", "C002", "C001"]


def test_money_and_report_mean_the_same_clients_and_the_handover_those_held_for_others_too(
    company: Company, book: ClientBook
) -> None:
    with company.database.begin() as connection:
        held_by_a_manager = company.client(connection, owner_id="E1", interim_owner_id="M1")
        held_for_a_peer = company.client(connection, owner_id="P1", interim_owner_id="E1")
    policy = load_policy("ifrs")

    with company.database.begin() as connection:
        books = books_of(connection, "E1", policy, AS_OF)
    audited = audit_owner(PostgresReceivables(company.database), books, policy, AS_OF)
    reported = report_book(book, "E1", policy, AS_OF)

    assert audited.main is not None
    owned = {line.facts.client.id for line in reported.clients}
    assert {line.client for line in audited.main.clients} == owned
    assert held_by_a_manager in owned
    assert held_for_a_peer not in owned
    plan = plan_handover(book, leaver(company), policy, AS_OF)
    assert {one.id for one in plan.transfers if one.kind == "client"} == owned | {held_for_a_peer}


def test_every_reason_is_translated() -> None:
    catalogue = (ROOT / "reports/locale/zh_CN/LC_MESSAGES/reasons_clients.po").read_text(encoding="utf-8")
    known = set(re.findall(r'^msgid "(.+)"$', catalogue, flags=re.MULTILINE))
    homes = ("models/client_risk", "models/successor_fit", "activities/successor_planning", "activities/deal_planning",
             "activities/transfers", "activities/handover")  # fmt: skip
    sentences = set()
    for home in homes:
        source = (ROOT / f"{home}.py").read_text(encoding="utf-8")
        sentences |= set(re.findall(r'(?:because\(\s*|^[A-Z_]+ = |code = |else |^ +)"([^"]+\.)"', source, re.MULTILINE))
    assert len(sentences) >= 25
    errors = (ROOT / "reports/locale/zh_CN/LC_MESSAGES/errors.po").read_text(encoding="utf-8")
    assert known == {sentence for sentence in sentences if sentence not in errors}
    chinese = language("zh-CN")
    assert all(chinese.words.gettext(sentence) != sentence for sentence in known)
