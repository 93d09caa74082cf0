"""Why a person has a score, or none: every figure with its part, and no advice that does not help."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from models.errors import Refused
from models.scan import ScanRequest
from reports.terminal import show_answer
from services import scans
from services.failing_steps import FailingStep
from store import tables
from tests.integration.real_engine import Engine
from tests.integration.scans.starting import scanned
from tests.scanned import TODAY, Scanned


@pytest.mark.parametrize("tag", ["en", "zh"])
def test_every_figure_is_shown_with_its_value_and_its_part(
    company: Scanned, engine: Engine, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    scanned(engine, ScanRequest(as_of=TODAY))
    told = scans.explain(company.database, company.fading)
    assert set(told.figures) == set(told.contributions)
    show_answer("score", told, tag)
    lines = capsys.readouterr().out.splitlines()
    last = [line.split()[-1] for line in lines]
    parts = [word for word in last if word[0] in "+-" and word[-1].isdigit()]
    assert len(parts) == len(told.contributions)
    assert sum(map(float, parts)) == pytest.approx(told.margin, abs=0.1)
    assert ("value won" in "".join(lines)) is (tag == "en")
    assert ("赢单金额" in "".join(lines)) is (tag == "zh")


def test_a_newcomer_is_told_what_is_missing(
    company: Scanned, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    scanned(engine, ScanRequest(as_of=TODAY))
    told = scans.explain(company.database, company.newcomer)
    assert told.figures["tenure_days"] == 60
    show_answer("score", told, "en")
    said = capsys.readouterr().out
    assert "It takes half a year" in said
    assert "scan run" not in said
    assert "days in the company" in said


def test_a_score_whose_records_were_changed_keeps_its_parts_and_says_that_values_are_gone(
    company: Scanned, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    scanned(engine, ScanRequest(as_of=TODAY))
    with company.database.begin() as connection:
        kept = update(tables.risk_scores).where(tables.risk_scores.c.employee_id == company.fading)
        connection.execute(kept.values(score=1))
    told = scans.explain(company.database, company.fading)
    assert told.contributions
    assert told.figures == {}
    show_answer("score", told, "en")
    assert "Records of that day were changed since" in capsys.readouterr().out


def test_who_is_never_scored_is_not_sent_to_scan_again(company: Scanned, engine: Engine) -> None:
    scanned(engine, ScanRequest(as_of=TODAY))
    people = tables.employees
    with company.database.begin() as connection:
        manager = connection.execute(text("SELECT min(id) FROM employees WHERE role <> 'salesperson'")).scalar_one()
        gone, late = company.sellers[4], company.sellers[5]
        connection.execute(text("DELETE FROM risk_scores WHERE employee_id IN (:a, :b)"), {"a": gone, "b": late})
        left = {"status": "left", "left_on": TODAY - timedelta(days=3)}
        connection.execute(update(people).where(people.c.id == gone).values(left))
        connection.execute(update(people).where(people.c.id == late).values(hired_on=TODAY + timedelta(days=1)))
    for person, why in {
        manager: "only salespeople are scored", company.leaving: "is in a case", gone: "had left", late: "hired later",
    }.items():  # fmt: skip
        with pytest.raises(Refused, match=why) as refused:
            scans.explain(company.database, person)
        assert "scan run" not in refused.value.message
    earlier = TODAY - timedelta(days=400)
    with pytest.raises(Refused, match=f"scan run --as-of {earlier}"):
        scans.explain(company.database, company.fading, earlier)


def test_whoever_waits_for_a_scan_hears_of_a_step_that_keeps_failing(company: Scanned, engine: Engine) -> None:
    heard: list[FailingStep] = []

    def mend(step: FailingStep) -> None:
        heard.append(step)
        with company.database.begin() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO risk_scores"))

    with company.database.begin() as connection:
        connection.execute(text("ALTER TABLE risk_scores RENAME TO hidden"))
    result = engine.run(lambda client: scans.run_scan(client, TODAY, warn=mend))
    assert result.counts.scored
    (step,) = heard
    assert step.attempt == 3
    assert step.failure == "Unavailable"
