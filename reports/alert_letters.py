"""What a mail about an alert says: the alias and figures, never who it is about."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from models.approvals import Ladder
from models.base import AlertId, Moment, Value
from models.warning import ProtectionState, RuleId, Severity
from reports.alert_words import PROTECTION, RULES
from reports.language import Language
from reports.letters import Letter
from store.outbox import MessageKind

SUBJECTS = {
    MessageKind.ALERT: "Please look by {day}: alert about {alias}, {severity} ({alert})",
    MessageKind.ALERT_REMINDER: "Reminder, please look by {day}: alert about {alias}, {severity} ({alert})",
    MessageKind.ALERT_ESCALATION: "Nobody has looked: alert about {alias}, {severity} ({alert})",
    MessageKind.ALERT_GREW: "More was found: alert about {alias}, {severity} ({alert})",
}
LEADS = {
    MessageKind.ALERT: "Something unusual was found about {alias}. Please look at it and decide by {due}.",
    MessageKind.ALERT_REMINDER: "Nobody has decided yet what was found about {alias}. Please do by {due}.",
    MessageKind.ALERT_ESCALATION: "{silent} did not decide in time what was found about {alias}. "
    "Please see to it that somebody does by {due}.",
    MessageKind.ALERT_GREW: "More was found about {alias} since you were asked. Please look at it and decide by {due}.",
}
WHY_YOU = {
    Ladder.APPROVER: "You are the one who looks at alerts.",
    Ladder.ESCALATION: "You are next in line after the person who did not answer.",
    Ladder.FALLBACK: "Those who come first could not be asked or did not answer; the policy then turns to you.",
}


class RuleLine(Value):
    """One rule that matched: how many events it counted at most, from which day to which."""

    rule: RuleId
    events: int
    first: date
    last: date


class AlertFacts(Value):
    """What a mail about an alert is about. `silent` are names of those who were asked before."""

    kind: MessageKind
    alert_id: AlertId
    alias: str
    severity: Severity
    due_at: Moment
    events: int
    rules: tuple[RuleLine, ...]
    ladder: Ladder = Ladder.APPROVER
    silent: str = ""
    protection: ProtectionState = ProtectionState.NONE
    protected_until: Moment | None = None


def alert_letter(facts: AlertFacts, words: Language, zone: str) -> Letter:
    """Put the facts into words."""
    filled = {
        "alias": facts.alias,
        "alert": facts.alert_id,
        "severity": words.text(facts.severity.value),
        "silent": facts.silent,
        "due": words.moment(facts.due_at, zone),
        "day": words.day(facts.due_at.astimezone(ZoneInfo(zone)).date()),
    }
    return Letter(
        subject=words.text(SUBJECTS[facts.kind], **filled),
        lead=words.text(LEADS[facts.kind], **filled),
        rows=tuple(_rows(facts, words, zone)),
        colon=words.text(": "),
        invitation="",
        link=None,
        notes=(
            words.text("To look: offboard alerts show {alert}", alert=facts.alert_id),
            words.text(
                "To decide: offboard alerts confirm {alert} (or dismiss) --as YOU --reason TEXT", alert=facts.alert_id
            ),
            words.text("An alert is a question, not a finding of guilt: there may be a good reason for what was seen."),
        ),
    )


def _rows(facts: AlertFacts, words: Language, zone: str) -> Iterator[tuple[str, str]]:
    yield words.text("Alert"), facts.alert_id
    yield words.text("About"), words.text("{alias} (the name is shown to those who may see it)", alias=facts.alias)
    yield words.text("Severity"), words.text(facts.severity.value)
    yield words.text("Events"), words.number(facts.events)
    for line in facts.rules:
        seen = words.text(
            "{events} events, {first} to {last}",
            events=words.number(line.events),
            first=words.day(line.first),
            last=words.day(line.last),
        )
        yield words.text(RULES[line.rule]), seen
    yield words.text("Until"), words.moment(facts.due_at, zone)
    until = words.moment(facts.protected_until, zone) if facts.protected_until else ""
    yield words.text("Export rights"), words.text(PROTECTION[facts.protection], until=until)
    yield words.text("Why you"), words.text(WHY_YOU[facts.ladder])
