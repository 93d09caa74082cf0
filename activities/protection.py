"""Protection: an alert suspends export rights for a limited time, and gives them back exactly as they were."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from temporalio import activity

from activities.protection_over import given_back
from activities.rights import Rights, heartbeat
from models.access import AccessState, Entitlement, Grade, ResultClass
from models.evidence import digest
from models.warning import ENDED, Protected, ProtectionMode, ProtectionState, ProtectRequest
from store import alerts, cases, evidence, lockdown
from store.alerts import AlertRow
from store.database import Database
from store.policies import STANDARD, load_warning_policy
from systems.access.port import AccessDirectory


class _Taken(Exception):
    """Somebody else decides about the rights now. Never leaves this file."""

    def __init__(self, state: ProtectionState) -> None:
        self.state = state


class ProtectionActivities:
    """Suspends and gives back rights of grade EXPORT. `policy_dir` is searched for policies before the shipped ones."""

    def __init__(
        self,
        database: Database,
        directory: AccessDirectory,
        policy_dir: Path | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._policy_dir = policy_dir
        self._rights = Rights(database, directory, pause)

    @activity.defn(name="protect")
    def protect(self, asked: ProtectRequest) -> Protected:
        """Begin the protection as the policy says, or go on with it: what resisted is tried again.

        `would_have` writes down what would have been done and does nothing. A right that cannot be taken is counted as
        open. Raises Unavailable, PolicyError, and CaseConflict once rights are given back already.
        """
        with self._database.begin() as connection:
            employee = alerts.get(connection, asked.alert_id).employee_id
        rights = [right for right in self._rights.of(employee) if right.grade is Grade.EXPORT]
        with self._database.begin() as connection:
            alert = self._begin(connection, asked, employee, rights)
        if alert.protection is not ProtectionState.SUSPENDED or alert.state in ENDED:
            usable = sum(right.state is AccessState.ACTIVE for right in rights)
            return Protected(state=alert.protection, until=alert.protected_until, rights=usable)
        held = 0
        for number, right in enumerate(rights, start=1):
            held += self._rights.take(asked.alert_id, right).result is ResultClass.OBSERVED
            heartbeat(number)
        return Protected(state=alert.protection, until=alert.protected_until, rights=held, open=len(rights) - held)

    @activity.defn(name="end_protection")
    def end_protection(self, asked: ProtectRequest) -> Protected:
        """Give every right back as it was before the protection; the same twice is once.

        A case of the person that began meanwhile, or another alert that still holds the rights, keeps them and gives
        them back itself. Raises Unavailable when some could not be given back yet; a repeat goes on with those.
        """
        with self._database.begin() as connection:
            alert = alerts.get(connection, asked.alert_id)
        if alert.protection is not ProtectionState.SUSPENDED:
            return Protected(state=alert.protection, until=alert.protected_until)
        try:
            done = self._rights.give_back(asked.alert_id, lambda: self._still_ours(alert, asked.at))
        except _Taken as taken:
            return Protected(state=taken.state, until=alert.protected_until)
        with self._database.begin() as connection:
            given_back(connection, asked.alert_id, done.restored, at=asked.at)
        return Protected(state=ProtectionState.GIVEN_BACK, until=alert.protected_until, rights=done.restored)

    def _begin(
        self, connection: Connection, asked: ProtectRequest, employee: str, rights: list[Entitlement]
    ) -> AlertRow:
        """The alert with its protection begun; once, whatever the policy says later."""
        lockdown.one_at_a_time_for(connection, employee)
        alert = alerts.get(connection, asked.alert_id, lock=True)
        if alert.protection is not ProtectionState.NONE or alert.state in ENDED:
            return alert
        rule = load_warning_policy(STANDARD, self._policy_dir).protection
        until = asked.at + timedelta(hours=rule.hours)
        state, kind = ProtectionState.WOULD_HAVE, "protection.would_have"
        if rule.mode is ProtectionMode.ENFORCE:
            state, kind = ProtectionState.SUSPENDED, "protection.begun"
        if _case_that_holds(connection, alert):
            state, kind = ProtectionState.LEFT_TO_CASE, "protection.left_to_case"
        alerts.change(connection, alert.id, protection=state, protected_until=until)
        body: dict[str, object] = {
            "rights": sum(right.state is AccessState.ACTIVE for right in rights),
            "until": until.isoformat(),
            "severity": alert.severity.value,
        }
        evidence.append(connection, alert.id, kind, body, at=asked.at)
        return alerts.get(connection, alert.id)

    @contextmanager
    def _still_ours(self, alert: AlertRow, at: datetime) -> Iterator[None]:
        """Surrounds the return of one right: nobody takes the person's rights over in between."""
        with self._database.begin() as connection:
            lockdown.one_at_a_time_for(connection, alert.employee_id)
            other = alerts.other_that_holds(connection, alert)
            case = None if other else _case_that_holds(connection, alert)
            if other is None and case is None:
                yield
                return
            state = ProtectionState.LEFT_TO_ALERT if other else ProtectionState.LEFT_TO_CASE
            _leave(connection, alert, other or str(case), state, at)
        raise _Taken(state)


def _case_that_holds(connection: Connection, alert: AlertRow) -> str | None:
    """The case that decides about the person's rights; one that gives rights back already is none."""
    case = cases.holds_access_of(connection, alert.employee_id, alert.opened_at)
    return None if case is None or lockdown.gives_back(connection, case) else case


def _leave(connection: Connection, alert: AlertRow, holder: str, state: ProtectionState, at: datetime) -> None:
    """From now on the holder gives the rights back, as they were before this alert."""
    lockdown.hand_on(connection, alert.id, holder, at=at)
    alerts.change(connection, alert.id, protection=state)
    # The id of a case tells whose it is, so the evidence of the alert does not hold it.
    told = holder if state is ProtectionState.LEFT_TO_ALERT else digest(holder)[:16]
    evidence.append(connection, alert.id, f"protection.{state.value}", {"to": told}, at=at)
    evidence.append(connection, holder, "protection.taken_over", {"alert": alert.id}, at=at)
