"""The exact undo of a lockdown, whatever happened on the way, and what both do when they meet."""

import pytest
from sqlalchemy import delete
from temporalio.exceptions import CancelledError

from activities.access import AccessActivities
from models.access import Grade
from models.errors import CaseConflict, Unavailable
from models.handover import UndoSummary
from store import evidence
from store.database import Database
from store.tables import entitlements
from tests.integration.lockdown.directory import (
    ACTIVE,
    CASE,
    IN_ORDER,
    Recording,
    dies,
    dump,
    kill_at,
    kinds,
    lock,
    refuse,
    undo,
)


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
