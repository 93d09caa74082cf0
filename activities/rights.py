"""Taking single rights and giving them back: each before-state is kept first, each change is read back."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import CancelledError

from models.access import AccessState, AccessStep, Entitlement, ResultClass
from models.errors import CaseConflict, Refused, Unavailable
from models.handover import UndoSummary
from store import lockdown
from store.database import Database
from systems.access.port import AccessDirectory

TRIES = 3
PAUSE_SECONDS = 0.2


class Rights:
    """Rights in `directory`, taken for a case or for an alert, whose id is the `chain`.

    `pause` waits between two tries of one right (seconds). A foreign system is not part of our transaction, so a right
    is taken in three steps: its state is written down, it is changed unless it is suspended already, and what is read
    back is recorded. After a crash in between, the right is read again and not changed again.
    """

    def __init__(
        self, database: Database, directory: AccessDirectory, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._database = database
        self._directory = directory
        self._pause = pause

    def of(self, employee_id: str) -> list[Entitlement]:
        """Every right of a person as the directory shows it now, in the order of a lockdown."""
        return sorted(self._directory.rights_of(employee_id), key=lockdown.in_order)

    def take(self, chain: str, right: Entitlement) -> AccessStep:
        """Suspend one right and read it back; what cannot be taken is `failed`, and raises nothing.

        Raises CaseConflict once the chain has begun to give rights back.
        """
        before, answered = right.state, False
        for number in range(TRIES):
            if number:
                self._pause(PAUSE_SECONDS * number)
            seen = self._look(right)
            if seen is None:
                continue
            before, seen = self._remember(chain, right, seen)
            suspended = seen is AccessState.ACTIVE and self._suspend(right)
            answered = answered or suspended
            seen = self._look(right) if suspended else seen
            if seen is AccessState.SUSPENDED:
                return self._finish(chain, right, before, ResultClass.OBSERVED, again=answered)
            if seen is AccessState.ACTIVE:
                answered = False  # whatever the system said, the right can still be used
        result = ResultClass.ACKNOWLEDGED if answered else ResultClass.FAILED
        return self._finish(chain, right, before, result, again=False)

    def give_back(self, chain: str, each: Callable[[], AbstractContextManager[object]] = nullcontext) -> UndoSummary:
        """Give back, in reverse order, what the chain suspended and what is still suspended.

        Rights that the directory no longer knows are `left`. `each` surrounds every single one; what it raises ends the
        walk. Raises Unavailable when some could not be given back yet; a repeat goes on with those.
        """
        with self._database.begin() as connection:
            lockdown.begin_restore(connection, chain, at=datetime.now(UTC))
        counts = {"restored": 0, "left": 0}
        waiting = 0
        for right, taken in self._to_give_back(chain):
            with each():
                try:
                    verb = self._give_back(right, taken=taken)
                except CancelledError:
                    raise
                except Exception as error:  # one right that does not come back must not hold the others
                    activity.logger.warning("a right was not given back yet", extra=_trouble(right, error))
                    waiting += 1
                    continue
                if verb:
                    counts[verb] += 1
                    with self._database.begin() as connection:
                        lockdown.record_undo(connection, chain, right.id, verb, at=datetime.now(UTC))
            heartbeat(counts["restored"])
        if waiting:
            raise Unavailable(
                "{restored} rights were given back, {waiting} not yet: their system does not answer; "
                "it is tried again by itself",
                restored=counts["restored"],
                waiting=waiting,
                system="access",
            )
        return UndoSummary(**counts)

    def _look(self, right: Entitlement) -> AccessState | None:
        try:
            return self._directory.state_of(right.id)
        except CancelledError:
            raise
        except Exception as error:  # whatever happens to one right, the others must still be taken
            activity.logger.warning("a right could not be read", extra=_trouble(right, error))
            return None

    def _suspend(self, right: Entitlement) -> bool:
        try:
            self._directory.suspend(right.id)
        except CancelledError:
            raise
        except Exception as error:
            activity.logger.warning("a right could not be suspended", extra=_trouble(right, error))
            return False
        return True

    def _remember(self, chain: str, right: Entitlement, seen: AccessState) -> tuple[AccessState, AccessState | None]:
        """What the right was before the chain touched it, and what it is now.

        Written before the change: after a crash the right reads as suspended and no longer says that it was us.
        """
        with self._database.begin() as connection:
            lockdown.refuse_after_restore(connection, chain)
            lockdown.one_at_a_time_for(connection, right.employee_id)
            # The protection of an alert may have given it back since we looked; from here on it cannot.
            now = self._look(right) if seen is AccessState.SUSPENDED else seen
            right = right.model_copy(update={"state": now or seen})
            return lockdown.remember(connection, chain, right, at=datetime.now(UTC)).state, now

    def _finish(
        self, chain: str, right: Entitlement, before: AccessState, result: ResultClass, *, again: bool
    ) -> AccessStep:
        step = AccessStep(
            grade=right.grade,
            target=f"{right.system}: {right.right}",
            entitlement_id=right.id,
            before=before,
            after=before if result is ResultClass.FAILED else AccessState.SUSPENDED,
            result=result,
            at=datetime.now(UTC),
        )
        try:
            with self._database.begin() as connection:
                lockdown.refuse_after_restore(connection, chain)
                return lockdown.record(connection, chain, step, again=again)
        except CaseConflict:
            # The undo began between our look and our change, and may have passed this right by.
            if before is AccessState.ACTIVE and result is not ResultClass.FAILED:
                self._directory.restore(right.id, before)
            raise

    def _to_give_back(self, chain: str) -> Iterator[tuple[Entitlement, bool]]:
        with self._database.begin() as connection:
            rights = lockdown.observed(connection, chain)
            taken = lockdown.taken(connection, chain)
        for right in reversed(rights):
            if right.state is AccessState.ACTIVE:
                yield right, right.id in taken

    def _give_back(self, right: Entitlement, *, taken: bool) -> str | None:
        """What became of one right: `restored`, `left`, or None when the chain never got hold of it."""
        try:
            seen = self._directory.state_of(right.id)
            if seen is AccessState.SUSPENDED:
                self._directory.restore(right.id, right.state)
                if self._directory.state_of(right.id) is not right.state:
                    raise Unavailable("the system answered, but the right is not back", system=right.system)
                return "restored"
        except Refused:
            return "left"
        return "restored" if taken else None


def heartbeat(done: int) -> None:
    """Tell the engine that we live; outside of an activity nothing happens."""
    if activity.in_activity():
        activity.heartbeat(done)


def _trouble(right: Entitlement, error: Exception) -> dict[str, str]:
    return {"right": right.id, "error": type(error).__name__}
