"""The lockdown on a real directory: order, crashes, rights that fail."""

from itertools import count

import pytest
from sqlalchemy import Connection, update
from temporalio.exceptions import CancelledError

from activities.access import AccessActivities, show_access
from models.access import AccessRecord, Grade, LockRequest, LockSummary, ResultClass
from models.case import Branch
from models.errors import Unavailable
from models.handover import UndoSummary
from store import branches, effects
from store.database import Database
from store.tables import entitlements
from tests.integration.lockdown.directory import (
    ACTIVE,
    ALL,
    CASE,
    IN_ORDER,
    SUSPENDED,
    Killed,
    Recording,
    dies,
    dump,
    kill_at,
    kinds,
    lock,
    refuse,
    undo,
)


def record_of(database: Database, summary: LockSummary) -> AccessRecord:
    with database.begin() as connection:
        return branches.load(connection, CASE, Branch.ACCESS, summary.digest, AccessRecord)


def test_every_right_is_taken_in_order_and_read_back(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    summary = lock(access)
    assert (summary.requested, summary.locked, summary.unfinished) == (7, 7, 0)
    assert [right for _, right in directory.changes] == [right for right in IN_ORDER if right != "R7"]
    record = record_of(database, summary)
    assert [step.entitlement_id for step in record.steps] == IN_ORDER
    assert {step.result for step in record.steps} == {ResultClass.OBSERVED}
    assert [step.before for step in record.steps] == [SUSPENDED if right == "R7" else ACTIVE for right in IN_ORDER]
    assert (record.remaining, record.total) == (0, 7)
    assert directory.real.state_of("R8") is ACTIVE
    assert kinds(database) == ["access.lock"] * 7


def test_grades_come_one_after_the_other_and_the_record_grows(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    first = record_of(database, lock(access, (Grade.EXPORT,)))
    assert [step.entitlement_id for step in first.steps] == ["R5", "R2", "R7"]
    assert (first.remaining, first.total) == (4, 7)
    second = record_of(database, lock(access))
    assert [step.entitlement_id for step in second.steps] == IN_ORDER
    assert second.steps[:3] == first.steps
    assert len(directory.changes) == 6


def test_a_repeat_changes_nothing_and_says_the_same(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    assert lock(access) == lock(access)
    assert len(directory.changes) == 6
    assert len(kinds(database)) == 7


def test_somebody_without_rights_has_nothing_to_lose(database: Database, access: AccessActivities) -> None:
    summary = access.lock_access(LockRequest(case_id=CASE, employee_id="E0", grades=ALL))
    assert (summary.requested, summary.locked, summary.unfinished) == (0, 0, 0)


# Each of six rights is read, suspended, read; the seventh is only read: 19 calls.
@pytest.mark.parametrize("number", range(1, 20))
def test_a_crash_after_any_call_changes_neither_order_nor_outcome(
    database: Database, access: AccessActivities, directory: Recording, number: int
) -> None:
    before = dump(database)
    directory.after = kill_at(number)
    with dies():
        lock(access)
    directory.after = lambda verb, right: None
    summary = lock(access)
    assert (summary.locked, summary.unfinished) == (7, 0)
    # One change for each right, in the one order, whatever happened in between.
    assert directory.changes == [("suspend", right) for right in IN_ORDER if right != "R7"]
    assert [step.entitlement_id for step in record_of(database, summary).steps] == IN_ORDER
    assert undo(access) == UndoSummary(restored=6, left=0)
    assert dump(database) == before


def test_a_crash_between_the_change_and_its_record_is_met(
    database: Database, access: AccessActivities, directory: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = effects.once, {"R4"}

    def once(connection: Connection, key: str, **rest: object) -> dict[str, object]:
        if key == f"{CASE}/lock/R4" and broken:
            broken.clear()
            raise Killed
        return real(connection, key, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(effects, "once", once)
    with dies():
        lock(access)
    assert directory.changes[-1] == ("suspend", "R4")
    summary = lock(access)
    assert summary.unfinished == 0
    assert directory.changes.count(("suspend", "R4")) == 1
    (step,) = (step for step in record_of(database, summary).steps if step.entitlement_id == "R4")
    assert step.before is ACTIVE


@pytest.mark.parametrize("right", [right for right in IN_ORDER if right != "R7"])
@pytest.mark.parametrize("verb", ["read", "suspend"])
def test_one_right_that_fails_does_not_hold_the_others(
    database: Database, access: AccessActivities, directory: Recording, right: str, verb: str
) -> None:
    directory.before = refuse(verb, right)
    summary = lock(access)
    assert (summary.requested, summary.locked, summary.unfinished) == (7, 6, 1)
    record = record_of(database, summary)
    assert [step.entitlement_id for step in record.steps] == IN_ORDER
    assert [step.entitlement_id for step in record.steps if step.result is ResultClass.FAILED] == [right]
    assert record.remaining == 1
    directory.before = lambda verb, right: None
    healed = lock(access)
    assert (healed.locked, healed.unfinished) == (7, 0)
    assert record_of(database, healed).remaining == 0
    assert directory.changes.count(("suspend", right)) == 1
    assert sorted(set(kinds(database))) == ["access.lock", "access.lock_failed"]


def test_a_hiccup_is_tried_again_in_place(access: AccessActivities, directory: Recording) -> None:
    failures = count()

    def twice(verb: str, right: str) -> None:
        if (verb, right) == ("suspend", "R2") and next(failures) < 2:
            raise Unavailable("no answer", system="test")

    directory.before = twice
    assert lock(access).unfinished == 0


def test_a_fault_of_an_adapter_counts_like_no_answer(access: AccessActivities, directory: Recording) -> None:
    def broken(verb: str, right: str) -> None:
        if right == "R2":
            raise ValueError("unexpected page")

    directory.before = broken
    summary = lock(access)
    assert (summary.locked, summary.unfinished) == (6, 1)


def test_an_answer_that_cannot_be_read_back_is_only_acknowledged(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    def blind_afterwards(verb: str, right: str) -> None:
        if (verb, right) == ("read", "R2") and ("suspend", "R2") in directory.changes:
            raise Unavailable("no answer", system="test")

    directory.before = blind_afterwards
    summary = lock(access)
    assert (summary.locked, summary.unfinished) == (6, 1)
    (step,) = (step for step in record_of(database, summary).steps if step.entitlement_id == "R2")
    assert (step.result, step.after) == (ResultClass.ACKNOWLEDGED, SUSPENDED)
    directory.before = lambda verb, right: None
    assert lock(access).unfinished == 0
    assert directory.changes.count(("suspend", "R2")) == 1
    assert undo(access).restored == 6


def test_a_system_that_says_done_and_does_nothing_is_not_believed(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    def give_back(verb: str, right: str) -> None:
        if (verb, right) == ("suspend", "R2"):
            directory.real.restore("R2", ACTIVE)

    directory.after = give_back
    summary = lock(access)
    assert summary.unfinished == 1
    (step,) = (step for step in record_of(database, summary).steps if step.entitlement_id == "R2")
    assert (step.result, step.after) == (ResultClass.FAILED, ACTIVE)


def test_a_right_given_back_behind_our_back_is_taken_again(database: Database, access: AccessActivities) -> None:
    lock(access, (Grade.EXPORT,))
    access_table = update(entitlements).where(entitlements.c.id == "R2").values(state="active")
    with database.begin() as connection:
        connection.execute(access_table)
    other_grades = record_of(database, lock(access, (Grade.SESSION,)))
    assert other_grades.remaining == 4
    summary = lock(access)
    assert (summary.locked, summary.unfinished) == (7, 0)
    assert "access.lock_again" in kinds(database)
    assert undo(access).restored == 6


def test_rights_are_shown_live(access: AccessActivities, directory: Recording) -> None:
    assert [right.id for right in show_access(directory, "E7")] == IN_ORDER
    lock(access, (Grade.EXPORT,))
    assert [right.state for right in show_access(directory, "E7")] == [SUSPENDED] * 3 + [ACTIVE] * 4


@pytest.mark.parametrize("verb", ["read", "suspend"])
def test_a_lockdown_that_is_cancelled_stops_at_once(verb: str, access: AccessActivities, directory: Recording) -> None:
    def cancel(called: str, right: str) -> None:
        if (called, right) == (verb, "R4"):
            raise CancelledError("cancelled")

    directory.before = cancel
    with pytest.raises(CancelledError):
        lock(access)
    assert [right for _, right in directory.changes] == ["R5", "R2"]
