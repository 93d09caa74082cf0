"""The lockdown: rights are taken in graded order, each is read back, and every before-state is kept for the undo."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import CancelledError

from models.access import AccessRecord, AccessState, AccessStep, Entitlement, LockRequest, LockSummary, ResultClass
from models.case import Branch
from models.errors import CaseConflict, Refused, Unavailable
from models.handover import UndoRequest, UndoSummary
from store import branches, lockdown
from store.database import Database
from systems.access.port import AccessDirectory

TRIES = 3
PAUSE_SECONDS = 0.2


class AccessActivities:
    """Takes rights away and gives them back.

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

    @activity.defn(name="lock_access")
    def lock_access(self, asked: LockRequest) -> LockSummary:
        """Take every right of the person within the grades, in order of grade, system, id.

        A right that cannot be taken is counted as unfinished and does not hold the others. Raises Unavailable when the
        directory cannot list the rights, or our own database does not answer, and CaseConflict once the case has begun
        to give rights back.
        """
        with self._database.begin() as connection:
            lockdown.refuse_after_restore(connection, asked.case_id)
        rights = show_access(self._directory, asked.employee_id)
        steps: dict[str, AccessStep] = {}
        for right in rights:
            if right.grade in asked.grades:
                steps[right.id] = self._take(asked.case_id, right)
                _heartbeat(len(steps))
        fingerprint = self._save(asked.case_id, rights, steps)
        locked = sum(step.result is ResultClass.OBSERVED for step in steps.values())
        return LockSummary(
            requested=len(steps),
            locked=locked,
            unfinished=len(steps) - locked,
            grades=asked.grades,
            digest=fingerprint,
        )

    @activity.defn(name="restore_access")
    def restore_access(self, asked: UndoRequest) -> UndoSummary:
        """Give back, in reverse order, what this case suspended and what is still suspended.

        Rights that the directory no longer knows are `left`. Raises Unavailable when some could not be given back yet;
        a repeat goes on with those. A lockdown that still runs elsewhere stops at its next right.
        """
        with self._database.begin() as connection:
            lockdown.begin_restore(connection, asked.case_id, at=datetime.now(UTC))
        with self._database.begin() as connection:
            rights = lockdown.observed(connection, asked.case_id)
            taken = lockdown.taken(connection, asked.case_id)
        counts = {"restored": 0, "left": 0}
        waiting = 0
        for right in reversed([right for right in rights if right.state is AccessState.ACTIVE]):
            try:
                verb = self._give_back(right, taken)
            except CancelledError:
                raise
            except Exception as error:  # one right that does not come back must not hold the others
                activity.logger.warning("a right was not given back yet", extra=_trouble(right, error))
                waiting += 1
                continue
            if verb:
                counts[verb] += 1
                with self._database.begin() as connection:
                    lockdown.record_undo(connection, asked.case_id, right.id, verb, at=datetime.now(UTC))
            _heartbeat(counts["restored"])
        if waiting:
            raise Unavailable(
                f"{counts['restored']} rights were given back, {waiting} not yet: their system does not answer; "
                "it is tried again by itself",
                system="access",
            )
        return UndoSummary(**counts)

    def _take(self, case_id: str, right: Entitlement) -> AccessStep:
        before, answered = right.state, False
        for number in range(TRIES):
            if number:
                self._pause(PAUSE_SECONDS * number)
            seen = self._look(right)
            if seen is None:
                continue
            before = self._remember(case_id, right, seen)
            suspended = seen is AccessState.ACTIVE and self._suspend(right)
            answered = answered or suspended
            seen = self._look(right) if suspended else seen
            if seen is AccessState.SUSPENDED:
                return self._finish(case_id, right, before, ResultClass.OBSERVED, again=answered)
            if seen is AccessState.ACTIVE:
                answered = False  # whatever the system said, the right can still be used
        result = ResultClass.ACKNOWLEDGED if answered else ResultClass.FAILED
        return self._finish(case_id, right, before, result, again=False)

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

    def _remember(self, case_id: str, right: Entitlement, seen: AccessState) -> AccessState:
        # Before the change: after a crash the right reads as suspended and no longer says that it was us.
        with self._database.begin() as connection:
            lockdown.refuse_after_restore(connection, case_id)
            right = right.model_copy(update={"state": seen})
            return lockdown.remember(connection, case_id, right, at=datetime.now(UTC)).state

    def _finish(
        self, case_id: str, right: Entitlement, before: AccessState, result: ResultClass, *, again: bool
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
                lockdown.refuse_after_restore(connection, case_id)
                return lockdown.record(connection, case_id, step, again=again)
        except CaseConflict:
            # The undo began between our look and our change, and may have passed this right by.
            if before is AccessState.ACTIVE and result is not ResultClass.FAILED:
                self._directory.restore(right.id, before)
            raise

    def _save(self, case_id: str, rights: Sequence[Entitlement], steps: dict[str, AccessStep]) -> str:
        with self._database.begin() as connection:
            earlier = lockdown.newest_record(connection, case_id)
            known = {step.entitlement_id: step for step in earlier.steps} if earlier else {}
            known = {**lockdown.steps_done(connection, case_id), **known, **steps}
            place = {right.id: number for number, right in enumerate(rights)}
            ordered = sorted(known.values(), key=lambda step: (step.grade, place.get(step.entitlement_id, -1)))
            # What this call did not touch counts by what the directory says now: it may have been given back.
            usable = [
                right
                for right in rights
                if (right.id in steps and steps[right.id].result is not ResultClass.OBSERVED)
                or (right.id not in steps and right.state is AccessState.ACTIVE)
            ]
            record = AccessRecord(steps=tuple(ordered), remaining=len(usable), total=len(rights))
            return branches.save(connection, case_id, Branch.ACCESS, record, at=datetime.now(UTC))

    def _give_back(self, right: Entitlement, taken: set[str]) -> str | None:
        """What became of one right: `restored`, `left`, or None when the case never got hold of it."""
        try:
            seen = self._directory.state_of(right.id)
            if seen is AccessState.SUSPENDED:
                self._directory.restore(right.id, right.state)
                if self._directory.state_of(right.id) is not right.state:
                    raise Unavailable("the system answered, but the right is not back", system=right.system)
                return "restored"
        except Refused:
            return "left"
        return "restored" if right.id in taken else None


def show_access(directory: AccessDirectory, employee_id: str) -> list[Entitlement]:
    """Every right of a person as the directory shows it now, in the order in which a lockdown would take them."""
    return sorted(directory.rights_of(employee_id), key=lockdown.in_order)


def _heartbeat(done: int) -> None:
    if activity.in_activity():
        activity.heartbeat(done)


def _trouble(right: Entitlement, error: Exception) -> dict[str, str]:
    return {"right": right.id, "error": type(error).__name__}
