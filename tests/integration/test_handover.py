"""The handover on a real database: what changes, what does not, and who steps in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from activities import handover, transfers
from models.errors import CaseConflict
from store import evidence
from store.database import Database
from tests.company import Company
from tests.handover_desk import ALL, Desk, assert_no_gap, rows, run, snapshot


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "BATCH", 4)


@pytest.fixture
def company(database: Database) -> Company:
    return Company.build(database, clients=10, peers=3)


@pytest.fixture
def desk(company: Company) -> Desk:
    return Desk(company)


def test_every_client_deal_and_item_changes_hands_and_nothing_else_changes(company: Company, desk: Desk) -> None:
    run(company.database, "INSERT INTO orders VALUES ('B1', 'C001', 'E1', '2026-10-01', 5, 'CNY')")
    run(company.database, "INSERT INTO interactions VALUES ('T1', 'C001', 'E1', now(), 'call', 'Renewal')")
    run(
        company.database,
        "INSERT INTO opportunities (id, client_id, owner_id, status) VALUES ('W1', 'C001', 'E1', 'won')",
    )
    before = snapshot(company.database)
    proposed = desk.propose()
    assert (proposed.clients, proposed.opportunities, proposed.unassigned) == (10, 10, 0)

    done = desk.transfer(proposed.digest)

    assert (done.completed, done.waiting_manager, done.collectors) == (20, 0, 20)
    after = snapshot(company.database)
    changed: dict[str, set[str]] = {}
    for table in ALL:
        assert before[table].keys() == after[table].keys()
        for key, row in before[table].items():
            changed.setdefault(table, set()).update(f for f in row if row[f] != after[table][key][f])
    assert {table: fields for table, fields in changed.items() if fields} == {
        "clients": {"owner_id"},
        "opportunities": {"owner_id"},
        "invoices": {"collector_id"},
    }
    assert after["opportunities"]["W1"] == before["opportunities"]["W1"], "closed deals stay where they are"
    owners = {key: row["owner_id"] for key, row in after["clients"].items()}
    plan = desk.plan(proposed.digest)
    assert set(owners.values()) == {one.successor for one in plan.transfers}
    next_in_line = {one.runner_up for one in plan.transfers if one.runner_up}
    assert next_in_line - set(owners.values()), "somebody is next in line only"
    assert set(proposed.successors) == set(owners.values()) | next_in_line, "all who may receive something"
    assert all(after["opportunities"][f"O{n}"]["owner_id"] == owners[f"C{n:03d}"] for n in range(1, 11))
    for invoice in after["invoices"].values():
        paid = invoice["id"].endswith("paid")
        assert invoice["collector_id"] == (None if paid else owners[invoice["client_id"]])
    assert desk.obstacles() == {}
    assert_no_gap(company.database)
    executed = desk.plan(done.plan_digest)
    assert {one.status.value for one in executed.transfers} == {"completed"}
    named = rows(company.database, "SELECT DISTINCT case_id FROM client_ownership WHERE until IS NULL")
    assert [row["case_id"] for row in named] == ["offboarding-E1"]


def test_a_successor_who_leaves_meanwhile_is_replaced_by_the_next_in_line(company: Company, desk: Desk) -> None:
    proposed = desk.propose()
    plan = desk.plan(proposed.digest)
    gone = plan.transfers[0].successor
    run(company.database, "UPDATE employees SET status = 'leaving' WHERE id = :id", id=gone)

    executed = desk.plan(desk.transfer(proposed.digest).plan_digest)

    for planned, ended in zip(plan.transfers, executed.transfers, strict=True):
        if planned.successor == gone:
            assert ended.successor == planned.runner_up
            expected = transfers.RUNNER_UP if ended.kind == "client" else transfers.FOLLOWED
            assert ended.reasons[-1].code == expected
    assert not rows(company.database, "SELECT 1 FROM clients WHERE owner_id = :id", id=gone)
    assert desk.obstacles() == {}


def test_without_room_the_manager_holds_the_client_has_a_task_and_the_case_waits(company: Company, desk: Desk) -> None:
    run(company.database, "UPDATE employees SET capacity = 2 WHERE id LIKE 'P%'")
    proposed = desk.propose()
    assert proposed.unassigned == 8, "four clients and their deals"

    done = desk.transfer(proposed.digest)

    assert (done.completed, done.waiting_manager) == (12, 8)
    held = rows(company.database, "SELECT * FROM clients WHERE interim_owner_id IS NOT NULL")
    assert {row["interim_owner_id"] for row in held} == {"M1"}
    assert len(held) == 4
    tasks = rows(company.database, "SELECT * FROM tasks WHERE kind = :kind", kind=transfers.TASK)
    assert {row["subject"] for row in tasks} == {row["id"] for row in held}
    assert all(row["owner_id"] == "M1" and row["due_at"] > datetime.now(UTC) for row in tasks)
    items = rows(
        company.database,
        "SELECT DISTINCT collector_id FROM invoices WHERE client_id = :id AND id NOT LIKE '%paid'",
        id=held[0]["id"],
    )
    assert [row["collector_id"] for row in items] == ["M1"]
    assert_no_gap(company.database)
    assert desk.obstacles() == {}

    run(company.database, "UPDATE clients SET owner_id = 'P1' WHERE id = :id", id=held[0]["id"])
    assert desk.obstacles() == {}
    settled = rows(company.database, "SELECT * FROM tasks WHERE outcome IS NOT NULL")
    assert [(row["subject"], row["outcome"]) for row in settled] == [(held[0]["id"], "assigned")]
    freed = rows(company.database, "SELECT interim_owner_id FROM clients WHERE id = :id", id=held[0]["id"])
    assert freed[0]["interim_owner_id"] is None
    assert_no_gap(company.database)


def test_room_that_shrank_since_the_plan_is_not_overrun(company: Company, desk: Desk) -> None:
    proposed = desk.propose()
    run(company.database, "UPDATE employees SET capacity = 1 WHERE id LIKE 'P%'")
    desk.transfer(proposed.digest)
    loads = rows(company.database, "SELECT count(*) AS n FROM clients WHERE owner_id LIKE 'P%' GROUP BY owner_id")
    assert {row["n"] for row in loads} == {1}
    held = rows(company.database, "SELECT 1 FROM clients WHERE interim_owner_id = 'M1'")
    assert len(held) == 10 - len(loads)
    assert_no_gap(company.database)


def test_two_departures_at_the_same_time_never_overfill_a_successor(company: Company) -> None:
    with company.database.begin() as connection:
        company.person(
            connection, "E2", name="Second", role="salesperson", manager_id="M1", region="East", country="CN",
            time_zone="Asia/Shanghai",
        )  # fmt: skip
        for _ in range(5):
            company.client(connection, owner_id="E2")
    run(company.database, "UPDATE employees SET capacity = 5 WHERE id LIKE 'P%'")
    run(company.database, "UPDATE opportunities SET owner_id = c.owner_id FROM clients c WHERE c.id = client_id")
    first, second = Desk(company, "E1"), Desk(company, "E2")
    plans = first.propose(), second.propose()

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(desk.transfer, one.digest) for desk, one in zip((first, second), plans, strict=True)]
        results = [one.result() for one in running]

    loads = rows(
        company.database,
        "SELECT owner_id, count(*) AS n FROM clients WHERE interim_owner_id IS NULL GROUP BY 1 ORDER BY 1",
    )
    assert {row["owner_id"] for row in loads} <= {"P1", "P2", "P3"}
    assert all(row["n"] <= 5 for row in loads)
    assert sum(row["n"] for row in loads) <= 15
    assert sum(one.completed + one.waiting_manager for one in results) == 30
    assert first.obstacles() == {}
    assert_no_gap(company.database)


def test_what_somebody_moved_or_closed_before_the_handover_stays_as_it_is(company: Company, desk: Desk) -> None:
    proposed = desk.propose()
    run(company.database, "UPDATE clients SET owner_id = 'D1' WHERE id = 'C001'")
    run(company.database, "UPDATE clients SET status = 'closed' WHERE id = 'C002'")
    run(company.database, "UPDATE opportunities SET status = 'won' WHERE id = 'O3'")

    done = desk.transfer(proposed.digest)

    executed = {(one.kind, one.id): one for one in desk.plan(done.plan_digest).transfers}
    assert executed["client", "C001"].successor == "D1"
    assert executed["client", "C001"].reasons[-1].code == transfers.TAKEN
    assert executed["client", "C002"].reasons[-1].code == transfers.CLOSED
    assert executed["opportunity", "O3"].reasons[-1].code == transfers.CLOSED
    owners = {row["id"]: row["owner_id"] for row in rows(company.database, "SELECT * FROM opportunities")}
    assert owners["O1"] == "D1", "the deal goes where its client really went"
    assert executed["opportunity", "O1"].reasons[-1].code == transfers.FOLLOWED
    assert owners["O3"] == "E1"
    stray = rows(company.database, "SELECT collector_id FROM invoices WHERE id = 'V2-late'")
    assert stray[0]["collector_id"] == "M1", "open items of a closed client need a collector, too"
    assert desk.obstacles() == {}


def test_items_that_the_leaver_collects_elsewhere_get_a_new_collector(company: Company, desk: Desk) -> None:
    with company.database.begin() as connection:
        foreign = company.client(connection, owner_id="P1")
    run(company.database, "UPDATE invoices SET collector_id = 'E1' WHERE client_id = :id", id=foreign)
    proposed = desk.propose()
    assert desk.obstacles()["items_without_collector"] == 22
    desk.transfer(proposed.digest)
    found = rows(
        company.database,
        "SELECT DISTINCT collector_id FROM invoices WHERE client_id = :id AND id NOT LIKE '%paid'",
        id=foreign,
    )
    assert [row["collector_id"] for row in found] == ["P1"]
    assert desk.obstacles() == {}


def test_obstacles_are_counted_by_kind_before_the_handover(desk: Desk) -> None:
    assert desk.obstacles() == {
        "clients_without_owner": 10,
        "items_without_collector": 20,
        "open_deals_of_the_leaver": 10,
    }


def test_a_company_without_anybody_to_hold_a_client_keeps_it_and_cannot_close(company: Company, desk: Desk) -> None:
    run(company.database, "UPDATE employees SET status = 'left' WHERE id <> 'E1'")
    done = desk.transfer(desk.propose().digest)
    assert (done.completed, done.waiting_manager) == (0, 20)
    assert desk.obstacles()["clients_without_owner"] == 10
    assert_no_gap(company.database)


def test_a_plan_that_nobody_keeps_is_refused(desk: Desk) -> None:
    with pytest.raises(CaseConflict, match="nothing was handed over"):
        desk.transfer("0" * 64)


def test_a_proposal_asked_twice_is_one(company: Company, desk: Desk) -> None:
    assert desk.propose() == desk.propose()
    with company.database.begin() as connection:
        kinds = [one.kind for one in evidence.read(connection, "offboarding-E1")]
    assert kinds.count("successors.proposed") == 1
