"""The lockdown on a real directory: order, crashes, rights that fail, and the exact undo."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import count

import pytest
from sqlalchemy import Connection, delete, select, update
from temporalio.exceptions import CancelledError

from activities.access import AccessActivities, show_access
from models.access import AccessRecord, AccessState, Entitlement, Grade, LockRequest, LockSummary, ResultClass
from models.case import Branch, CaseRequest, SeparationKind
from models.errors import CaseConflict, Unavailable
from models.handover import UndoRequest, UndoSummary
from models.people import Employee
from models.planning import plan_case
from store import branches, cases, effects, evidence
from store.database import Database
from store.policies import load_policy
from store.tables import employees, entitlements
from systems.access.postgres import PostgresAccessDirectory

CASE = "offboarding-E7"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
ALL = tuple(Grade)
SUSPENDED, ACTIVE = AccessState.SUSPENDED, AccessState.ACTIVE

# Order of the lockdown; written into the table in another one.
IN_ORDER = ["R5", "R2", "R7", "R4", "R1", "R6", "R3"]
RIGHTS = [
    Entitlement(id="R1", employee_id="E7", system="crm", right="write", grade=Grade.WRITE),
    Entitlement(id="R2", employee_id="E7", system="erp", right="bulk export", grade=Grade.EXPORT),
    Entitlement(id="R3", employee_id="E7", system="directory", right="account", grade=Grade.ACCOUNT),
    Entitlement(id="R4", employee_id="E7", system="crm", right="sessions", grade=Grade.SESSION),
    Entitlement(id="R5", employee_id="E7", system="crm", right="export", grade=Grade.EXPORT),
    Entitlement(id="R6", employee_id="E7", system="mail", right="client mail", grade=Grade.CLIENT_CONTACT),
    Entitlement(id="R7", employee_id="E7", system="erp", right="api", grade=Grade.EXPORT, state=SUSPENDED),
    Entitlement(id="R8", employee_id="E2", system="crm", right="export", grade=Grade.EXPORT),
]


class Killed(BaseException):
    """Stands for the end of the process: no code of ours may catch it."""


class Recording:
    """The real directory with a list of what was changed in it, and a way to interfere after each call."""

    def __init__(self, real: PostgresAccessDirectory) -> None:
        self.real = real
        self.changes: list[tuple[str, str]] = []
        self.before: Callable[[str, str], None] = lambda verb, right: None
        self.after: Callable[[str, str], None] = lambda verb, right: None

    def rights_of(self, employee_id: str) -> Sequence[Entitlement]:
        return self.real.rights_of(employee_id)

    def state_of(self, entitlement_id: str) -> AccessState:
        self.before("read", entitlement_id)
        state = self.real.state_of(entitlement_id)
        self.after("read", entitlement_id)
        return state

    def suspend(self, entitlement_id: str) -> None:
        self.before("suspend", entitlement_id)
        self.real.suspend(entitlement_id)
        self.changes.append(("suspend", entitlement_id))
        self.after("suspend", entitlement_id)

    def restore(self, entitlement_id: str, state: AccessState) -> None:
        self.before("restore", entitlement_id)
        self.real.restore(entitlement_id, state)
        self.changes.append(("restore", entitlement_id))
        self.after("restore", entitlement_id)


def refuse(verb: str, right: str) -> Callable[[str, str], None]:
    """The system does not answer this call for this right."""

    def interfere(called: str, entitlement_id: str) -> None:
        if (called, entitlement_id) == (verb, right):
            raise Unavailable("no answer", system="test")

    return interfere


def kill_at(number: int) -> Callable[[str, str], None]:
    """The process ends after the call of that number (from 1) to the directory."""
    calls = count(1)

    def interfere(verb: str, right: str) -> None:
        if next(calls) == number:
            raise Killed

    return interfere


@contextmanager
def dies() -> Iterator[None]:
    with pytest.raises(Killed):
        yield


@pytest.fixture
def directory(database: Database) -> Recording:
    """A case of E7, who has seven rights, one of them suspended already."""
    policy = load_policy("prc")
    asked = CaseRequest(
        case_id=CASE,
        employee_id="E7",
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 18),
        policy="prc",
    )
    plan = plan_case(asked, Employee(id="E7", name="Li Na"), policy, NOON)
    with database.begin() as connection:
        people = [{"id": name, "source_key": name, "name": name} for name in ("E7", "E2")]
        connection.execute(employees.insert(), people)
        connection.execute(entitlements.insert(), [right.model_dump(mode="json") for right in RIGHTS])
        cases.create(connection, asked, policy, plan, at=NOON)
    return Recording(PostgresAccessDirectory(database))


@pytest.fixture
def access(database: Database, directory: Recording) -> AccessActivities:
    return AccessActivities(database, directory, pause=lambda seconds: None)


def lock(access: AccessActivities, grades: tuple[Grade, ...] = ALL) -> LockSummary:
    return access.lock_access(LockRequest(case_id=CASE, employee_id="E7", grades=grades))


def undo(access: AccessActivities) -> UndoSummary:
    return access.restore_access(UndoRequest(case_id=CASE, employee_id="E7"))


def record_of(database: Database, summary: LockSummary) -> AccessRecord:
    with database.begin() as connection:
        return branches.load(connection, CASE, Branch.ACCESS, summary.digest, AccessRecord)


def table(connection: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(entitlements).order_by(entitlements.c.id))]


def dump(database: Database) -> list[tuple[object, ...]]:
    with database.begin() as connection:
        return table(connection)


def kinds(database: Database) -> list[str]:
    with database.begin() as connection:
        assert evidence.verify(connection, CASE)[1] is None
        return [entry.kind for entry in evidence.read(connection, CASE)]


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


def test_the_undo_is_exact_and_in_reverse(database: Database, access: AccessActivities, directory: Recording) -> None:
    before = dump(database)
    lock(access)
    assert dump(database) != before
    assert undo(access) == UndoSummary(restored=6, left=0)
    assert dump(database) == before
    restored = [right for verb, right in directory.changes if verb == "restore"]
    assert restored == [right for right in reversed(IN_ORDER) if right != "R7"]
    assert kinds(database)[7:] == ["access.restored"] * 6


def test_the_undo_of_a_partial_lockdown_touches_only_what_was_taken(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    before = dump(database)
    directory.before = refuse("suspend", "R2")
    lock(access, (Grade.EXPORT,))
    directory.before = lambda verb, right: None
    assert undo(access) == UndoSummary(restored=1, left=0)
    assert dump(database) == before
    assert [right for verb, right in directory.changes if verb == "restore"] == ["R5"]


def test_the_undo_repeats_without_effect_and_survives_a_crash(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    before = dump(database)
    lock(access)
    directory.after = kill_at(5)
    with dies():
        undo(access)
    directory.after = lambda verb, right: None
    assert undo(access) == undo(access) == UndoSummary(restored=6, left=0)
    assert dump(database) == before
    assert len([verb for verb, _ in directory.changes if verb == "restore"]) == 6
    assert kinds(database).count("access.restored") == 6


def test_what_somebody_gave_back_already_is_not_touched(access: AccessActivities, directory: Recording) -> None:
    lock(access)
    directory.real.restore("R2", ACTIVE)
    assert undo(access).restored == 6
    assert ("restore", "R2") not in directory.changes


def test_a_right_that_is_gone_is_left_and_named(database: Database, access: AccessActivities) -> None:
    lock(access)
    with database.begin() as connection:
        connection.execute(delete(entitlements).where(entitlements.c.id == "R2"))
    assert undo(access) == UndoSummary(restored=5, left=1)
    with database.begin() as connection:
        named = [entry.body for entry in evidence.read(connection, CASE) if entry.kind == "access.left"]
    assert named == [{"right": "R2"}]


def test_a_right_that_does_not_come_back_is_tried_again(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    before = dump(database)
    lock(access)
    directory.before = refuse("restore", "R4")
    with pytest.raises(Unavailable, match="5 rights were given back, 1 not yet"):
        undo(access)
    directory.before = lambda verb, right: None
    assert undo(access) == UndoSummary(restored=6, left=0)
    assert dump(database) == before


def test_rights_are_shown_live(access: AccessActivities, directory: Recording) -> None:
    assert [right.id for right in show_access(directory, "E7")] == IN_ORDER
    lock(access, (Grade.EXPORT,))
    assert [right.state for right in show_access(directory, "E7")] == [SUSPENDED] * 3 + [ACTIVE] * 4


def test_a_lockdown_after_the_undo_takes_nothing(
    database: Database, access: AccessActivities, directory: Recording
) -> None:
    before = dump(database)
    lock(access, (Grade.EXPORT,))
    undo(access)
    directory.changes.clear()
    with pytest.raises(CaseConflict, match="gives rights back") as refused:
        lock(access)
    assert refused.value.non_retryable
    assert directory.changes == []
    assert dump(database) == before


@pytest.mark.parametrize("verb", ["read", "suspend"])
def test_an_undo_in_the_middle_of_a_lockdown_wins(
    verb: str, database: Database, access: AccessActivities, directory: Recording
) -> None:
    """Whether it comes between two rights, or between our look at a right and our change of it."""
    before = dump(database)

    def interfere(called: str, right: str) -> None:
        if (called, right) == (verb, "R4"):
            directory.before = lambda verb, right: None
            undo(access)

    directory.before = interfere
    with pytest.raises(CaseConflict, match="gives rights back"):
        lock(access)
    assert dump(database) == before


@pytest.mark.parametrize("verb", ["read", "suspend"])
def test_a_lockdown_that_is_cancelled_stops_at_once(verb: str, access: AccessActivities, directory: Recording) -> None:
    def cancel(called: str, right: str) -> None:
        if (called, right) == (verb, "R4"):
            raise CancelledError("cancelled")

    directory.before = cancel
    with pytest.raises(CancelledError):
        lock(access)
    assert [right for _, right in directory.changes] == ["R5", "R2"]


def test_an_undo_that_is_cancelled_stops_at_once(access: AccessActivities, directory: Recording) -> None:
    lock(access)
    directory.changes.clear()

    def cancel(called: str, right: str) -> None:
        if (called, right) == ("restore", "R6"):
            raise CancelledError("cancelled")

    directory.before = cancel
    with pytest.raises(CancelledError):
        undo(access)
    assert [right for _, right in directory.changes] == ["R3"]
