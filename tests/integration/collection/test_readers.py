"""The follow-up as people read it: in mails, in a terminal, in the report."""

import json
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from typer.testing import CliRunner

from activities.links import Links
from activities.messages import Post
from models.report import CaseReport
from reports.render import render_html, render_pdf
from starter_cli import app
from store import collection
from tests.collection_desk import CASE, CollectionDesk
from tests.integration.collection.conftest import NOON
from tests.report_builder import build_report

MINUTE = timedelta(minutes=1)


class Postbox:
    """Keeps the mails."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    def send(self, mail: EmailMessage) -> None:
        self.mails.append(mail)


def mails_of(desk: CollectionDesk) -> list[tuple[str, str, str]]:
    """Send what waits; (recipient, subject, text) of every mail."""
    box = Postbox()
    Post(desk.database, box, Links("a secret of thirty-two characters", "http://hook.test")).deliver(CASE)
    return [(str(mail["To"]), str(mail["Subject"]), mail.get_body(("plain",)).get_content()) for mail in box.mails]


def test_a_missed_date_is_told_with_the_amounts_in_the_language_of_each(desk: CollectionDesk) -> None:
    desk.run("UPDATE employees SET email = lower(id) || '@example.com'")
    desk.run("UPDATE employees SET language = 'zh-CN' WHERE id = 'M1'")
    desk.begin(NOON)
    due = desk.dates()[0].due_at
    desk.pay("V1-late", due.date())
    desk.look(due + MINUTE)
    missed = [each for each in mails_of(desk) if "Not collected" in each[1] or "未收回" in each[1]]
    late = next(plan.collector for plan in desk.plans() if plan.client == "C002")
    texts = {to: text for to, _, text in missed}
    assert set(texts) == {f"{late.lower()}@example.com", "m1@example.com"}
    own = texts[f"{late.lower()}@example.com"]
    assert "Client 2: 200.20 CNY of 200.20 CNY open; at most 140.14 CNY" in own
    assert "Client 1" not in own, "it was paid in time"
    assert "催收人" in texts["m1@example.com"]


def test_what_is_no_longer_true_is_not_mailed(desk: CollectionDesk) -> None:
    desk.run("UPDATE employees SET email = lower(id) || '@example.com'")
    desk.begin(NOON)
    desk.look(NOON + MINUTE)
    assert desk.told()
    desk.withdraw()
    assert mails_of(desk) == []


@pytest.fixture
def command(desk: CollectionDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", desk.database.url)
    monkeypatch.setenv("OFFBOARD_HOME", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    return CliRunner()


def test_every_verb_works_without_an_engine(desk: CollectionDesk, command: CliRunner, tmp_path: Path) -> None:
    desk.begin(NOON)
    folder = tmp_path / "letters"

    def offboard(*words: str) -> str:
        done = command.invoke(app, ["collection", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert len(json.loads(offboard("letters", "E1", "-o", str(folder), "--json"))["files"]) == 2
    assert "sent, no answer yet" in offboard("sent", "E1", "C001", "--as", "M1")
    assert "confirmed" in offboard("confirmed", "E1", "C001", "--as", "M1")
    said = offboard("disputed", "E1", "Client 2", "--amount", "100.5", "--note", "returned", "--as", "F1")
    assert "The client says to owe 100.50 CNY." in said
    shown = offboard("show", "E1")
    for wanted in ("Client 1 (C001)", "200.20 CNY", "140.14 CNY", "1 of 2 confirmed (50.0%)", "disputed", "100.50 CNY"):
        assert wanted in shown, wanted
    view = json.loads(offboard("show", "E1", "--json"))
    assert (view["asked"], view["confirmed"], view["rate"]) == (2, 1, "0.5")
    desk.pay_everything(1, date(2026, 11, 26))
    desk.pay_everything(2, date(2026, 11, 26))
    desk.look(NOON + timedelta(days=3))
    after = offboard("show", "E1")
    assert "100.0%" in after, "all of it is recovered"
    assert "kept" in after


@pytest.mark.parametrize("amount", ["much", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_misuse(desk: CollectionDesk, command: CliRunner, amount: str) -> None:
    desk.begin(NOON)
    done = command.invoke(app, ["collection", "disputed", "E1", "C001", "--amount", amount, "--as", "M1"])
    assert done.exit_code == 2
    assert [row["state"] for row in desk.rows("SELECT state FROM balance_confirmations")] == ["due", "due"]


def report_of(desk: CollectionDesk) -> CaseReport:
    with desk.database.begin() as connection:
        found = collection.follow_up(connection, CASE)
    return build_report(clients=3).model_copy(update={"collection": found})


def test_the_report_shows_who_collects_by_when_and_what_was_confirmed(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    report = report_of(desk)
    english, chinese = render_html(report, "en"), render_html(report, "zh")
    for wanted in ("Follow-up of the money", "140.14 CNY by Dec 8, 2026: to come", "0 of 2 confirmed"):
        assert wanted in english, wanted
    for wanted in ("款项清收", "未到期", "对账函"):
        assert wanted in chinese, wanted
    assert render_pdf(report, "zh").startswith(b"%PDF")
    assert "Follow-up of the money" not in render_html(build_report(clients=3), "en")
