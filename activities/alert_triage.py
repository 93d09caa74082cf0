"""Who is asked about an alert, until when, and how they are reminded; all of it in one transaction."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from models.approvals import Ladder
from models.approvers import Choice, Question, choose, line_above
from models.people import Employee, Role
from models.planning import calendar_for
from models.warning import AskedTriage, AskTriage, RemindTriage
from models.warning_policy import Triage
from models.working_days import WorkCalendar
from store import alerts, chart, effects, evidence, outbox
from store.alerts import AlertRow
from store.outbox import MessageKind, Tidings
from store.policies import load_policy

# Working hours and holidays are those of the company: the policy that cases start under when nothing else is said.
CALENDAR_OF = "ifrs"
MOST_REMINDERS = 20


def fallback_role(triage: Triage) -> Role:
    """Who is asked when nobody with the role of triage can be: the next role that may see who an alert is about."""
    return next((role for role in triage.may_reveal if role is not triage.role), triage.role)


def ask(
    connection: Connection, alert: AlertRow, asked: AskTriage, triage: Triage, policy_dir: Path | None
) -> AskedTriage:
    """Ask one person, once a round. Raises NobodyToAsk when there is nobody who may be asked."""
    choice, people = _choose(connection, alert, asked, triage)
    calendar = calendar_for(people[choice.approver], load_policy(CALENDAR_OF, policy_dir))

    def do() -> tuple[None, dict[str, object]]:
        due_at = calendar.add_working_days(asked.at, triage.working_days)
        alerts.change(connection, alert.id, waiting_on=[choice.approver], due_at=due_at)
        tidings = Tidings(ladder=choice.found_as, silent=alert.waiting_on if asked.round > 1 else ())
        kind = MessageKind.ALERT if asked.round == 1 else MessageKind.ALERT_ESCALATION
        outbox.put(connection, alert.id, choice.approver, kind, tidings, key=str(asked.round), at=asked.at)
        body: dict[str, object] = {
            "round": asked.round,
            "ladder": asked.ladder.value,
            "found_as": choice.found_as.value,
            "asked": choice.approver,
            "due_at": due_at.isoformat(),
        }
        evidence.append(connection, alert.id, "alert.asked", body, at=asked.at)
        reminders = [each.isoformat() for each in _reminders(calendar, asked.at, due_at, triage)]
        return None, {"approvers": [choice.approver], "due_at": due_at.isoformat(), "reminders_at": reminders}

    key = f"{alert.id}/asked/{asked.round}"
    request = {"round": asked.round}
    done = effects.once(connection, key, case_id=alert.id, request=request, at=asked.at, do=do)
    return AskedTriage.model_validate(done)


def remind(connection: Connection, alert: AlertRow, asked: RemindTriage) -> None:
    """Queue one numbered reminder to everybody who was asked, once."""
    key = f"{asked.round}/{asked.number}"
    body: dict[str, object] = {"round": asked.round, "number": asked.number, "asked": list(alert.waiting_on)}

    def do() -> tuple[None, dict[str, object]]:
        for person in alert.waiting_on:
            outbox.put(connection, alert.id, person, MessageKind.ALERT_REMINDER, Tidings(), key=key, at=asked.at)
        evidence.append(connection, alert.id, "alert.reminded", body, at=asked.at)
        return None, {}

    request = {"reminder": key}
    effects.once(connection, f"{alert.id}/reminded/{key}", case_id=alert.id, request=request, at=asked.at, do=do)


def _choose(
    connection: Connection, alert: AlertRow, asked: AskTriage, triage: Triage
) -> tuple[Choice, dict[str, Employee]]:
    silent = alert.waiting_on if asked.ladder is not Ladder.APPROVER else ()
    fallback = fallback_role(triage)
    around = chart.around(connection, {alert.employee_id, *silent}, {triage.role, fallback})
    # Whoever works for the person is not asked about their own boss, as nobody is about themself.
    lines = chart.around(connection, around, ())
    below = {person for person in around if alert.employee_id in set(line_above(lines, [person]))}
    question = Question(
        role=triage.role,
        ladder=asked.ladder,
        leaver=alert.employee_id,
        fallback_role=fallback,
        barred=frozenset(below),
        silent=silent,
    )
    return choose(question, around), around


def _reminders(calendar: WorkCalendar, since: datetime, due_at: datetime, triage: Triage) -> Iterator[datetime]:
    every = timedelta(hours=triage.reminder_hours)
    for number in range(1, MOST_REMINDERS + 1):
        moment = since + every * number
        if moment >= due_at:
            return
        if calendar.is_working_day(calendar.local_day(moment)):
            yield moment
