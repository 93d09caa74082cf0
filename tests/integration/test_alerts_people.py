"""Who is asked about an alert, who may decide, and who may see whom it is about."""

import mailbox
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from temporalio.client import Client

from activities.alerts import AlertActivities
from activities.messages import Links, Post
from models.approvals import Ladder
from models.errors import DecisionRefused, NobodyToAsk, NotAllowed, Refused, Unavailable, UnknownAlert
from models.warning import AlertState, AskTriage, RemindTriage, RuleId, Severity, TriageDecision
from services.alerts import decide, effectiveness, list_alerts, reveal, show_alert, tell_stored, unwatch, watch, watched
from store import alert_decisions, alerts, evidence
from store.database import Database
from systems.mail.folder import FolderMailer
from tests.alert_desk import AlertDesk, found
from tests.company import AS_OF, Company

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
WHO = ("E1", "Li Na", "李娜")


class Office:
    """The alert department with its mail, without a worker and without an engine."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.desk = AlertDesk(database)
        self.home = home
        mailer = FolderMailer(home / "mail", "offboard@example.com")
        self.activities = AlertActivities(database, Post(database, mailer, Links("s" * 40, "http://hook.test")))

    def ask(self, alert: str, number: int = 1, ladder: Ladder = Ladder.APPROVER) -> tuple[str, ...]:
        request = AskTriage(alert_id=alert, round=number, ladder=ladder, at=NOON)
        return self.activities.ask_triage(request).approvers

    def mails(self) -> Iterator[tuple[str, str, str]]:
        """To, subject and text of what left."""
        for message in mailbox.Maildir(self.home / "mail", create=False):
            part = next(each for each in message.walk() if each.get_content_type() == "text/plain")
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            yield str(message["To"]), str(message["Subject"]), content.decode()

    async def decide(self, alert: str, to: AlertState, by: str, note: str = "a reason") -> AlertState | None:
        """Store a decision and record it, as a worker would; None when it was refused at the record."""
        await decide(self.database, _no_engine, alert_id=alert, to=to, by=by, note=note)
        with self.database.begin() as connection:
            waiting = alert_decisions.unheard(connection, alert)
        done = None
        for each in waiting:
            heard = self.activities.record_triage(each.message())
            done = heard.state if heard.counted else None
        return done


async def _no_engine() -> Client:
    raise Unavailable("no servers of Offboard run under {home}. {advice}", home="x", advice="")


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    Company.build(database, clients=1)
    with database.begin() as connection:
        connection.execute(text("UPDATE employees SET email = lower(id) || '@example.com'"))
    return Office(database, tmp_path)


def _change(office: Office, statement: str) -> None:
    with office.database.begin() as connection:
        connection.execute(text(statement))


# ---- who is asked ----


def test_hr_is_asked_with_alias_rules_and_counts_and_without_a_name(office: Office) -> None:
    alert = office.desk.open(found(severity=Severity.HIGH), found(RuleId.SEQUENCE, Severity.LOW, events=4))
    assert office.ask(alert) == office.ask(alert) == ("H1",)
    ((to, subject, body),) = office.mails()
    assert to == "h1@example.com"
    alias = office.desk.row(alert).alias
    assert alias in subject
    assert "many client records exported on one day: 1,000 events" in body
    assert f"offboard alerts show {alert}" in body
    assert not any(word in subject + body for word in WHO)
    row = office.desk.row(alert)
    assert row.waiting_on == ("H1",)
    assert row.due_at == datetime(2026, 11, 26, 10, tzinfo=UTC), "two working days, until 18:00 in Shanghai"


def test_nobody_is_asked_about_themself_or_about_their_own_boss(office: Office) -> None:
    """H1 is the person; H2 works for H1: the policy turns to the next role."""
    _change(office, "UPDATE employees SET manager_id = 'H1' WHERE id = 'H2'")
    office.desk.keep(found(employee_id="H1", key="about H1"))
    (alert,) = office.desk.raise_all(person="H1").opened
    assert office.ask(alert) == ("L1",)


def test_with_nobody_left_to_ask_it_says_so_and_the_alert_stays_open(office: Office) -> None:
    alert = office.desk.open()
    _change(office, "UPDATE employees SET role = 'other' WHERE id IN ('H1', 'H2', 'L1')")
    with pytest.raises(NobodyToAsk):
        office.ask(alert)
    assert office.desk.row(alert).state is AlertState.NEEDS_REVIEW


def test_silence_goes_to_the_boss_of_who_was_silent_and_then_to_the_next_role(office: Office) -> None:
    _change(office, "UPDATE employees SET manager_id = 'I1' WHERE id = 'H1'")
    alert = office.desk.open()
    asked = [
        office.ask(alert, number, ladder)
        for number, ladder in ((1, Ladder.APPROVER), (2, Ladder.ESCALATION), (3, Ladder.FALLBACK))
    ]
    assert asked == [("H1",), ("I1",), ("L1",)]
    texts = {to: body for to, _, body in office.mails()}
    assert "Office H1 did not decide in time" in texts["i1@example.com"]
    assert office.desk.evidence(alert).count("alert.asked") == 3


def test_a_reminder_is_sent_once_and_never_after_a_decision(office: Office) -> None:
    alert = office.desk.open()
    office.ask(alert)
    first = RemindTriage(alert_id=alert, round=1, number=1, at=NOON + timedelta(hours=24))
    office.activities.remind_triage(first)
    office.activities.remind_triage(first)
    with office.database.begin() as connection:
        alerts.change(connection, alert, state=AlertState.DISMISSED)
    office.activities.remind_triage(first.model_copy(update={"number": 2}))
    assert sum(subject.startswith("Reminder") for _, subject, _ in office.mails()) == 1


# ---- who may decide ----


async def test_a_decision_needs_a_role_a_reason_and_somebody_else(office: Office) -> None:
    _change(office, "UPDATE employees SET role = 'hrbp' WHERE id = 'E1'")
    alert = office.desk.open()
    for person in ("P1", "E1", "F1"):
        with pytest.raises(NotAllowed, match="may not do this"):
            await office.decide(alert, AlertState.DISMISSED, person)
    with pytest.raises(DecisionRefused, match="say why"):
        await office.decide(alert, AlertState.DISMISSED, "H1", note="  ")
    with pytest.raises(UnknownAlert):
        await office.decide("alert-AAAA-AAAA-20261124", AlertState.DISMISSED, "H1")
    assert office.desk.evidence(alert) == ["alert.opened"], "what is refused leaves no trace of a decision"


async def test_who_was_only_asked_because_of_silence_may_dismiss_and_not_confirm(office: Office) -> None:
    alert = office.desk.open()
    office.ask(alert)
    assert office.ask(alert, 2, Ladder.ESCALATION) == ("D1",)
    with pytest.raises(NotAllowed):
        await office.decide(alert, AlertState.CONFIRMED, "D1")
    assert await office.decide(alert, AlertState.DISMISSED, "D1") is AlertState.DISMISSED


async def test_of_two_decisions_at_once_one_wins_and_a_repeat_is_one(office: Office) -> None:
    alert = office.desk.open()
    for to, by in ((AlertState.CONFIRMED, "H1"), (AlertState.CONFIRMED, "H1"), (AlertState.DISMISSED, "H2")):
        await decide(office.database, _no_engine, alert_id=alert, to=to, by=by, note="why")
    with office.database.begin() as connection:
        stored = [each.message() for each in alert_decisions.unheard(connection, alert)]
    assert [each.by for each in stored] == ["H1", "H2"]
    heard = [office.activities.record_triage(each) for each in (*stored, *stored)]
    assert [each.counted for each in heard] == [True, False, True, False]
    row = office.desk.row(alert)
    assert (row.state, row.decided_by, row.waiting_on) == (AlertState.CONFIRMED, "H1", ())
    assert office.desk.evidence(alert).count("alert.confirmed") == 1


async def test_a_decision_that_nobody_gave_us_is_forged_and_counts_for_nothing(office: Office) -> None:
    alert = office.desk.open()
    forged = TriageDecision(decision_id="x", alert_id=alert, to=AlertState.DISMISSED, by="H1", at=NOON)
    for _ in range(2):
        heard = office.activities.record_triage(forged)
        assert (heard.counted, heard.forged) == (False, True)
    await decide(office.database, _no_engine, alert_id=alert, to=AlertState.CONFIRMED, by="H1", note="why")
    with office.database.begin() as connection:
        (stored,) = alert_decisions.unheard(connection, alert)
    turned = stored.message().model_copy(update={"to": AlertState.DISMISSED})
    assert office.activities.record_triage(turned).forged, "the id is known, the words are not"
    assert office.desk.row(alert).state is AlertState.NEEDS_REVIEW
    assert office.desk.evidence(alert).count("alert.decision_forged") == 2


@pytest.mark.parametrize(
    ("path", "illegal"),
    [
        ((), AlertState.RESOLVED),
        ((AlertState.DISMISSED,), AlertState.CONFIRMED),
        ((AlertState.DISMISSED,), AlertState.NEEDS_REVIEW),
        ((AlertState.CONFIRMED,), AlertState.DISMISSED),
        ((AlertState.CONFIRMED, AlertState.RESOLVED), AlertState.CONFIRMED),
    ],
)
def test_the_database_itself_refuses_an_illegal_move(
    office: Office, path: tuple[AlertState, ...], illegal: AlertState
) -> None:
    alert = office.desk.open()
    for state in path:
        with office.database.begin() as connection:
            alerts.change(connection, alert, state=state)
    with pytest.raises(IntegrityError, match="an alert cannot move"), office.database.begin() as connection:
        alerts.change(connection, alert, state=illegal)


async def test_an_illegal_move_is_refused_with_its_reason(office: Office) -> None:
    alert = office.desk.open()
    await office.decide(alert, AlertState.DISMISSED, "H1")
    with pytest.raises(DecisionRefused, match="the alert is dismissed already: it cannot become confirmed"):
        await office.decide(alert, AlertState.CONFIRMED, "H2")


async def test_effectiveness_is_what_people_agreed_with(office: Office) -> None:
    first = office.desk.open(found(), found(RuleId.NOVELTY))
    await office.decide(first, AlertState.CONFIRMED, "H1")
    await office.decide(first, AlertState.RESOLVED, "H1")
    second = office.desk.open(found(day=AS_OF - timedelta(days=1)))
    await office.decide(second, AlertState.DISMISSED, "H1")
    office.desk.open(found(RuleId.SEQUENCE))
    measured = {each.rule: (each.alerts, each.effectiveness) for each in effectiveness(office.database).rules}
    assert measured == {RuleId.MASS_EXPORT: (2, 0.5), RuleId.NOVELTY: (1, 1.0), RuleId.SEQUENCE: (1, None)}


async def test_a_decision_that_came_second_is_settled_though_no_workflow_hears_it(office: Office) -> None:
    alert = office.desk.open()
    for to, by in ((AlertState.DISMISSED, "H1"), (AlertState.CONFIRMED, "H2")):
        await decide(office.database, _no_engine, alert_id=alert, to=to, by=by, note="why")
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert await tell_stored(office.database, _no_engine, later) == 0, "both still wait for the engine"
    with office.database.begin() as connection:
        first, _ = alert_decisions.unheard(connection, alert)
    office.activities.record_triage(first.message())
    assert await tell_stored(office.database, _no_engine, later) == 1
    assert await tell_stored(office.database, _no_engine, later) == 0
    assert office.desk.evidence(alert)[-1] == "alert.decision_refused"


# ---- who may see whom it is about ----


def test_the_name_is_told_to_a_role_for_a_reason_and_that_is_evidence(office: Office) -> None:
    alert = office.desk.open()
    for person, reason in (("F1", "curious"), ("H1", "   ")):
        with pytest.raises(NotAllowed):
            reveal(office.database, alert, person, reason)
    told = reveal(office.database, alert, "H1", "case 7")
    assert (told.employee_id, told.name, told.revealed_to) == ("E1", "Li Na", "H1")
    with office.database.begin() as connection:
        assert evidence.verify(connection, alert) == (4, None)
        entries = [(each.kind, each.actor, each.body.get("reason")) for each in evidence.read(connection, alert)][1:]
    assert entries == [
        ("alert.reveal_refused", "F1", "curious"),
        ("alert.reveal_refused", "H1", ""),
        ("alert.revealed", "H1", "case 7"),
    ]


def test_lists_and_single_alerts_show_an_alias_only(office: Office) -> None:
    alert = office.desk.open()
    printed = list_alerts(office.database).model_dump_json() + show_alert(office.database, alert).model_dump_json()
    assert office.desk.row(alert).alias in printed
    assert not any(f'"{word}"' in printed for word in WHO)


# ---- watched by name ----


def test_a_watch_needs_a_role_a_reason_and_an_end(office: Office) -> None:
    today = datetime.now(UTC).date()
    until = today + timedelta(days=30)
    for by, reason in (("P1", "why"), ("H1", " "), ("E1", "why")):
        with pytest.raises(NotAllowed):
            watch(office.database, "E1", by, reason, until)
    for day in (today - timedelta(days=1), today + timedelta(days=400)):
        with pytest.raises(Refused, match="within a year"):
            watch(office.database, "E1", "H1", "why", day)
    watch(office.database, "Li Na", "H1", "asked by legal", until)
    (entry,) = watched(office.database)
    assert (entry.employee_id, entry.by_id, entry.until) == ("E1", "H1", until)
    assert unwatch(office.database, "E1", "L1", "over") == 1
    assert watched(office.database) == []
    assert office.desk.evidence("watchlist") == ["watch.began", "watch.ended"]


@pytest.mark.parametrize(("name", "note"), [
    ("Li Na", "talked to Li Na (E1), li na agreed"), ("李娜", "已与李娜谈过，E1 同意"),
])  # fmt: skip
async def test_a_reason_that_names_the_person_shows_the_alias(office: Office, name: str, note: str) -> None:
    alert = office.desk.open()
    with office.database.begin() as connection:
        connection.execute(text("UPDATE employees SET name = :name WHERE id = 'E1'"), {"name": name})
    await office.decide(alert, AlertState.CONFIRMED, "H1", note)
    (listed,) = list_alerts(office.database).alerts
    for shown in (listed.note, show_alert(office.database, alert).note):
        assert shown.count(listed.alias) == note.lower().count(name.lower()) + 1
        assert not any(word.lower() in shown.lower() for word in (name, "E1"))


@pytest.mark.parametrize("to", [AlertState.CONFIRMED, AlertState.DISMISSED, AlertState.RESOLVED])
async def test_the_answer_to_who_the_alert_is_about_is_that_to_anybody_without_a_role(
    office: Office, to: AlertState
) -> None:
    """An HR partner must not learn from a refusal that an alert is about them."""
    office.desk.keep(found(employee_id="H1"))
    (alert,) = office.desk.raise_all(person="H1").opened
    for note in ("a reason", ""):
        told = {}
        for who in ("H1", "P1"):
            with pytest.raises(NotAllowed) as refused:
                await decide(office.database, _no_engine, alert_id=alert, to=to, by=who, note=note)
            with pytest.raises(NotAllowed) as hidden:
                reveal(office.database, alert, who, note)
            told[who] = [str(each.value).replace(who, "X") for each in (refused, hidden)]
        assert told["H1"] == told["P1"]
