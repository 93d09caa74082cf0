"""What a case, or the protection of an alert, has seen of a person's rights and done to them.

`case_id` names either: the effects and the evidence of both are kept under their ids.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, text

from models.access import AccessRecord, AccessState, AccessStep, Entitlement, ResultClass
from models.case import Branch
from models.errors import CaseConflict
from models.evidence import digest
from models.warning import ProtectionState
from store import effects, evidence
from store.tables import branch_results
from store.tables import effects as done
from store.tables.behaviour import alerts

# Steps after which the right may be gone, so that an undo has to look at it.
TAKEN = ("lock", "lock_acknowledged")
ALERTS = "alert-"  # what the id of an alert begins with


def begin_restore(connection: Connection, case_id: str, *, at: datetime) -> None:
    """Write that the case gives rights back from now on: whoever still locks for it is refused."""
    _one_at_a_time(connection, case_id)
    effects.once(
        connection, f"{case_id}/restore", case_id=case_id, request={"case": case_id}, at=at, do=lambda: (None, {})
    )


def refuse_after_restore(connection: Connection, case_id: str) -> None:
    """Raise CaseConflict once the case has begun to give rights back. Until the commit nobody can begin."""
    _one_at_a_time(connection, case_id)
    if gives_back(connection, case_id):
        raise CaseConflict(
            "case {case} gives rights back already: no right was taken, and none must be taken for it any more",
            case=case_id,
        )


def remember(connection: Connection, case_id: str, right: Entitlement, *, at: datetime) -> Entitlement:
    """Keep the state of a right as it was before the case touched it; the first one kept is the one that counts.

    What the protection of an alert holds suspended is kept as it was before the protection.
    """
    one_at_a_time_for(connection, right.employee_id)
    if right.state is AccessState.SUSPENDED and _held_by_alert(connection, case_id, right):
        right = right.model_copy(update={"state": AccessState.ACTIVE})
    kept = effects.once(
        connection,
        f"{case_id}/observe/{right.id}",
        case_id=case_id,
        request={"right": right.id},
        at=at,
        do=lambda: (None, right.model_dump(mode="json")),
    )
    return Entitlement.model_validate(kept)


def gives_back(connection: Connection, case_id: str) -> bool:
    """True once the case has begun to give rights back."""
    return connection.execute(select(done.c.key).where(done.c.key == f"{case_id}/restore")).first() is not None


def hand_on(connection: Connection, from_id: str, to_id: str, *, at: datetime) -> None:
    """What one has seen before it took a right is what the other gives back, unless that had seen it itself."""
    for right in observed(connection, from_id):
        effects.once(
            connection,
            f"{to_id}/observe/{right.id}",
            case_id=to_id,
            request={"right": right.id},
            at=at,
            do=lambda right=right: (None, right.model_dump(mode="json")),  # type: ignore[misc]
        )


def record(connection: Connection, case_id: str, step: AccessStep, *, again: bool) -> AccessStep:
    """Write one step with its evidence, once for each outcome; returns the step as it was first written.

    `again` says that the right had to be taken although an earlier step had taken it: somebody had given it back, and
    that is a step of its own.
    """
    verb = "lock" if step.result is ResultClass.OBSERVED else f"lock_{step.result.value}"
    key = f"{case_id}/{verb}/{step.entitlement_id}"
    if again and connection.execute(select(done.c.key).where(done.c.key == key)).first():
        verb, key = "lock_again", f"{case_id}/lock_again/{step.entitlement_id}/{step.at.isoformat()}"
    body: dict[str, object] = {
        "right": _shown(case_id, step.entitlement_id),
        "grade": int(step.grade),
        "before": step.before.value,
        "after": step.after.value,
        "result": step.result.value,
    }
    content = step.model_dump(mode="json")
    return AccessStep.model_validate(_with_evidence(connection, case_id, key, f"access.{verb}", body, content, step.at))


def record_undo(connection: Connection, case_id: str, right_id: str, verb: str, *, at: datetime) -> None:
    """Write that a right was `restored`, or `left` because the directory no longer knows it."""
    key = f"{case_id}/{verb}/{right_id}"
    body: dict[str, object] = {"right": _shown(case_id, right_id)}
    _with_evidence(connection, case_id, key, f"access.{verb}", body, {"right": right_id}, at)


def observed(connection: Connection, case_id: str) -> list[Entitlement]:
    """Rights as they were before the case touched them, in the order of the lockdown."""
    seen = (Entitlement.model_validate(result) for result in _results(connection, case_id, "observe").values())
    return sorted(seen, key=in_order)


def taken(connection: Connection, case_id: str) -> set[str]:
    """Ids of the rights that the case has taken, as far as it knows."""
    return {str(step["entitlement_id"]) for verb in TAKEN for step in _results(connection, case_id, verb).values()}


def newest_record(connection: Connection, case_id: str) -> AccessRecord | None:
    """The newest result of the access branch; None before the first lockdown."""
    result = connection.execute(
        select(branch_results.c.result)
        .where(branch_results.c.case_id == case_id, branch_results.c.branch == Branch.ACCESS)
        .order_by(branch_results.c.at.desc())
        .limit(1)
    ).scalar_one_or_none()
    return AccessRecord.model_validate(result) if result else None


def steps_done(connection: Connection, case_id: str) -> dict[str, AccessStep]:
    """Steps that reached their end, by right: also those of a call that crashed before it kept its result."""
    found = (AccessStep.model_validate(result) for result in _results(connection, case_id, "lock").values())
    return {step.entitlement_id: step for step in found}


def one_at_a_time_for(connection: Connection, employee_id: str) -> None:
    """Until the commit nobody else remembers or gives back a right of the person."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 1))"), {"key": f"rights/{employee_id}"}
    )


def in_order(right: Entitlement) -> tuple[int, str, str]:
    """Order of the lockdown: grade, then system, then id."""
    return right.grade, right.system, right.id


def _shown(chain: str, right_id: str) -> str:
    # The evidence of an alert holds no id of the person, and ids of rights are often built from it.
    return digest(right_id)[:16] if chain.startswith(ALERTS) else right_id


def _held_by_alert(connection: Connection, chain: str, right: Entitlement) -> bool:
    """True when the protection of another alert of the person suspended the right, which was active before."""
    observed = alerts.c.id + f"/observe/{right.id}"
    query = (
        select(done.c.key)
        .select_from(alerts.join(done, done.c.key == observed))
        .where(
            alerts.c.employee_id == right.employee_id,
            alerts.c.id != chain,
            alerts.c.protection == ProtectionState.SUSPENDED,
            done.c.result["state"].astext == AccessState.ACTIVE,
        )
    )
    return connection.execute(query.limit(1)).first() is not None


def _one_at_a_time(connection: Connection, case_id: str) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 1))"), {"key": f"{case_id}/access"})


def _results(connection: Connection, case_id: str, verb: str) -> dict[str, Mapping[str, object]]:
    prefix = f"{case_id}/{verb}/"
    query = select(done.c.key, done.c.result).where(
        done.c.case_id == case_id, done.c.key.startswith(prefix, autoescape=True)
    )
    return {row.key.removeprefix(prefix): row.result for row in connection.execute(query)}


def _with_evidence(
    connection: Connection,
    case_id: str,
    key: str,
    kind: str,
    body: dict[str, object],
    result: dict[str, object],
    at: datetime,
) -> dict[str, object]:
    def do() -> tuple[None, dict[str, object]]:
        evidence.append(connection, case_id, kind, body, at=at)
        return None, result

    return effects.once(connection, key, case_id=case_id, request={"key": key}, at=at, do=do)
