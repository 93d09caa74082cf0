"""The merge: versions of a report out of stored results, with what changed and whether approvals still stand."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import BaseModel
from sqlalchemy import insert, select, text, update

from activities.assessment import AssessmentActivities
from models.access import AccessRecord, AccessState, AccessStep, Grade, ResultClass
from models.approvals import GateOutcome, GatePlan, Verdict
from models.case import Branch, CaseDates, CasePlan, CaseRequest, SeparationKind
from models.clients import BookOfBusiness, Client, ClientFacts, ClientLine, Opportunity, OpportunityStatus
from models.errors import UnknownCase
from models.evidence import ChainFault, canonical
from models.handover import SuccessorPlan, Transfer, TransferStatus
from models.inventory import Asset, Inventory
from models.people import Role
from models.policy import Policy
from models.receivable_audit import audit
from models.receivables import OpenItem
from models.report import CaseReport
from models.risk import Domain, MergeRequest, ReportRef
from models.risk_level import Level
from reports.language import language
from store import branches, cases, evidence, reports
from store.database import Database
from store.policies import load_policy
from store.tables import clients, decisions, employees, gates
from store.tables import reports as report_rows

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOON.date()
CASE = "offboarding-E1"
PEOPLE = {"E1": "Wang Fang", "E2": "Li Na", "E3": "Zhang Wei", "M1": "Chen Jie", "H1": "Zhao Min"}


def policy() -> Policy:
    return load_policy("ifrs")


class Case:
    """One open case of E1 with two clients; `results` are the digests of what its branches stored so far."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.results: dict[str, str | None] = dict.fromkeys(Branch)
        self.merges = 0
        with database.begin() as connection:
            connection.execute(
                insert(employees), [{"id": each, "source_key": each, "name": name} for each, name in PEOPLE.items()]
            )
            connection.execute(
                insert(clients),
                [{"id": each, "source_key": each, "name": f"Client {each}", "owner_id": "E2"} for each in ("C7", "C8")],
            )
            cases.create(connection, _request(), policy(), _plan(), at=NOON)

    def has(self, branch: Branch, result: BaseModel) -> "Case":
        """A branch stored a result."""
        with self.database.begin() as connection:
            self.results[branch] = branches.save(connection, CASE, branch, result, at=NOON)
        return self

    def merge(self, *outcomes: GateOutcome, key: str | None = None, at: datetime = NOON) -> ReportRef:
        """Merge what is there, under a new key unless one is given."""
        self.merges += 1
        request = MergeRequest(
            case_id=CASE,
            employee_id="E1",
            merge_key=key or f"merge {self.merges}",
            branches=dict(self.results),
            outcomes=outcomes,
            at=at,
        )
        return AssessmentActivities(self.database).merge_report(request)

    def report(self, version: int | None = None) -> CaseReport:
        """A stored version, the newest by default."""
        with self.database.begin() as connection:
            return reports.load(connection, CASE, version)

    def changes(self) -> list[str]:
        """What the newest version says has changed, in English."""
        return [language("en").reason(reason) for reason in self.report().changes]


@pytest.fixture
def case(database: Database) -> Case:
    return Case(database)


@pytest.fixture
def assessed(case: Case) -> Case:
    """A case whose branches have all answered."""
    return (
        case.has(Branch.RECEIVABLES, money("300"))
        .has(Branch.CLIENTS, book())
        .has(Branch.SUCCESSORS, proposal())
        .has(Branch.ACCESS, locked())
        .has(Branch.INVENTORY, Inventory(assets=(Asset(id="A1", employee_id="E1", kind="laptop"),)))
    )


def _request() -> CaseRequest:
    return CaseRequest(
        case_id=CASE,
        employee_id="E1",
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 31),
        requested_by="H1",
        policy="ifrs",
    )


def _plan() -> CasePlan:
    return CasePlan(
        case_id=CASE,
        employee_id="E1",
        region="East",
        department="Sales",
        dates=CaseDates(
            notice_date=TODAY,
            last_working_day=date(2026, 12, 31),
            access_cutoff=datetime(2026, 12, 31, 18, tzinfo=UTC),
            separation_date=date(2026, 12, 31),
        ),
        as_of=TODAY,
        policy_name="ifrs",
        policy_version=policy().version,
        branch_budget_seconds=60,
        first_grades=(Grade.EXPORT,),
        gates=tuple(
            GatePlan(
                gate=gate,
                role=role,
                due_at=NOON + timedelta(days=2),
                escalation_due_at=NOON + timedelta(days=4),
                from_level=level,
            )
            for gate, role, level in (
                ("finance", Role.FINANCE_REVIEWER, Level.LOW),
                ("hr", Role.HRBP, Level.LOW),
                ("legal", Role.LEGAL_COUNSEL, Level.CRITICAL),
            )
        ),
        barred=("E1", "H1"),
        time_zone="Asia/Shanghai",
    )


def money(overdue: str, not_due: str = "700.5000") -> BaseModel:
    """C1 owes `overdue`, ten days past due, and C2 owes `not_due`; the ledger agrees."""
    items = [
        OpenItem(
            invoice_id=client,
            client_id=client,
            issued_on=TODAY - timedelta(days=40),
            due_on=TODAY - timedelta(days=late),
            amount=Decimal(amount),
            outstanding=Decimal(amount),
            currency="USD",
        )
        for client, amount, late in (("C1", overdue, 10), ("C2", not_due, -10))
        if Decimal(amount)
    ]
    total = sum((item.outstanding for item in items), Decimal(0))
    return audit(items, {"USD": total}, policy().ageing, TODAY)


def book() -> BookOfBusiness:
    """Two clients, one of them at risk, one open deal on somebody else's client, deals won for 422330."""
    lines = tuple(
        ClientLine(
            facts=ClientFacts(
                client=Client(id=client, name=f"Client {client}", owner_id="E1", annual_value=value, currency="USD"),
                contacts=2,
                last_touch=None,
                touches_known=False,
                open_opportunities=0,
                open_value=Decimal("0.0000"),
                orders=0,
                ordered_value=Decimal(0),
            ),
            at_risk=client == "C1",
            reasons=(),
        )
        for client, value in (("C1", Decimal("100.0000")), ("C2", Decimal("400.0000")))
    )
    deal = Opportunity(id="O1", client_id="C7", owner_id="E1", status=OpportunityStatus.OPEN)
    return BookOfBusiness(
        as_of=TODAY,
        clients=lines,
        open_opportunities=(deal,),
        won=3,
        lost=1,
        won_value=Decimal("422330.0000"),
        won_currency="USD",
    )


def proposal(*, c1: str | None = "E2", done: bool = False) -> SuccessorPlan:
    """C1 to `c1`, C2 to E3, the deal to E2; `done` once they were carried out."""
    status = TransferStatus.COMPLETED if done else TransferStatus.PENDING
    rows = (("client", "C1", "C1", c1), ("client", "C2", "C2", "E3"), ("opportunity", "O1", "C7", "E2"))
    transfers = tuple(
        Transfer(kind=kind, id=name, client_id=client, successor=successor, runner_up="E3", status=status)
        for kind, name, client, successor in rows
    )
    return SuccessorPlan(transfers=transfers, interim_owner="M1", total_fit=Decimal(1))


def locked(result: ResultClass = ResultClass.OBSERVED) -> AccessRecord:
    step = AccessStep(
        grade=Grade.EXPORT,
        target="crm: export",
        entitlement_id="R1",
        before=AccessState.ACTIVE,
        after=AccessState.SUSPENDED,
        result=result,
        at=NOON,
    )
    return AccessRecord(steps=(step,), remaining=2, total=3)


def approved(gate: str, by: str = "M1") -> GateOutcome:
    return GateOutcome(gate=gate, verdict=Verdict.APPROVED, by=by, at=NOON, report_version=1)


def test_a_first_version_holds_every_part_as_plain_json(assessed: Case) -> None:
    ref = assessed.merge()

    with assessed.database.begin() as connection:
        stored = connection.execute(select(report_rows.c.document)).scalar_one()
    document = json.loads(stored)
    assert stored == canonical(document)
    assert (document["version"], document["digest"]) == (1, ref.digest)
    assert document["case"] | {"employees": None} == {
        "id": CASE,
        "leaver": "E1",
        "leaver_name": "Wang Fang",
        "department": "Sales",
        "region": "East",
        "time_zone": "Asia/Shanghai",
        "kind": "resignation",
        "last_working_day": "2026-12-31",
        "as_of": "2026-11-24",
        "started_at": "2026-11-24T12:00:00Z",
        "phase": "assessing",
        "employees": None,
    }
    assert document["policy"] == {"name": "ifrs", "version": policy().version}
    receivables = document["receivables"]
    assert (receivables["total"], receivables["overdue"]) == ("1000.5", "300")
    assert receivables["expected_credit_loss"] == "6.9015"
    assert receivables["buckets"]["1-30"] == "300"
    assert receivables["reconciled"] is True
    assert [line["client"] for line in receivables["clients"]] == ["C2", "C1"]
    found = document["clients"]
    assert (found["count"], found["at_risk"], found["open_opportunities"], found["won"], found["lost"]) == (
        2,
        1,
        1,
        3,
        1,
    )
    assert found["won_value"] == "422330"
    assert found["lines"][0]["facts"]["client"]["annual_value"] == "100"
    assert [(each["client"], each["successor"], each["status"]) for each in found["transfers"]] == [
        ("C1", "E2", "pending"),
        ("C2", "E3", "pending"),
    ]
    assert found["opportunity_transfers"][0]["client_name"] == "Client C7"
    assert document["access"]["steps"][0]["result"] == "observed"
    assert [(each["gate"], each["verdict"]) for each in document["approvals"]] == [("finance", None), ("hr", None)]


def test_the_total_is_what_its_domains_say(assessed: Case) -> None:
    ref = assessed.merge()
    report = assessed.report()
    scores = {each.domain.value: each.score for each in report.domains}
    # 50 x .29985 + 30 x 6.9015 / 100000 + 20 x .70015; value at risk 100 of 500; all locked; a laptop, not yet due
    assert scores == {
        "receivables": Decimal("29.0"),
        "clients": Decimal("20.0"),
        "data_exfiltration": None,
        "access": Decimal("0.0"),
        "obligations": Decimal("50.0"),
    }
    # the quarter of data exfiltration is shared out: (.30 x 29 + .30 x 20 + .05 x 50) / .75 = 22.9
    assert (report.score, report.level, report.provisional) == (Decimal("22.9"), Level.LOW, False)
    assert sum(Decimal(reason.params["points"]) for reason in report.reasons) == report.score
    assert (ref.score, ref.level, ref.material) == (report.score, report.level, True)


def test_everybody_in_the_report_has_a_name(assessed: Case) -> None:
    assessed.merge(approved("hr", by="H1"))
    assert assessed.report().case.employees == PEOPLE


def test_what_history_gets_names_nobody(assessed: Case) -> None:
    text = assessed.merge().model_dump_json()
    assert not [name for name in (*PEOPLE.values(), "Client C1") if name in text]


def test_the_digest_holds_after_reading_back_and_buckets_run_from_young_to_old(assessed: Case) -> None:
    ref = assessed.merge()
    report = assessed.report()
    assert report.fingerprint() == ref.digest
    assert report.receivables is not None
    assert list(report.receivables.buckets) == ["current", "1-30", "31-60", "61-90", "90+"]


def test_the_same_key_gives_the_stored_version_again(assessed: Case) -> None:
    first = assessed.merge(key="assessment")
    assessed.has(Branch.RECEIVABLES, money("900"))
    assert assessed.merge(key="assessment", at=NOON + timedelta(hours=1)) == first
    with assessed.database.begin() as connection:
        assert [each.version for each in reports.versions(connection, CASE)] == [1]
        assert [entry.kind for entry in evidence.read(connection, CASE)] == ["report.made"]


def test_two_workers_with_the_same_merge_make_one_version(assessed: Case) -> None:
    with ThreadPoolExecutor(4) as pool:
        refs = list(pool.map(lambda _: assessed.merge(key="assessment"), range(4)))
    assert len({ref.digest for ref in refs}) == 1
    with assessed.database.begin() as connection:
        assert len(reports.versions(connection, CASE)) == 1


def test_evidence_records_each_version_and_the_report_the_chain_before_it(assessed: Case) -> None:
    first = assessed.merge()
    second = assessed.merge()
    with assessed.database.begin() as connection:
        entries = list(evidence.read(connection, CASE))
        assert evidence.verify(connection, CASE) == (2, None)
    assert entries[1].body == {"version": 2, "digest": second.digest, "score": "22.9", "level": "low"}
    assert assessed.report(1).evidence.entries == 0
    assert assessed.report(2).evidence.head == entries[0].hash
    assert first.digest != second.digest


CUT = "DELETE FROM evidence WHERE seq > {kept}"
HEAD = "UPDATE evidence_heads SET entries = {kept}, head = (SELECT hash FROM evidence WHERE seq = {kept})"
NOTHING = "DELETE FROM evidence; DELETE FROM evidence_heads"


@pytest.mark.parametrize(
    ("tampering", "seq", "fault"),
    [
        (f"{CUT}; {HEAD}".format(kept=3), 4, "truncated"),  # the last report was made on 3 entries and is one more
        (f"{CUT}; {HEAD}".format(kept=1), 2, "truncated"),
        (NOTHING, 1, "truncated"),
    ],
)
def test_a_chain_that_was_cut_with_its_head_is_found_out_by_the_reports(
    assessed: Case, tampering: str, seq: int, fault: str
) -> None:
    for _ in range(4):
        assessed.merge()
    with assessed.database.begin() as connection:
        assert evidence.verify(connection, CASE) == (4, None)
        connection.execute(text("ALTER TABLE evidence DISABLE TRIGGER ALL"))
        for statement in tampering.split(";"):
            connection.execute(text(statement))
        _, found = evidence.verify(connection, CASE)
    assert found is not None
    assert (found.seq, found.fault) == (seq, fault)


def test_a_chain_written_anew_does_not_fit_the_reports(assessed: Case) -> None:
    assessed.merge()
    assessed.merge()
    with assessed.database.begin() as connection:
        connection.execute(text("ALTER TABLE evidence DISABLE TRIGGER ALL"))
        connection.execute(text("DELETE FROM evidence"))
        connection.execute(text("DELETE FROM evidence_heads"))
        for number in range(2):
            evidence.append(connection, CASE, "report.made", {"version": number}, at=NOON)
        assert evidence.verify(connection, CASE) == (2, ChainFault(seq=1, fault="altered"))


def test_a_case_without_any_entry_is_truncated(case: Case) -> None:
    with case.database.begin() as connection:
        assert evidence.verify(connection, CASE) == (0, ChainFault(seq=1, fault="truncated"))
        assert evidence.verify(connection, "offboarding-nobody") == (0, None)


def test_the_final_version_counts_what_is_late_by_its_own_day(assessed: Case) -> None:
    assessed.merge(at=datetime(2026, 12, 31, 17, tzinfo=UTC))
    before = assessed.report()
    assessed.merge(at=datetime(2027, 1, 1, 17, tzinfo=UTC))
    after = assessed.report()
    scores = [
        next(each.score for each in report.domains if each.domain is Domain.OBLIGATIONS) for report in (before, after)
    ]
    assert scores == [Decimal("50.0"), Decimal("100.0")]


def test_the_report_says_what_reconciled_was_compared_with_and_which_calendar_is_not_published(assessed: Case) -> None:
    with assessed.database.begin() as connection:
        plan = cases.get(connection, CASE).plan.model_copy(update={"provisional_years": (2027,)})
        cases.set_plan(connection, plan)
    assessed.merge()
    said = [language("en").reason(reason) for reason in assessed.report().gaps]
    assert "No balance of an independent ledger was given: the items were compared with their own sums." in said
    assert said[-1].startswith("The make-up working days of 2027 are not published yet")
    assessed.results[Branch.RECEIVABLES] = None
    assessed.merge()
    assert not any("independent ledger" in reason.code for reason in assessed.report().gaps)


def test_the_head_of_a_version_is_read_without_its_document(assessed: Case) -> None:
    assessed.merge()
    whole = assessed.report()
    with assessed.database.begin() as connection:
        connection.execute(update(report_rows).values(document=b"unread"))
        head = reports.head(connection, CASE, 1)
        assert head == reports.ReportHead.of(whole)
        assert (head.clients, head.level) == (2, whole.level)
        assert head.receivables is not None
        assert [(each.total, each.overdue) for each in head.receivables] == [(Decimal("1000.5"), Decimal("300"))]
        with pytest.raises(UnknownCase, match="no report version 2"):
            reports.head(connection, CASE, 2)


def test_a_late_branch_is_unknown_and_never_zero(assessed: Case) -> None:
    assessed.results[Branch.RECEIVABLES] = None
    ref = assessed.merge()
    report = assessed.report()
    assert (ref.provisional, ref.unknowns) == (True, ("receivables",))
    assert report.receivables is None
    assert next(each for each in report.domains if each.domain == "receivables").score == 50
    assert "Receivables could not be read" in report.gaps[0].code


def test_nothing_known_is_fifty_and_provisional(case: Case) -> None:
    ref = case.merge()
    assert (ref.score, ref.level, ref.provisional) == (Decimal("50.0"), Level.MEDIUM, True)
    assert ref.unknowns == ("receivables", "clients", "access", "obligations")


def test_a_late_result_makes_the_next_version_with_the_difference(assessed: Case) -> None:
    late = assessed.results[Branch.RECEIVABLES]
    assessed.results[Branch.RECEIVABLES] = None
    assessed.merge()
    assessed.results[Branch.RECEIVABLES] = late
    ref = assessed.merge()
    assert (ref.version, ref.material, ref.provisional) == (2, True, False)
    assert assessed.changes() == ["The score went from 31.3 to 22.9.", "Now known: receivables."]


def test_a_branch_that_falls_silent_keeps_its_last_known_score_when_that_is_worse(assessed: Case) -> None:
    assessed.has(Branch.RECEIVABLES, money("300", "0"))
    assessed.merge()
    assert assessed.report().level is Level.HIGH
    assessed.results[Branch.RECEIVABLES] = None
    assert assessed.merge().material
    receivables = assessed.report().domains[0]
    assert (receivables.status, receivables.score) == ("unknown", Decimal("70.0"))


@pytest.mark.parametrize(
    ("before", "after", "material"),
    [("300", "300", False), ("300", "330", False), ("300", "331", True), ("300", "200", True), ("0", "1", True)],
)
def test_money_is_material_beyond_the_limit_of_the_policy(
    assessed: Case, before: str, after: str, material: bool
) -> None:
    assessed.has(Branch.RECEIVABLES, money(before, "9000")).merge()
    assert assessed.has(Branch.RECEIVABLES, money(after, "9000")).merge().material is material


def test_another_successor_is_material_and_a_transfer_carried_out_is_not(assessed: Case) -> None:
    assessed.merge()
    assert assessed.has(Branch.SUCCESSORS, proposal(c1="E3")).merge().material
    assert assessed.changes() == ["Transfers with another successor than before: 1."]
    assert not assessed.has(Branch.SUCCESSORS, proposal(c1="E3", done=True)).merge().material
    assert assessed.changes() == ["Transfers carried out since then: 3."]


def test_material_is_judged_the_same_when_a_merge_is_asked_for_again(assessed: Case) -> None:
    assessed.merge(key="first")
    assessed.merge(key="second")
    assert assessed.merge(key="first").material
    assert not assessed.merge(key="second").material


def test_approvals_show_who_decided_with_their_note_and_who_is_still_asked(assessed: Case) -> None:
    with assessed.database.begin() as connection:
        for gate, approver in (("finance", "M1"), ("hr", "E3")):
            connection.execute(
                insert(gates).values(
                    case_id=CASE,
                    gate=gate,
                    round=1,
                    approvers=[approver],
                    due_at=NOON + timedelta(days=1),
                    report_version=1,
                    report_digest="0" * 64,
                    opened_at=NOON,
                )
            )
        connection.execute(
            insert(decisions).values(
                id="d1",
                case_id=CASE,
                gate="finance",
                round=1,
                verdict="approved",
                by_id="M1",
                note="paid by Friday",
                report_digest="0" * 64,
                accepted_at=NOON,
                state="counted",
            )
        )
    assessed.merge()
    assessed.merge(approved("finance"))

    finance, hr = assessed.report().approvals
    assert (finance.verdict, finance.by, finance.note, finance.late) == ("approved", "M1", "paid by Friday", False)
    assert (hr.verdict, hr.waiting_on, hr.due_at) == (None, ("E3",), NOON + timedelta(days=1))
    assert assessed.changes() == ["Approvals that ended since then: 1."]


def test_silence_is_shown_as_a_timeout_by_nobody(assessed: Case) -> None:
    assessed.merge(GateOutcome(gate="hr", verdict=Verdict.TIMED_OUT, at=NOON, late=True))
    hr = assessed.report().approvals[1]
    assert (hr.verdict, hr.by, hr.late) == ("timed_out", None, True)


def test_a_critical_level_asks_for_the_gate_that_the_policy_keeps_for_it(assessed: Case) -> None:
    assert assessed.has(Branch.ACCESS, locked(ResultClass.FAILED)).merge().level is Level.CRITICAL
    assert [each.gate for each in assessed.report().approvals] == ["finance", "hr", "legal"]


def test_a_version_that_does_not_exist_is_refused(assessed: Case) -> None:
    with pytest.raises(UnknownCase, match="no report yet"):
        assessed.report()
    assessed.merge()
    with pytest.raises(UnknownCase, match="no report version 7"):
        assessed.report(7)
