"""The hook says to a person what the case will say: the rows of a story are judged as the desk judges the story."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from models.approvals import GatePlan, GateRound, Refusal, Verdict, Via
from models.case import Branch, CaseDates, CasePlan, CaseRequest, Phase, SeparationKind
from models.handover import SuccessorPlan, Transfer
from models.judging import judge
from store import branches, cases, decisions, delegations, gates
from store.database import Database
from store.delegations import DelegationKind
from store.gates import GateRow
from store.policies import load_policy
from store.standing import standing_of
from store.tables import delegations as delegation_rows
from store.tables import employees
from tests.integration.gates.approvals import SECRET
from tests.workflow.desk_story import (
    ABOVE,
    DUE,
    FINANCE,
    HR,
    PEOPLE,
    Acting,
    Delegation,
    Desk,
    Event,
    NewReport,
    Press,
    Silence,
    Withdrawal,
    decision,
)
from tests.workflow.test_desk_model import BACK, TWO, YES, fair, plans, presses
from tests.workflow.test_desk_model import gates as some_gate

CASE = "offboarding-leaver"
OPENED = DUE - timedelta(days=2)
EVERYBODY = {*PEOPLE, *FINANCE, *HR, *(person for some in ABOVE.values() for person in some)}
others = st.one_of(
    st.just(NewReport(opened=True)),
    st.builds(Silence, gate=some_gate),
    st.builds(Delegation, seat=st.integers(0, 3), to=st.sampled_from(PEOPLE), gate=some_gate),
    st.builds(Acting, person=st.sampled_from(PEOPLE)),
    st.just(Withdrawal()),
)
stories = st.lists(presses | fair | fair | others, min_size=1, max_size=12)


class Rows:
    """What our database holds of the case while a story goes on: what the office and the hook write."""

    def __init__(self, connection: Connection, desk: Desk, asked: tuple[GatePlan, ...]) -> None:
        self.connection, self.desk = connection, desk
        self.known = dict.fromkeys(desk.gates, 0)
        request = CaseRequest(
            case_id=CASE, employee_id="leaver", kind=SeparationKind.RESIGNATION, requested_by="starter",
            last_working_day=DUE.date(), policy="ifrs",
        )  # fmt: skip
        day = DUE.date()
        dates = CaseDates(notice_date=day, last_working_day=day, access_cutoff=DUE, separation_date=day)
        plan: Any = {"case_id": CASE, "employee_id": "leaver", "region": "", "department": "", "dates": dates}
        plan |= {"gates": asked, "policy_name": "ifrs", "policy_version": "1", "as_of": day, "time_zone": "UTC"}
        plan |= {"branch_budget_seconds": 60, "first_grades": (), "barred": ()}
        cases.create(connection, request, load_policy("ifrs"), CasePlan.model_validate(plan), at=OPENED)
        taken = Transfer(kind="client", id="C1", client_id="C1", successor="successor", runner_up=None)
        handed = SuccessorPlan(transfers=(taken,), interim_owner="M1", total_fit=1)  # type: ignore[arg-type]
        branches.save(connection, CASE, Branch.SUCCESSORS, handed, at=OPENED)
        self.follow(gates.SUPERSEDED)

    def follow(self, why: Any) -> None:
        """Write down the rounds and the ends that are new."""
        for name, gate in self.desk.gates.items():
            for number in range(self.known[name] + 1, gate.rounds + 1):
                row = row_of(gate.asked[number])
                gates.open_round(self.connection, row)
                gates.end_earlier_rounds(self.connection, row, why, at=DUE)
            self.known[name] = gate.rounds
            if gate.outcome is not None:
                gates.close(self.connection, CASE, gate.outcome)

    def happen(self, event: Event) -> None:
        """Whatever is no decision."""
        self.desk.happen(event)
        if isinstance(event, Withdrawal):
            cases.set_phase(self.connection, CASE, Phase.WITHDRAWN, ended_at=DUE)
        elif isinstance(event, Acting):
            self.connection.execute(delete(delegation_rows))
            if event.person != "leaver":
                given = delegations.Delegation(
                    kind=DelegationKind.DELEGATION, from_id="leaver", to_id=event.person, starts_at=OPENED,
                    ends_at=DUE + timedelta(days=30), made_by="leaver", made_at=OPENED,
                )  # fmt: skip
                delegations.make(self.connection, given)
        self.follow(Verdict.TIMED_OUT if isinstance(event, Silence) else gates.SUPERSEDED)

    def refusal(self, press: Press) -> Refusal | None:
        """What the hook says to a press."""
        said = decision("of the page", press)
        row = gates.of_round(self.connection, CASE, press.gate, press.round)
        case = cases.get(self.connection, CASE)
        return judge(said, standing_of(self.connection, case, press.gate, row, at=said.accepted_at, key=SECRET))

    def press(self, number: int, press: Press) -> Refusal | None:
        """What the case says to it. What the hook would let through is stored."""
        said = decision(f"decision {number}", press)
        [receipt] = self.desk.press(number, press)
        if receipt.counted:
            stored = decisions.accept(
                self.connection, SECRET, case_id=CASE, gate=press.gate, round=press.round, number=number + 1,
                verdict=press.verdict, by=press.by, for_id=press.for_id, via=Via.SESSION,
                note="because" if press.has_note else "", report_digest=said.report_digest,
                accepted_at=DUE + timedelta(seconds=press.seconds, microseconds=number),
            )  # fmt: skip
            decisions.settle(self.connection, stored.id, receipt)
        self.follow(gates.SUPERSEDED)
        return receipt.refusal


def row_of(asked: GateRound) -> GateRow:
    fields = {name: getattr(asked, name) for name in GateRound.model_fields if name in GateRow.model_fields}
    return GateRow(case_id=CASE, approvers=asked.approvers, opened_at=OPENED, **fields)


@contextmanager
def thrown_away(database: Database) -> Iterator[Connection]:
    """A story leaves no rows behind."""
    with database.engine.connect() as connection:
        yield connection
        connection.rollback()


@given(asked=plans(), story=stories)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(asked=TWO, story=[Press("F1", YES, gate="hr"), Press("F1", YES), Press("F2", YES)])
@example(asked=TWO, story=[Delegation(0, "D1"), Press("D1", YES, for_id="F1"), Press("F1", YES, gate="hr")])
@example(asked=TWO, story=[Press("F1", BACK), Press("H1", YES, gate="hr"), NewReport(opened=True), Press("F1", YES)])
@example(asked=TWO, story=[Press("F1", YES), Silence(), Press("F2", YES, 0, round=1)])
@example(asked=TWO, story=[Acting("F1"), Press("F1", YES), Withdrawal(), Press("F2", YES)])
def test_the_hook_refuses_what_the_case_refuses(
    database: Database, asked: tuple[GatePlan, GatePlan], story: list[Event]
) -> None:
    with thrown_away(database) as connection:
        connection.execute(employees.insert(), [person(each) for each in sorted(EVERYBODY)])
        rows, changed = Rows(connection, Desk(*asked), asked), False
        for number, event in enumerate(story):
            if isinstance(event, Press):
                known = 1 <= event.round <= rows.known[event.gate]
                press = replace(event, repeats=1, forged=False, round=event.round if known else rows.known[event.gate])
                foreseen = rows.refusal(press)
                assert foreseen == rows.press(number, press), press
            elif not (isinstance(event, NewReport) and changed):  # a third version would have another digest
                changed |= isinstance(event, NewReport)
                rows.happen(event)


def person(key: str) -> dict[str, str]:
    return {
        "id": key, "source_key": key, "name": key, "role": "other", "language": "en", "time_zone": "UTC",
        "department": "", "region": "", "country": "CN", "email": f"{key}@example.com",
    }  # fmt: skip
