"""What scans lead to: the watch for news, talks about predictions, and what the command prints."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from typer.testing import CliRunner

from activities.messages import Links, Post, Try
from activities.talks import TalkActivities
from models.errors import Refused
from models.scan import Basis, RaisedAlerts, RiskScore, ScanRequest, SuggestTalks
from models.warning import AlertState
from services import scans
from starter_cli import app
from store import alerts, scores, tables
from store.aliases import alias_of, person_of
from store.tables.behaviour import talks
from systems.mail.folder import FolderMailer
from tests.integration.real_engine import Engine
from tests.integration.scans.starting import scanned, watched
from tests.scanned import TODAY, Scanned, add_export

YESTERDAY = TODAY - timedelta(days=1)


def text_of(file: Path) -> str:
    mail = message_from_bytes(file.read_bytes(), policy=default)
    body = mail.get_body(("plain",))
    assert body
    return f"{mail['Subject']}\n{body.get_content()}"


def nothing_new(engine: Engine) -> None:
    """Until a watch finds no news: while somebody writes, it looks at the newest people once more."""
    deadline = time.monotonic() + 20
    while watched(engine).people:
        assert time.monotonic() < deadline


# ---- the watch ----


def test_a_watch_looks_only_at_people_with_news(company: Scanned, engine: Engine) -> None:
    scanned(engine, ScanRequest(as_of=TODAY))
    quiet = watched(engine)
    assert (quiet.people, quiet.raised) == (0, RaisedAlerts())
    assert len(company.rows("scans")) == 1, "a watch without news leaves no row"
    company.exports(company.sellers[3], TODAY, 2500)
    first = watched(engine)
    assert (first.people, len(first.raised.opened)) == (1, 1)
    assert first.counts.scored == 0
    nothing_new(engine)
    company.exports(company.leaving, TODAY, 2500)
    second = watched(engine)
    assert (second.people, len(second.raised.opened)) == (1, 1)
    nothing_new(engine)


def test_a_watch_misses_no_import_that_was_under_way(company: Scanned, engine: Engine) -> None:
    with company.database.begin() as connection:
        add_export(connection, company.sellers[3], TODAY, 2500)
        assert scanned(engine, ScanRequest(as_of=TODAY)).counts.findings == 0, "nobody can see it yet"
        assert watched(engine).people == 0
    news = watched(engine)
    assert (news.people, len(news.raised.opened)) == (1, 1)


# ---- what follows from a prediction ----


def test_a_high_prediction_suggests_one_talk_in_thirty_days_under_a_pseudonym(
    company: Scanned, engine: Engine, tmp_path: Any
) -> None:
    with company.database.begin() as connection:
        connection.execute(
            insert(tables.employees).values(
                id="HR1", source_key="HR1", name="Partner", role="hrbp", status="active", email="hr@sample.example",
                language="zh-CN", time_zone="Asia/Shanghai", region="East China",
            )
        )  # fmt: skip
        alarming = RiskScore(
            employee_id=company.fading, day=TODAY, basis=Basis.BASELINE, model_version="baseline-1", score=75
        )  # fmt: skip
        scores.save(connection, [alarming], at=datetime.now(UTC))
    first = scanned(engine, ScanRequest(as_of=TODAY))
    assert (first.talks.suggested, first.talks.nobody_to_ask) == (1, 0)
    assert scanned(engine, ScanRequest(as_of=TODAY)).talks.suggested == 0
    tomorrow, talks = TODAY + timedelta(days=1), tables.metadata.tables["talks"]
    for ago, again in ((29, 0), (30, 1)):
        with company.database.begin() as connection:
            scores.save(connection, [alarming.model_copy(update={"day": tomorrow})], at=datetime.now(UTC))
            connection.execute(update(talks).values(day=tomorrow - timedelta(days=ago)))
        assert scanned(engine, ScanRequest(as_of=tomorrow)).talks.suggested == again
    with company.database.begin() as connection:
        alias = alias_of(connection, company.fading)
        name = connection.execute(
            select(tables.employees.c.name).where(tables.employees.c.id == company.fading)
        ).scalar_one()
    post = Post(
        company.database,
        FolderMailer(tmp_path / "post", "offboard@sample.example"),
        Links("s" * 40, "http://localhost"),
    )
    while post.retry_one() is not Try.NONE:
        pass
    mails = [text_of(file) for file in sorted((tmp_path / "post" / "new").iterdir())]
    assert mails
    (mail, _) = [mail for mail in mails if alias in mail]
    assert name not in mail
    assert company.fading not in mail
    assert f"offboard scan explain {alias}" in mail
    scanned(engine, ScanRequest(as_of=TODAY - timedelta(days=1)))
    day = TODAY - timedelta(days=1)
    assert scans.explain(company.database, alias, day).employee_id == company.fading


def test_who_commands_somebody_is_never_told_what_was_predicted_about_them(company: Scanned) -> None:
    people = tables.employees
    with company.database.begin() as connection:
        boss = select(people.c.manager_id).where(people.c.id == company.fading).scalar_subquery()
        connection.execute(update(people).where(people.c.id == boss).values(extra_roles=["hrbp"]))
        alarming = RiskScore(
            employee_id=company.fading, day=TODAY, basis=Basis.BASELINE, model_version="baseline-1", score=75
        )  # fmt: skip
        scores.save(connection, [alarming], at=datetime.now(UTC))
        connection.execute(update(people).where(people.c.role == "hrbp").values(status="left"))
    asked = SuggestTalks(as_of=TODAY)
    alone = TalkActivities(company.database).suggest_talks(asked)
    assert (alone.suggested, alone.nobody_to_ask) == (0, 1)
    with company.database.begin() as connection:
        connection.execute(insert(people).values(id="HR9", source_key="HR9", name="Partner", role="hrbp"))
    assert TalkActivities(company.database).suggest_talks(asked).suggested == 1
    with company.database.begin() as connection:
        assert connection.execute(select(talks.c.recipient_id)).scalars().all() == ["HR9"]


def test_no_score_tells_who_an_alert_is_about(company: Scanned, engine: Engine) -> None:
    company.exports(company.sellers[3], YESTERDAY, 2500)
    scanned(engine, ScanRequest(as_of=TODAY))
    with company.database.begin() as connection:
        (alert, *_) = alerts.listed(connection, [AlertState.NEEDS_REVIEW], 10)
        behind = person_of(connection, alert.alias)
    with pytest.raises(Refused, match="alerts reveal") as refused:
        scans.explain(company.database, alert.alias, TODAY)
    assert behind
    assert behind not in str(refused.value)
    assert scans.explain(company.database, behind, TODAY).employee_id == behind


def test_a_scan_of_a_day_gone_by_suggests_nothing(company: Scanned, engine: Engine) -> None:
    result = scanned(engine, ScanRequest(as_of=TODAY - timedelta(days=3)))
    assert result.talks.suggested == 0
    assert company.rows("talks") == []


# ---- the command ----


def test_the_command_prints_what_the_scan_came_to(
    company: Scanned, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.exports(company.sellers[3], YESTERDAY, 2500)
    monkeypatch.setenv("TEMPORAL_ADDRESS", engine.address)

    def offboard(*words: str) -> str:
        with ThreadPoolExecutor(1) as apart:  # its own event loop
            done = apart.submit(CliRunner().invoke, app, list(words)).result()
        assert done.exit_code == 0, done.output
        return done.stdout

    told = json.loads(offboard("scan", "run", "--as-of", str(TODAY), "--json"))
    assert (told["scored"], told["insufficient"], told["unknown"]) == (len(company.sellers) - 1, 1, 0)
    assert (told["degraded"], told["absent"]) == ([], [])
    assert [set(alert) for alert in told["alerts"]] == [{"id", "alias", "severity", "rules", "new"}]
    assert told["alerts"][0]["id"] in offboard("scan", "run", "--as-of", str(TODAY))
    status = json.loads(offboard("scan", "status", "--json"))
    assert [scan["as_of"] for scan in status["scans"]] == [str(TODAY)] * 2, status["scans"]
    assert str(TODAY) in offboard("scan", "status")
