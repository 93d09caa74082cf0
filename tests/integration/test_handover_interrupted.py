"""A handover that is interrupted or withdrawn: nothing is lost, nothing happens twice, everything can be given back."""

from typing import Any

import pytest

from activities import handover, transfers
from activities.handover import HandoverActivities
from models.errors import CaseConflict
from models.handover import UndoSummary
from store import evidence
from store.database import Database
from systems.clients.postgres import PostgresClientBook
from tests.company import Company
from tests.handover_desk import OWNED, Crash, Desk, assert_no_gap, rows, run, snapshot

CASE = "offboarding-E1"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "BATCH", 4)


@pytest.fixture
def company(database: Database) -> Company:
    return Company.build(database, clients=10, peers=3)


@pytest.fixture
def desk(company: Company) -> Desk:
    return Desk(company)


@pytest.mark.parametrize("batches", [1, 2, 3, 4, 5, 6])
def test_a_worker_that_dies_between_batches_repeats_nothing_and_loses_nothing(
    company: Company, desk: Desk, batches: int
) -> None:
    proposed = desk.propose()
    with pytest.raises(Crash):
        desk.transfer(proposed.digest, crash_after=batches)
    assert_no_gap(company.database)
    assert sum(row["n"] for row in rows(company.database, "SELECT count(*) AS n FROM clients")) == 10

    done = desk.transfer(proposed.digest)
    again = desk.transfer(proposed.digest)

    assert done == again
    assert (done.completed, done.collectors) == (20, 20)
    moves = rows(company.database, "SELECT count(*) AS n FROM client_ownership")
    assert moves[0]["n"] == 20, "one row from the import and one from the handover, each"
    assert_no_gap(company.database)
    with company.database.begin() as connection:
        assert evidence.verify(connection, CASE)[1] is None
        entries = [one for one in evidence.read(connection, CASE) if one.kind == "handover.batch"]
    assert sum(int(str(one.body["count"])) for one in entries) == 20


class DyingBook(PostgresClientBook):
    """The real book, on a machine that loses power after the third change of owners and before its commit."""

    calls = 0

    def assign_collectors(self, *args: Any) -> None:
        super().assign_collectors(*args)
        self.calls += 1
        if self.calls == 2:
            raise Crash


def test_a_crash_inside_a_batch_leaves_no_half_of_it(company: Company, desk: Desk) -> None:
    proposed = desk.propose()
    desk.hands = HandoverActivities(company.database, DyingBook(company.database))
    with pytest.raises(Crash):
        desk.transfer(proposed.digest)
    moved = rows(company.database, "SELECT id FROM clients WHERE owner_id <> 'E1'")
    effects = rows(company.database, "SELECT key FROM effects WHERE key LIKE '%/transfer/client/%'")
    assert (len(moved), len(effects)) == (4, 4)

    desk.hands = HandoverActivities(company.database, PostgresClientBook(company.database))
    assert desk.transfer(proposed.digest).completed == 20
    assert_no_gap(company.database)


def test_an_undo_gives_everything_back_except_what_somebody_changed_since(company: Company, desk: Desk) -> None:
    before = snapshot(company.database, OWNED)
    proposed = desk.propose()
    desk.transfer(proposed.digest)
    run(company.database, "UPDATE clients SET owner_id = 'D1' WHERE id = 'C002'")
    run(company.database, "UPDATE invoices SET collector_id = 'F1' WHERE id = 'V3-late'")

    ended = desk.undo()

    assert (ended.restored, ended.left) == (19, 1)
    after = snapshot(company.database, OWNED)
    expected = before
    expected["clients"]["C002"]["owner_id"] = "D1"
    expected["invoices"]["V3-late"]["collector_id"] = "F1"
    assert after == expected
    assert desk.undo() == ended, "a repeat changes nothing and says the same"
    with company.database.begin() as connection:
        bodies = [one.body for one in evidence.read(connection, CASE) if one.kind == "handover.undone"]
    assert [name for body in bodies for name in body["left"]] == ["client/C002"]  # type: ignore[attr-defined]
    assert [name for body in bodies for name in body["items_left"]] == ["V3-late"]  # type: ignore[attr-defined]
    assert_no_gap(company.database)


def test_an_undo_after_a_crash_gives_back_what_was_moved(company: Company, desk: Desk) -> None:
    before = snapshot(company.database)
    proposed = desk.propose()
    with pytest.raises(Crash):
        desk.transfer(proposed.digest, crash_after=2)
    assert desk.undo() == UndoSummary(restored=8, left=0)
    assert snapshot(company.database) == before


def test_an_undo_ends_the_tasks_of_the_manager(company: Company, desk: Desk) -> None:
    run(company.database, "UPDATE employees SET capacity = 0 WHERE id LIKE 'P%'")
    before = snapshot(company.database, OWNED)
    desk.transfer(desk.propose().digest)
    assert desk.undo().left == 0
    assert snapshot(company.database, OWNED) == before
    assert {row["outcome"] for row in rows(company.database, "SELECT outcome FROM tasks WHERE kind = :k",
                                           k=transfers.TASK)} == {"withdrawn"}  # fmt: skip


def test_a_transfer_that_wakes_after_the_undo_moves_nothing(company: Company, desk: Desk) -> None:
    before = snapshot(company.database)
    proposed = desk.propose()
    with pytest.raises(Crash):
        desk.transfer(proposed.digest, crash_after=2)
    desk.undo()
    with pytest.raises(CaseConflict, match="walked back") as refused:
        desk.transfer(proposed.digest)
    assert refused.value.non_retryable
    assert snapshot(company.database) == before


def test_an_undo_between_two_batches_stops_the_transfer(
    company: Company, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(company.database)
    proposed = desk.propose()
    move = handover.move_clients
    batches: list[int] = []

    def move_and_let_the_undo_in(*args: Any) -> None:
        if len(batches) == 1:
            desk.undo()
        batches.append(1)
        move(*args)

    monkeypatch.setattr(handover, "move_clients", move_and_let_the_undo_in)
    with pytest.raises(CaseConflict, match="walked back"):
        desk.transfer(proposed.digest)
    assert len(batches) == 2
    assert snapshot(company.database) == before
