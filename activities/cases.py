"""The life of a case in our books: planned and pinned, planned again, ended."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from temporalio import activity

from activities import clearing, handover
from activities.event_news import tell_ended, tell_started
from activities.messages import Post
from models.approvals import Verdict
from models.case import ENDED, CasePlan, CaseRequest, CloseRequest, CloseSummary, Phase, PlanRequest, ReplanRequest
from models.errors import CaseConflict, NotAllowed
from models.evidence import digest
from models.people import Employee, EmployeeStatus
from models.planning import asset_return_due, calendar_for, plan_case, replan
from store import cases, duties, effects, evidence, gates, lockdown, nudges, outbox, people
from store.database import Database
from store.policies import load_policy

# Before-state and result of an effect.
Done = tuple[dict[str, Any], dict[str, Any]]

SYSTEM = "system"


class CaseActivities:
    """Opens, moves and ends cases. `policy_dir` is searched for policy files before those that ship with Offboard.

    `post` tells people how a case ended; without one that word waits in the outbox.
    """

    def __init__(self, database: Database, policy_dir: Path | None = None, post: Post | None = None) -> None:
        self._database = database
        self._policy_dir = policy_dir
        self._post = post

    @activity.defn(name="plan_case")
    def plan_case(self, asked: PlanRequest) -> CasePlan:
        """Pin the plan of a new case: its row, its policy, the person's status and the first evidence, all at once.

        A repeat returns the plan that was pinned. Raises UnknownEmployee, CaseConflict (already left, or another case
        is open), NotAllowed (one's own departure), BadDates and PolicyError; then nothing is written.
        """
        request = asked.request
        with self._database.begin() as connection:
            people.settle_leavers(connection, asked.at)
            done = effects.once(
                connection,
                f"{request.case_id}/plan/{request.employee_id}",
                case_id=request.case_id,
                request=request.model_dump(mode="json"),
                at=asked.at,
                do=lambda: self._open(connection, request, asked.at),
            )
        return CasePlan.model_validate(done)

    @activity.defn(name="replan_case")
    def replan_case(self, asked: ReplanRequest) -> CasePlan:
        """Move the last working day of a running case and re-time what is pending; returns the new plan.

        Raises UnknownCase, CaseConflict (the case has ended), NotAllowed (one's own departure) and BadDates; then the
        old plan stays.
        """
        with self._database.begin() as connection:
            done = effects.once(
                connection,
                f"{asked.case_id}/replan/{asked.at.isoformat()}",
                case_id=asked.case_id,
                request=asked.model_dump(mode="json"),
                at=asked.at,
                do=lambda: _move(connection, asked),
            )
        return CasePlan.model_validate(done)

    @activity.defn(name="close_case")
    def close_case(self, asked: CloseRequest) -> CloseSummary:
        """End a case, or count what still forbids it; the same end twice is one end.

        Closing writes down the last day; the person is `left` once that is over. A withdrawal makes them `active` again
        and names who asked for it; a declined departure leaves them as they are. Raises UnknownCase and CaseConflict
        (it ended otherwise).
        """
        with self._database.begin() as connection:
            people.settle_leavers(connection, asked.at)
            obstacles = _close(connection, asked)
            following = None if obstacles else clearing.follow(connection, asked.case_id)
        clearing.start(following)
        if self._post and not obstacles:
            self._post.deliver(asked.case_id)
        return CloseSummary(obstacles=obstacles)

    def _open(self, connection: Connection, request: CaseRequest, at: datetime) -> Done:
        person = people.get(connection, request.employee_id)
        _refuse_unfit(connection, request, person)
        policy = load_policy(request.policy, self._policy_dir)
        plan = plan_case(request, person, policy, at)
        cases.create(connection, request, policy, plan, at=at)
        cases.set_status_of(connection, person.id, EmployeeStatus.LEAVING)
        asking = {*nudges.cases_asking(connection, person.id)} - {request.case_id}
        nudges.put(connection, asking, "case.started", at)  # who leaves is not asked about others any more
        content = plan.model_dump(mode="json")
        body: dict[str, object] = {
            "employee": person.id,
            "kind": request.kind.value,
            "requested_by": request.requested_by,
            "dates": content["dates"],
            "as_of": content["as_of"],
            "policy": plan.policy_name,
            "policy_version": plan.policy_version,
            "policy_digest": digest(policy.model_dump(mode="json")),
            "plan_digest": digest(content),
        }
        evidence.append(
            connection, request.case_id, "case.started", body, at=at, actor=request.requested_by or "system"
        )
        tell_started(connection, request, plan, at)
        return {"status": person.status.value}, content


def _close(connection: Connection, asked: CloseRequest) -> dict[str, int]:
    case = cases.get(connection, asked.case_id, lock=True)
    if asked.phase not in ENDED:
        raise CaseConflict("{phase} is not an end of a case; nothing was changed", phase=asked.phase, case=case.id)
    if case.ended_at is not None:
        if case.phase is not asked.phase:
            raise CaseConflict("the case has ended as {phase}; nothing was changed", phase=case.phase, case=case.id)
        return {}
    if asked.phase is Phase.CLOSED and (found := _obstacles(connection, case, asked.at)):
        cases.set_phase(connection, case.id, Phase.CLOSING)
        return found
    effects.once(
        connection,
        f"{case.id}/close/{case.employee_id}",
        case_id=case.id,
        request={"phase": asked.phase.value},
        at=asked.at,
        do=lambda: _end(connection, case, asked),
    )
    return {}


def _refuse_unfit(connection: Connection, request: CaseRequest, person: Employee) -> None:
    if request.requested_by == person.id:
        raise NotAllowed("nobody starts their own departure: ask HR to start it; nothing was started")
    if request.requested_by:
        people.get(connection, request.requested_by)
    if person.status is EmployeeStatus.LEFT:
        raise CaseConflict("{employee} has left already; nothing was started.", employee=person.id)
    if running := cases.open_case_of(connection, person.id):
        raise CaseConflict(
            "{employee} has an open case already, {case}; nothing was started: use that one",
            employee=person.id,
            case=running,
        )


def _move(connection: Connection, asked: ReplanRequest) -> Done:
    case = cases.get(connection, asked.case_id, lock=True)
    if case.ended_at is not None:
        raise CaseConflict("the case has ended as {phase}: its dates stay", phase=case.phase, case=case.id)
    if asked.requested_by == case.employee_id:
        raise NotAllowed("nobody moves the dates of their own departure: ask HR; the plan stays as it was")
    calendar = calendar_for(people.get(connection, case.employee_id), case.policy)
    plan = replan(
        case.plan,
        case.policy,
        calendar,
        last_working_day=asked.last_working_day,
        settled=_settled_gates(connection, case.id),
        started_at=case.started_at,
        at=asked.at,
    )
    cases.set_plan(connection, plan)
    tasks = duties.retime_asset_returns(connection, case.id, asset_return_due(calendar, asked.last_working_day))
    before, content = case.plan.model_dump(mode="json"), plan.model_dump(mode="json")
    body: dict[str, object] = {
        "dates_before": before["dates"],
        "dates": content["dates"],
        "tasks_moved": tasks,
        "plan_digest": digest(content),
    }
    evidence.append(connection, case.id, "case.rescheduled", body, at=asked.at, actor=asked.requested_by or SYSTEM)
    return before, content


def _obstacles(connection: Connection, case: cases.CaseRow, at: datetime) -> dict[str, int]:
    duties.settle_returned_assets(connection, case.id)
    access = lockdown.newest_record(connection, case.id)
    clearing.begin(connection, case.id, at)  # a later audit may know of more, and somebody may be there by now
    handed_over = handover.obstacles(connection, case.id, case.employee_id)
    # The same items twice where they live in our tables; only the audit knows those of another system.
    items = clearing.without_collector(connection, case.id, case.employee_id)
    # A lockdown that never reported is a step without an outcome, not a success.
    found = {
        **handed_over,
        "items_without_collector": max(items, handed_over.get("items_without_collector", 0)),
        "failed_access_steps": access.remaining if access else 0,
        "steps_without_outcome": int(access is None),
        "overdue_tasks": duties.overdue_tasks(connection, case.id, at),
    }
    return {kind: number for kind, number in found.items() if number}


def _settled_gates(connection: Connection, case_id: str) -> set[str]:
    return {row.gate for row in gates.newest_of(connection, case_id) if row.closed_at and row.verdict in tuple(Verdict)}


def _end(connection: Connection, case: cases.CaseRow, asked: CloseRequest) -> Done:
    phase, at = asked.phase, asked.at
    person = people.get(connection, case.employee_id)
    status = _status_after(person, case, phase, at)
    cases.set_phase(connection, case.id, phase, ended_at=at)
    # A closed case leaves its owners the tasks that are not due yet, an asset on its way back for example.
    dropped = 0 if phase is Phase.CLOSED else duties.end_open_tasks(connection, case.id, phase.value)
    # Access may end long before the last working day (garden leave): the day is written down now, whenever it comes.
    left_on = case.plan.dates.last_working_day if phase is Phase.CLOSED else person.left_on
    cases.set_status_of(connection, person.id, status, left_on=left_on)
    body: dict[str, object] = {"employee": person.id, "employee_status": status.value, "tasks_dropped": dropped}
    actor = (asked.requested_by if phase is Phase.WITHDRAWN else None) or SYSTEM
    evidence.append(connection, case.id, f"case.{phase.value}", body, at=at, actor=actor)
    if phase is Phase.WITHDRAWN:  # whoever stays can be asked again
        nudges.put_where_nobody_is_asked(connection, "case.withdrawn", at)
    tell_ended(connection, case, phase, at)
    outbox.announce_end(connection, case.id, phase, at=at)
    return {"phase": case.phase.value, "employee_status": person.status.value}, {"phase": phase.value}


def _status_after(person: Employee, case: cases.CaseRow, phase: Phase, at: datetime) -> EmployeeStatus:
    if phase is Phase.WITHDRAWN:
        return EmployeeStatus.ACTIVE
    last_day_is_over = at >= calendar_for(person, case.policy).end_of(case.plan.dates.last_working_day)
    return EmployeeStatus.LEFT if phase is Phase.CLOSED and last_day_is_over else person.status
