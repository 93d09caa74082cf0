"""Decisions as the hook accepted them: written before the engine hears of them, so that none is lost.

Each carries the mark of the hook (docs/decisions/0018) and has an entry in the evidence; a row without both is forged.
"""

import hashlib
import hmac
import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from models.approvals import Decision, DecisionReceipt, Refusal, Verdict, Via, Vote
from models.base import CaseId, EmployeeId, Moment, Value
from models.canonical_json import canonical
from models.evidence import digest
from models.judging import cast
from store import evidence, gates, people
from store.among import among
from store.gates import GateRow
from store.tables import decisions
from store.tables import evidence as evidence_table

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://offboard/decisions")


class DecisionState(StrEnum):
    """`stored` until the workflow has counted or refused it; `forged` when it turned out that nobody made it."""

    STORED = "stored"
    COUNTED = "counted"
    REFUSED = "refused"
    FORGED = "forged"


class StoredDecision(Value):
    """One row. `note` is what the person wrote: it stays here and never enters history or evidence.

    `number` counts what the person said in the round, from 1; `for_id` is whose seat it is under a delegation.
    """

    id: str
    case_id: CaseId
    gate: str
    round: int
    verdict: Verdict
    by: EmployeeId
    for_id: EmployeeId | None = None
    number: int
    via: Via
    note: str
    report_digest: str
    accepted_at: Moment
    state: DecisionState
    refusal: Refusal | None = None
    mac: str

    def message(self) -> Decision:
        """The decision as the workflow hears it: without its text."""
        return Decision(
            decision_id=self.id,
            gate=self.gate,
            verdict=self.verdict,
            by=self.by,
            for_id=self.for_id,
            accepted_at=self.accepted_at,
            report_digest=self.report_digest,
            round=self.round,
            has_note=bool(self.note.strip()),
        )


class AcceptedDecision(StoredDecision):
    """`created` is False when the person had said this before under that number: then it is what was kept then."""

    created: bool


def decision_id(case_id: str, gate: str, round: int, by: str, number: int) -> str:  # noqa: A002  (the word for it)
    """The id of what a person says in a round, for the `number`-th time: the same on every machine and every retry."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join((case_id, gate, str(round), by, str(number)))))


def said_by(connection: Connection, case_id: str, gate: str, round: int, by: str) -> list[StoredDecision]:  # noqa: A002  (the word for it)
    """What a person said in a round, in order: the next one has the number `len + 1`. What is forged is left out."""
    theirs = (decisions.c.round == round, decisions.c.by_id == by, decisions.c.state != DecisionState.FORGED)
    wanted = select(decisions).where(decisions.c.case_id == case_id, decisions.c.gate == gate, *theirs)
    return [_stored(row) for row in connection.execute(wanted.order_by(decisions.c.number)).mappings()]


def accept(  # noqa: PLR0913  (the fields of a decision)
    connection: Connection,
    key: str,
    *,
    case_id: str,
    gate: str,
    round: int,  # noqa: A002  (the word for it)
    number: int,
    verdict: Verdict,
    by: str,
    for_id: str | None,
    via: Via,
    note: str,
    report_digest: str,
    accepted_at: datetime,
) -> AcceptedDecision:
    """Keep a decision with its mark, made with `key`, and its evidence. The first one with a number stands.

    Raises UnknownEmployee when `by` is nobody's id. Whether the person may decide is judged elsewhere.
    """
    people.get(connection, by)
    unmarked = StoredDecision(
        id=decision_id(case_id, gate, round, by, number),
        case_id=case_id,
        gate=gate,
        round=round,
        verdict=verdict,
        by=by,
        for_id=for_id,
        number=number,
        via=via,
        note=note,
        report_digest=report_digest,
        accepted_at=accepted_at,
        state=DecisionState.STORED,
        mac="",
    )
    wanted = unmarked.model_copy(update={"mac": _mark(unmarked, key)})
    values = wanted.model_dump(exclude={"by", "refusal"}) | {"by_id": by}
    row = insert(decisions).values(values)
    created = connection.execute(row.on_conflict_do_nothing(index_elements=["id"])).rowcount == 1
    if created:
        evidence.append(connection, case_id, "decision.accepted", _facts(wanted), at=accepted_at, actor=by)
    found = get(connection, wanted.id)
    if found is None:
        raise LookupError(f"decision {wanted.id} vanished while it was written")
    return AcceptedDecision(created=created, **found.model_dump())


def genuine(stored: StoredDecision, key: str) -> bool:
    """True when the hook wrote the row, word for word: nobody makes the mark without its key."""
    return hmac.compare_digest(stored.mac.encode(), _mark(stored, key).encode())


def in_evidence(connection: Connection, case_id: str, wanted: Collection[StoredDecision]) -> frozenset[str]:
    """Ids of the decisions whose acceptance is in the evidence of the case as it is in their row."""
    entries = connection.execute(
        select(evidence_table.c.actor, evidence_table.c.body).where(
            evidence_table.c.case_id == case_id,
            evidence_table.c.kind == "decision.accepted",
            evidence_table.c.body["decision"].astext.in_([each.id for each in wanted]),
        )
    ).all()
    kept = [(entry.actor, entry.body) for entry in entries]
    return frozenset(each.id for each in wanted if (each.by, _facts(each)) in kept)


def forged_among(connection: Connection, key: str, case_id: str, found: Collection[StoredDecision]) -> frozenset[str]:
    """Ids of rows that the hook never wrote like this."""
    marked = [each for each in found if genuine(each, key)]
    honest = in_evidence(connection, case_id, marked) if marked else frozenset()
    return frozenset(each.id for each in found) - honest


def set_aside(connection: Connection, decision_id: str) -> None:
    """Mark a forged row and free its id: the person whose name it bears may still say something under it."""
    aside = {"id": f"forged-{uuid.uuid4()}", "state": DecisionState.FORGED}
    connection.execute(update(decisions).where(decisions.c.id == decision_id).values(aside))


def votes(connection: Connection, row: GateRow, *, key: str | None = None) -> tuple[Vote, ...]:
    """What stands at a gate for the report of a round: everything said about it that was not refused, in order.

    With `key` what bears no mark of the hook counts for nothing. The workflow's own count is the one that decides.
    """
    rounds = gates.rounds_of(connection, row.case_id, row.gate)
    return votes_among(row, of_gate(connection, row.case_id, row.gate), rounds, key=key)


def votes_at(
    connection: Connection, case_id: str, rows: Collection[GateRow], *, key: str | None = None
) -> dict[str, tuple[Vote, ...]]:
    """What stands at several gates of a case, as `votes` finds it at one: two queries, however many there are."""
    if not rows:
        return {}
    rounds, said = gates.all_of(connection, case_id), of_cases(connection, [case_id])[case_id]
    return {row.gate: votes_among(row, said, rounds, key=key) for row in rows}


def votes_among(
    row: GateRow, said: Iterable[StoredDecision], rounds: Iterable[GateRow], *, key: str | None = None
) -> tuple[Vote, ...]:
    """What stands at a gate, by what was said in its case and the rounds of that case."""
    asked = {each.round: each.seats for each in rounds if each.gate == row.gate}
    standing: tuple[Vote, ...] = ()
    for one in said:
        if one.gate != row.gate or one.report_digest != row.report_digest:
            continue
        if one.state in {DecisionState.STORED, DecisionState.COUNTED} and (key is None or genuine(one, key)):
            standing = cast(one.message(), asked.get(one.round, ()), standing)
    return standing


def get(connection: Connection, decision_id: str) -> StoredDecision | None:
    """The decision with that id, or None."""
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).mappings().one_or_none()
    return _stored(row) if row else None


def settle(connection: Connection, decision_id: str, receipt: DecisionReceipt) -> bool:
    """Write what became of a decision; False when that was known, or when the hook never stored it."""
    settling = (
        update(decisions)
        .where(decisions.c.id == decision_id, decisions.c.state == DecisionState.STORED)
        .values(
            state=DecisionState.COUNTED if receipt.counted else DecisionState.REFUSED,
            refusal=receipt.refusal,
        )
    )
    return connection.execute(settling).rowcount == 1


def of_gate(connection: Connection, case_id: str, gate: str) -> list[StoredDecision]:
    """Every decision about a gate, in the order of acceptance."""
    return _read(connection, decisions.c.case_id == case_id, decisions.c.gate == gate)


def of_cases(connection: Connection, case_ids: Collection[str]) -> dict[str, list[StoredDecision]]:
    """Everything said in several cases, each in the order of acceptance."""
    found: dict[str, list[StoredDecision]] = {case_id: [] for case_id in case_ids}
    for one in _read(connection, among(decisions.c.case_id, case_ids)):
        found[one.case_id].append(one)
    return found


def _read(connection: Connection, *which: ColumnElement[bool]) -> list[StoredDecision]:
    order = (decisions.c.accepted_at, decisions.c.round, decisions.c.number, decisions.c.id)
    return [_stored(row) for row in connection.execute(select(decisions).where(*which).order_by(*order)).mappings()]


def unanswered(connection: Connection, accepted_before: datetime) -> list[StoredDecision]:
    """Decisions that nobody has judged yet, by case and gate, each in the order of acceptance."""
    wanted = (
        select(decisions)
        .where(decisions.c.state == DecisionState.STORED, decisions.c.accepted_at < accepted_before)
        .order_by(decisions.c.case_id, decisions.c.gate, decisions.c.accepted_at, decisions.c.round, decisions.c.number)
    )
    return [_stored(row) for row in connection.execute(wanted).mappings()]


def _facts(stored: StoredDecision) -> dict[str, object]:
    """What the evidence says of a decision: everything but the words, which it binds by their digest."""
    return {
        "decision": stored.id,
        "gate": stored.gate,
        "round": stored.round,
        "number": stored.number,
        "verdict": stored.verdict.value,
        "for": stored.for_id,
        "via": stored.via.value,
        "report_digest": stored.report_digest,
        "note_digest": digest([stored.id, stored.note]) if stored.note else None,
    }


def _mark(stored: StoredDecision, key: str) -> str:
    at = stored.accepted_at.astimezone(UTC).isoformat(timespec="microseconds")
    said = ["offboard.decision", stored.case_id, stored.by, at, stored.note, _facts(stored)]
    return hmac.new(key.encode(), canonical(said), hashlib.sha256).hexdigest()


def _stored(row: RowMapping) -> StoredDecision:
    fields = {name: row["by_id" if name == "by" else name] for name in StoredDecision.model_fields}
    return StoredDecision.model_validate(fields)
