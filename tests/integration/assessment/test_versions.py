"""The merge: versions of a report out of stored results, each once, readable and provable."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from models.canonical_json import canonical
from models.case import Branch
from models.errors import UnknownCase
from models.risk import Domain
from models.risk_level import Level
from reports.language import language
from store import cases, evidence, reports
from store.tables import reports as report_rows
from tests.integration.assessment.stored_case import CASE, NOON, PEOPLE, Case, approved, money, policy


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


def test_a_version_that_does_not_exist_is_refused(assessed: Case) -> None:
    with pytest.raises(UnknownCase, match="no report yet"):
        assessed.report()
    assessed.merge()
    with pytest.raises(UnknownCase, match="no report version 7"):
        assessed.report(7)
