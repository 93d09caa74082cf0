"""The lockdown: rights are taken in graded order, each is read back, and every before-state is kept for the undo."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from temporalio import activity

from activities import protection_over
from activities.rights import Rights, heartbeat
from models.access import AccessRecord, AccessState, AccessStep, Entitlement, LockRequest, LockSummary, ResultClass
from models.case import Branch
from models.handover import UndoRequest, UndoSummary
from store import branches, lockdown
from store.database import Database
from systems.access.port import AccessDirectory


class AccessActivities:
    """Takes the rights of a leaver away and gives them back. `pause` waits between two tries of one right (seconds)."""

    def __init__(
        self, database: Database, directory: AccessDirectory, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._database = database
        self._rights = Rights(database, directory, pause)

    @activity.defn(name="lock_access")
    def lock_access(self, asked: LockRequest) -> LockSummary:
        """Take every right of the person within the grades, in order of grade, system, id.

        A right that cannot be taken is counted as unfinished and does not hold the others. Raises Unavailable when the
        directory cannot list the rights, or our own database does not answer, and CaseConflict once the case has begun
        to give rights back.
        """
        with self._database.begin() as connection:
            lockdown.refuse_after_restore(connection, asked.case_id)
        rights = self._rights.of(asked.employee_id)
        steps: dict[str, AccessStep] = {}
        for right in rights:
            if right.grade in asked.grades:
                steps[right.id] = self._rights.take(asked.case_id, right)
                heartbeat(len(steps))
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
        a repeat goes on with those. A lockdown that still runs elsewhere stops at its next right, and the protection of
        an alert whose rights all come back is over.
        """
        with self._database.begin() as connection:
            protection_over.begin(connection, asked.case_id, asked.employee_id, at=datetime.now(UTC))
        done = self._rights.give_back(asked.case_id)
        with self._database.begin() as connection:
            protection_over.end(connection, asked.employee_id, at=datetime.now(UTC))
        return done

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


def show_access(directory: AccessDirectory, employee_id: str) -> list[Entitlement]:
    """Every right of a person as the directory shows it now, in the order in which a lockdown would take them."""
    return sorted(directory.rights_of(employee_id), key=lockdown.in_order)
