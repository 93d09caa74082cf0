"""Many effects at once: the bulk form of store/effects.once, with the same keys and the same promise.

One transfer is one effect, `<case>/transfer/<kind>/<id>`, written in the transaction that changed the owner.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from models.base import EmployeeId, Value
from models.errors import CaseConflict
from models.evidence import digest
from models.handover import TransferStatus
from store.effects import once
from store.tables import effects
from systems.clients.port import Kind, OwnerChange, OwnerState


class Outcome(Value):
    """How one transfer ended. `after` is who holds it now; `invoices` are the collectors that were set.

    `before` is None when nothing was changed; `reason` is a sentence of the reasons catalogue.
    """

    kind: Kind
    id: str
    status: TransferStatus
    before: OwnerState | None
    after: OwnerChange
    invoices: dict[str, EmployeeId] = {}
    reason: str | None = None

    @property
    def successor(self) -> EmployeeId | None:
        """The new owner for good; None while the manager holds it."""
        return self.after.owner_id if self.status is TransferStatus.COMPLETED else None

    @property
    def holder(self) -> EmployeeId | None:
        """Who answers for it now."""
        return self.after.interim_owner_id or self.after.owner_id

    @property
    def earlier(self) -> OwnerChange:
        """Who held it before; the same as `after` when nothing was changed."""
        was = self.before or self.after
        return OwnerChange(id=self.id, owner_id=was.owner_id, interim_owner_id=was.interim_owner_id)


def one_at_a_time(connection: Connection, case_id: str) -> None:
    """Wait until no other run of the same handover is inside a batch; released at commit."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 1))"), {"key": f"{case_id}/transfer"})


def begin_undo(connection: Connection, case_id: str, *, at: datetime) -> None:
    """Write that this handover is walked back from now on: a batch that starts later is refused."""
    one_at_a_time(connection, case_id)
    once(connection, f"{case_id}/undo", case_id=case_id, request={"case": case_id}, at=at, do=lambda: (None, {}))


def refuse_after_undo(connection: Connection, case_id: str) -> None:
    """Wait for our turn; raise CaseConflict once the handover is being walked back."""
    one_at_a_time(connection, case_id)
    if connection.execute(select(effects.c.key).where(effects.c.key == f"{case_id}/undo")).first():
        raise CaseConflict(
            "the handover of case {case} is being walked back: nothing more is handed over", case=case_id
        )


def key_of(case_id: str, kind: str, target: str) -> str:
    """The effect key of one transfer."""
    return f"{case_id}/transfer/{kind}/{target}"


def done(connection: Connection, case_id: str, kind: str, ids: Sequence[str]) -> frozenset[str]:
    """Which of these transfers were made before."""
    keys = {key_of(case_id, kind, one): one for one in ids}
    found = connection.execute(select(effects.c.key).where(effects.c.key.in_(keys))).scalars()
    return frozenset(keys[key] for key in found)


def outcomes(connection: Connection, case_id: str) -> list[Outcome]:
    """Every transfer that this case made, the newest first."""
    rows = connection.execute(
        select(effects.c.result)
        .where(effects.c.case_id == case_id, func.starts_with(effects.c.key, f"{case_id}/transfer/"))
        .order_by(effects.c.at.desc(), effects.c.key.desc())
    ).scalars()
    return [Outcome.model_validate(row) for row in rows]


def record(connection: Connection, case_id: str, made: Iterable[Outcome], *, at: datetime) -> None:
    """Write the effects of a batch. A key that exists already breaks the whole batch: nothing happens twice."""
    rows = [
        {
            "key": key_of(case_id, one.kind, one.id),
            "case_id": case_id,
            "request_hash": digest({"kind": one.kind.value, "id": one.id}),
            "before": one.before.model_dump(mode="json") if one.before else None,
            "result": one.model_dump(mode="json"),
            "at": at,
        }
        for one in made
    ]
    if rows:
        connection.execute(effects.insert(), rows)
