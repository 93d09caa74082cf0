"""The handover: propose successors, execute what was approved, give everything back when the leaver stays."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound
from temporalio import activity

from activities import clearing, loose_ends
from activities.beating import beating
from activities.successor_planning import plan_handover
from activities.transfer_ledger import Outcome, begin_undo, outcomes, refuse_after_undo
from activities.transfers import Order, move_clients, move_deals, move_stray_items
from activities.undo import give_back
from models.case import Branch, BranchRequest, Phase
from models.errors import CaseConflict
from models.evidence import digest as digest_of
from models.handover import (
    HandoverRequest,
    HandoverSummary,
    SuccessorPlan,
    SuccessorSummary,
    Transfer,
    TransferStatus,
    UndoRequest,
    UndoSummary,
)
from models.reasons import because
from store import branches, cases, evidence, people
from store.database import Database
from store.effects import once
from systems.clients.port import ClientBook, Kind

MOST_NAMED = 400  # ids of possible receivers that history holds
BATCH = 200  # transfers a transaction: short locks, and a crash repeats little
TIME_TO_DECIDE = timedelta(days=2)  # the least that a manager gets for a client without successor

NOBODY_AT_ALL = "Nobody can hold it, not even for the time being: it stays where it is, and the case cannot close."

Item = TypeVar("Item")


class HandoverActivities:
    """Reads and changes owners through `clients`; keeps plans, effects and evidence in `database`."""

    def __init__(self, database: Database, clients: ClientBook) -> None:
        self._database = database
        self._clients = clients

    @activity.defn(name="propose_successors")
    def propose_successors(self, request: BranchRequest) -> SuccessorSummary:
        """Propose a successor for every client and open deal, keep the plan, return counts and its digest.

        Nobody in `request.exclude` is proposed. Raises Unavailable while the client system does not answer. Changes no
        owner.
        """
        with beating():
            with self._database.begin() as connection:
                policy = cases.get(connection, request.case_id).policy
                leaver = people.get(connection, request.employee_id)
            plan = plan_handover(self._clients, leaver, policy, request.as_of, request.exclude)
            with self._database.begin() as connection:
                if request.renewed:
                    _note_renewal(connection, request, plan)
                digest = _keep(connection, request.case_id, plan, "successors.proposed")
        return SuccessorSummary(
            clients=sum(one.kind == Kind.CLIENT for one in plan.transfers),
            opportunities=sum(one.kind == Kind.OPPORTUNITY for one in plan.transfers),
            unassigned=sum(one.successor is None for one in plan.transfers),
            successors=_may_receive(plan),
            digest=digest,
        )

    @activity.defn(name="transfer_clients")
    def transfer_clients(self, request: HandoverRequest) -> HandoverSummary:
        """Execute the approved plan, in batches; a crash or a retry goes on where the last batch ended.

        Successors are checked again at that moment. What the clients owe is followed up from then on. Raises
        CaseConflict when no such plan is kept, and once the handover is being walked back.
        """
        with beating() as progress:
            done = self._transfer(*self._order(request), progress)
            with self._database.begin() as connection:
                refuse_after_undo(connection, request.case_id)
                clearing.begin(connection, request.case_id, request.at or datetime.now(UTC))
                following = clearing.follow(connection, request.case_id)
            clearing.start(following)
        return done

    def _transfer(self, plan: SuccessorPlan, order: Order, progress: Callable[..., None]) -> HandoverSummary:
        with self._database.begin() as connection:
            refuse_after_undo(connection, order.case_id)
            cases.set_phase(connection, order.case_id, Phase.HANDING_OVER)
        clients = [one for one in plan.transfers if one.kind == Kind.CLIENT]
        deals = [one for one in plan.transfers if one.kind == Kind.OPPORTUNITY]
        for number, batch in enumerate(_batches(clients)):
            with self._database.begin() as connection:
                move_clients(connection, self._clients, order, batch)
            progress(Kind.CLIENT, number)
        with self._database.begin() as connection:
            moved = {one.id: one for one in outcomes(connection, order.case_id) if one.kind is Kind.CLIENT}
        for number, batch in enumerate(_batches(deals)):
            with self._database.begin() as connection:
                move_deals(connection, self._clients, order, batch, moved)
            progress(Kind.OPPORTUNITY, number)
        with self._database.begin() as connection:
            move_stray_items(connection, self._clients, order, moved)
            return _conclude(connection, order, plan)

    @activity.defn(name="undo_transfers")
    def undo_transfers(self, request: UndoRequest) -> UndoSummary:
        """Give every client, deal and item back to who had it before, the last change first, in batches.

        What somebody changed since stays as it is and is named in the evidence. Repeating changes nothing. A transfer
        that still runs elsewhere is refused its next batch.
        """
        with beating() as progress:
            return self._undo(request.case_id, progress)

    def _undo(self, case_id: str, progress: Callable[..., None]) -> UndoSummary:
        with self._database.begin() as connection:
            begin_undo(connection, case_id, at=datetime.now(UTC))
        with self._database.begin() as connection:
            made = [one for one in outcomes(connection, case_id) if one.before]
        restored = left = 0
        for number, batch in enumerate(_batches(made)):
            with self._database.begin() as connection:
                ended = give_back(connection, self._clients, case_id, batch, at=datetime.now(UTC))
            restored, left = restored + ended.restored, left + ended.left
            progress(number)
        with self._database.begin() as connection:
            loose_ends.end_tasks(connection, case_id)
            clearing.end(connection, case_id, datetime.now(UTC))
        clearing.tell(case_id)
        return UndoSummary(restored=restored, left=left)

    def _order(self, request: HandoverRequest) -> tuple[SuccessorPlan, Order]:
        with self._database.begin() as connection:
            case = cases.get(connection, request.case_id)
            leaver = people.get(connection, request.employee_id)
            try:
                plan = branches.load(connection, request.case_id, Branch.SUCCESSORS, request.plan_digest, SuccessorPlan)
            except NoResultFound as missing:
                raise CaseConflict(
                    "case {case} keeps no plan {plan}: nothing was handed over. "
                    "Let the successors be proposed and approved again.",
                    case=request.case_id,
                    plan=request.plan_digest[:12],
                ) from missing
        at = datetime.now(UTC)
        order = Order(
            case_id=request.case_id,
            leaver=leaver.id,
            interim_owner=self._clients.interim_owner(leaver),
            default_capacity=case.policy.default_capacity,
            due_at=max(case.plan.dates.access_cutoff, at + TIME_TO_DECIDE),
            at=at,
        )
        return plan, order


def obstacles(connection: Connection, case_id: str, employee_id: str) -> dict[str, int]:
    """What of the handover forbids closing the case, by kind; empty when nothing does.

    Tasks of the manager that have been decided since are settled first.
    """
    loose_ends.settle_decided(connection, case_id, employee_id)
    return loose_ends.count(connection, case_id, employee_id)


def _may_receive(plan: SuccessorPlan) -> tuple[str, ...]:
    """Who may receive something: those proposed and the next in line, the proposed first where there are too many."""
    proposed = {one.successor for one in plan.transfers if one.successor}
    next_in_line = {one.runner_up for one in plan.transfers if one.runner_up} - proposed
    return tuple(sorted([*sorted(proposed), *sorted(next_in_line)][:MOST_NAMED]))


def _note_renewal(connection: Connection, request: BranchRequest, plan: SuccessorPlan) -> None:
    """Write down who asked for a new plan and who is to receive nothing, once for the plan that came of it."""
    at = datetime.now(UTC)
    facts: dict[str, object] = {"excluded": list(request.exclude), "transfers": len(plan.transfers)}
    who = request.requested_by or "system"

    def record() -> tuple[None, dict[str, object]]:
        return None, {"seq": evidence.append(connection, request.case_id, "plan.renewed", facts, at=at, actor=who).seq}

    key = f"{request.case_id}/plan.renewed/{digest_of([plan.model_dump(mode='json'), facts, who])}"
    once(connection, key, case_id=request.case_id, request=facts, at=at, do=record)


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _conclude(connection: Connection, order: Order, plan: SuccessorPlan) -> HandoverSummary:
    """Keep the plan with its statuses as the newest one, and count."""
    ended = outcomes(connection, order.case_id)
    found = {(one.kind.value, one.id): one for one in ended}
    transfers = tuple(_executed(one, found.get((one.kind, one.id))) for one in plan.transfers)
    executed = plan.model_copy(update={"transfers": transfers, "interim_owner": order.interim_owner})
    return HandoverSummary(
        plan_digest=_keep(connection, order.case_id, executed, "handover.executed"),
        completed=sum(one.status is TransferStatus.COMPLETED for one in transfers),
        waiting_manager=sum(one.status is TransferStatus.WAITING_MANAGER for one in transfers),
        collectors=sum(len(one.invoices) for one in ended),
    )


def _executed(transfer: Transfer, outcome: Outcome | None) -> Transfer:
    if outcome is None:
        reasons = (*transfer.reasons, because(NOBODY_AT_ALL))
        waiting = {"status": TransferStatus.WAITING_MANAGER, "successor": None, "score": None, "reasons": reasons}
        return transfer.model_copy(update=waiting)
    changes: dict[str, object] = {"status": outcome.status}
    if outcome.successor != transfer.successor:
        changes |= {"successor": outcome.successor, "score": None}
    if outcome.successor and outcome.successor == transfer.runner_up:
        changes |= {"runner_up": None}
    if outcome.reason:
        changes |= {"reasons": (*transfer.reasons, because(outcome.reason))}
    return transfer.model_copy(update=changes)


def _keep(connection: Connection, case_id: str, plan: SuccessorPlan, kind: str) -> str:
    at = datetime.now(UTC)
    digest = branches.save(connection, case_id, Branch.SUCCESSORS, plan, at=at)
    facts: dict[str, object] = {
        "digest": digest,
        "transfers": len(plan.transfers),
        "unassigned": sum(one.successor is None for one in plan.transfers),
    }

    def record() -> tuple[None, dict[str, object]]:
        return None, {"seq": evidence.append(connection, case_id, kind, facts, at=at).seq}

    once(connection, f"{case_id}/{kind}/{digest}", case_id=case_id, request=facts, at=at, do=record)
    return digest
