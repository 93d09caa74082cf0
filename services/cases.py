"""What HR does to cases: start, look, withdraw, reschedule. Command, demo and benchmarks go through here."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from models.base import Moment, Value
from models.case import (
    CaseDates,
    CaseProgress,
    CaseRequest,
    CaseResult,
    NewPlan,
    Phase,
    Reschedule,
    SeparationKind,
    Withdrawal,
)
from models.case_display import start_summary
from models.errors import BadDates, CaseConflict, NotAllowed, OffboardError, Refused, Unavailable, again
from models.people import Employee
from models.planning import calendar_for, check_years
from models.search_attributes import TASK_QUEUE
from store import cases, people
from store.database import Database
from store.policies import load_policy
from store.progress import last_known

Answer = TypeVar("Answer")

ANSWER_WITHIN = timedelta(seconds=10)


class StartOrder(Value):
    """What HR typed. `employee` and `requested_by` are ids or exact names.

    `confirmed_clients` is the number of clients that HR has seen and confirmed, where the policy asks for that.
    """

    employee: str
    kind: SeparationKind
    last_working_day: date
    access_cutoff: Moment | None = None
    requested_by: str | None = None
    reason: str | None = None
    as_of: date | None = None
    policy: str = "ifrs"
    confirmed_clients: int | None = None


class StartedCase(Value):
    """The case that runs now; `already_open` when it did before this call.

    `access_ended` says that the access cut-off lay in the past at the start, so that every right goes at once.
    """

    case_id: str
    employee_id: str
    already_open: bool
    access_ended: bool = False
    progress: CaseProgress | None = None


def check_order(
    database: Database, order: StartOrder, today: date, policy_dir: Path | None = None
) -> tuple[Employee, CaseRequest, bool]:
    """Find the person and refuse what can be refused before anything happens.

    Returns (person, request, already open). Raises UnknownEmployee, CaseConflict, NotAllowed, BadDates, PolicyError.
    """
    with database.begin() as connection:
        leaver = people.find(connection, order.employee)
        starter = people.find(connection, order.requested_by) if order.requested_by else None
        case_id = cases.next_case_id(connection, leaver.id)
        open_case = cases.open_case_of(connection, leaver.id)
        owned = people.count_of_clients(connection, leaver.id)
    if people.has_left(leaver, today):
        raise CaseConflict("{employee} has left already; nothing was started.", employee=leaver.id)
    if starter is not None and starter.id == leaver.id:
        raise NotAllowed("nobody starts their own case: another person of HR has to.", employee=leaver.id)
    check_years(order.last_working_day, *([order.access_cutoff.date()] if order.access_cutoff else []))
    if order.last_working_day < (order.as_of or today):
        raise BadDates(
            "the last working day {last_working_day} lies before {first_day}. Nothing was started; "
            "give a day from then on. With --as-of an earlier audit date can be given; the effects are real.",
            last_working_day=order.last_working_day,
            first_day=order.as_of or today,
            employee=leaver.id,
        )
    policy = load_policy(order.policy, policy_dir)
    if open_case is None:
        _brake(order, owned, policy.size_brake_clients)
    request = CaseRequest(
        case_id=case_id,
        employee_id=leaver.id,
        kind=order.kind,
        last_working_day=order.last_working_day,
        access_cutoff=order.access_cutoff,
        requested_by=starter.id if starter else None,
        as_of=order.as_of,
        policy=order.policy,
    )
    return leaver, request, open_case is not None


def _brake(order: StartOrder, owned: int, limit: int) -> None:
    # A slip of the hand must not move thousands of clients (D18).
    if owned > limit and order.confirmed_clients != owned:
        raise NotAllowed(
            "{clients} clients would change hands, more than the {limit} that the policy allows without a second look. "
            "Nothing was started; look at --dry-run, then repeat with --confirm-clients {clients}.",
            clients=owned,
            limit=limit,
        )


async def start_case(
    client: Client, database: Database, order: StartOrder, policy_dir: Path | None = None
) -> StartedCase:
    """Start a departure, or return the one that is open already; waits until the plan is made or refused."""
    now = datetime.now(UTC)
    leaver, request, already = check_order(database, order, now.date(), policy_dir)
    if not already:
        # Kept before anything starts: the worker may be slow, and the case takes the words over when it is planned.
        _keep_reason(database, request.case_id, order.reason)
        already = not await _begin(client, request, leaver.region)
    if not already:
        try:
            await _planned(client, request.case_id)
        except Refused:
            _keep_reason(database, request.case_id, None)
            raise
    return StartedCase(
        case_id=request.case_id,
        employee_id=leaver.id,
        already_open=already,
        access_ended=not already and _cutoff(leaver, order, policy_dir) <= now,
        progress=await progress_of(client, request.case_id),
    )


async def _begin(client: Client, request: CaseRequest, region: str) -> bool:
    """Start the workflow; False when somebody else was faster."""
    try:
        await client.start_workflow(
            "Offboarding",
            request,
            id=request.case_id,
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=start_summary(request, region),
            rpc_timeout=ANSWER_WITHIN,
        )
    except WorkflowAlreadyStartedError:
        return False
    except RPCError as lost:
        raise Unavailable(
            "the Temporal server does not answer ({status}). Nothing was started.", status=lost.status.name
        ) from lost
    return True


def _keep_reason(database: Database, case_id: str, reason: str | None) -> None:
    # Free text about a person stays in our database; it never enters the history.
    with database.begin() as connection:
        cases.keep_reason(connection, case_id, reason or None, at=datetime.now(UTC))


def _cutoff(leaver: Employee, order: StartOrder, policy_dir: Path | None) -> datetime:
    calendar = calendar_for(leaver, load_policy(order.policy, policy_dir))
    return order.access_cutoff or calendar.end_of(order.last_working_day)


async def _planned(client: Client, case_id: str) -> None:
    until = datetime.now(UTC) + ANSWER_WITHIN
    while datetime.now(UTC) < until:
        progress = await progress_of(client, case_id)
        if progress is None or progress.phase is not Phase.PLANNING:
            return
        description = await client.get_workflow_handle(case_id).describe()
        if description.close_time is not None:
            await result_of(client, case_id)  # raises what refused the plan
        await asyncio.sleep(0.2)


async def progress_of(client: Client, case_id: str) -> CaseProgress | None:
    """Ask the workflow; None when no worker gives an answer in time (the case itself goes on)."""
    try:
        answer: CaseProgress = await client.get_workflow_handle(case_id).query(
            "progress", result_type=CaseProgress, rpc_timeout=timedelta(seconds=5)
        )
    except RPCError as lost:
        if lost.status is RPCStatusCode.NOT_FOUND:
            raise CaseConflict("there is no case {case}", case=case_id) from lost
        return None
    except WorkflowQueryFailedError:
        return None  # the worker cannot bring the case to life: `offboard doctor` names it as stuck
    return answer


async def progress_or_last_known(client: Client | None, database: Database, case_id: str) -> CaseProgress:
    """The live picture, or what our books know when no worker or no server answers."""
    try:
        live = await progress_of(client, case_id) if client else None
    except CaseConflict:
        live = None  # closed longer ago than the engine keeps it
    if live is not None:
        return live
    with database.begin() as connection:
        return last_known(connection, case_id)


async def result_of(client: Client, case_id: str) -> CaseResult:
    """Wait for the end of a case. A case whose plan was refused raises that refusal."""
    try:
        result: CaseResult = await client.get_workflow_handle(case_id, result_type=CaseResult).result()
    except WorkflowFailureError as failed:
        raise as_refusal(failed) from failed
    return result


async def withdraw(client: Client, case_id: str, requested_by: str | None) -> CaseProgress:
    """The leaver stays: every effect is walked back. Refused when the case has ended."""
    message = Withdrawal(requested_by=requested_by, accepted_at=datetime.now(UTC))
    return await _update(client, case_id, "withdraw", message, CaseProgress)


async def reschedule(client: Client, case_id: str, last_working_day: date, requested_by: str | None) -> CaseDates:
    """Move the last working day; every pending timer follows."""
    check_years(last_working_day)
    message = Reschedule(last_working_day=last_working_day, requested_by=requested_by)
    return await _update(client, case_id, "reschedule", message, CaseDates)


async def replan(client: Client, case_id: str, exclude: tuple[str, ...], requested_by: str | None) -> CaseProgress:
    """Propose the handover anew, without the people in `exclude`: the answer to a plan that was sent back."""
    message = NewPlan(exclude=exclude, requested_by=requested_by)
    return await _update(client, case_id, "replan", message, CaseProgress)


async def _update(client: Client, case_id: str, name: str, message: object, answer: type[Answer]) -> Answer:
    try:
        told: Answer = await client.get_workflow_handle(case_id).execute_update(
            name, message, result_type=answer, rpc_timeout=ANSWER_WITHIN
        )
    except WorkflowUpdateFailedError as refused:
        raise as_refusal(refused) from refused
    except WorkflowUpdateRPCTimeoutOrCancelledError as lost:
        raise Unavailable(
            "the case did not answer in time; it may still do what was asked: look at `offboard show` first.",
            case=case_id,
        ) from lost
    except RPCError as lost:
        if lost.status is RPCStatusCode.NOT_FOUND:
            raise CaseConflict("{case} has ended or never was: nothing was changed", case=case_id) from lost
        raise Unavailable(
            "no worker answered; nothing was changed. `offboard doctor` says what is wrong.", case=case_id
        ) from lost
    return told


def as_refusal(failure: BaseException) -> OffboardError:
    """The innermost error of ours in a failure that came over the wire; what lies deeper is why it was raised."""
    known = {kind.__name__: kind for kind in _tree(OffboardError)}
    inner: BaseException | None = failure
    found: ApplicationError | None = None
    while inner is not None:
        if isinstance(inner, ApplicationError) and (found is None or inner.type in known):
            found = inner
        inner = getattr(inner, "cause", None) or inner.__cause__
    if found is None:
        return Refused("{answer}", answer=failure)
    return again(known.get(found.type or "", Refused), found)


def _tree(root: type[OffboardError]) -> list[type[OffboardError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _tree(child))]
