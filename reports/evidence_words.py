"""What an entry of the evidence says, as one sentence a kind, with the facts that matter to whoever reads it.

The ledger itself keeps bare facts. A kind that this version does not know is shown as the ledger has it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from models.approvals import Refusal
from reports.alert_words import RULES
from reports.approval_facts import more, seat
from reports.roles import FIELDS
from reports.terminal_words import Words
from reports.words import GATES

SENTENCES: dict[str, str] = {
    "case.started": "The case begins: {kind}, last working day {last_working_day}.",
    "case.rescheduled": "The last working day moves from {last_working_day_before} to {last_working_day}.",
    "case.closed": "The case is closed.",
    "case.declined": "The case is declined; nothing was handed over.",
    "case.withdrawn": "The case is withdrawn: the person stays.",
    "clients.reported": "Clients: {count}, at risk of them: {at_risk}; open deals: {open_opportunities}.",
    "receivables.audited": "Receivables as of {as_of}: {currencies}.",
    "successors.proposed": "Successors proposed for {transfers} clients and deals; without one: {unassigned}.",
    "plan.renewed": "A new plan is made for {transfers} clients and deals; to receive none of them: {excluded}.",
    "activity.looked_back": "Activity from {since} on, feed {feed}: {new_findings} new findings.",
    "task.created": "Task for {owner}: get {asset} back by {due_at}.",
    "report.made": "Report version {version}: risk {score} of 100, {level}.",
    "access.lock": "Right {right} taken, read back.",
    "access.lock_acknowledged": "Right {right}: its system said yes, nobody could read it back.",
    "access.lock_failed": "Right {right} could not be taken; it is tried again.",
    "access.lock_again": "Right {right} was given back by somebody and is taken again.",
    "access.restored": "Right {right} given back as it was.",
    "access.left": "Right {right} left: its system no longer knows it.",
    "gate.opened": "{gate}: {approvers} asked about report version {report_version}, until {due_at}.",
    "gate.reminded": "{gate}: reminder {number} to {approvers}.",
    "gate.reseated": "{gate}: now asked: {approvers}, about report version {report_version}, until {due_at}.",
    "gate.handed_over": "{gate}: {person} hands the question over to {delegate}.",
    "gate.reassigned": "{gate}: {delegate} is asked in the place of {person}.",
    "gate.carried_over": "{gate}: decided on report version {decided_version}, and it stands: "
    "version {report_version} changes nothing material.",
    "gate.sent_back": "{gate}: a new plan is asked for, on report version {report_version}.",
    "gate.closed": "{gate}: {verdict}, on report version {report_version}.",
    "decision.accepted": "{gate}: said {verdict}; kept.",
    "decision.counted": "{gate}: the decision counts.",
    "vote.taken_back": "{gate}: the vote is taken back.",
    "decision.refused": "{gate}: the decision does not count: {refusal}.",
    "decision.forged": "{gate}: a forged decision that never went by the approval page; it does not count.",
    "delegation.made": "From {since} until {until}, {delegate} may answer for {person}.",
    "delegation.revoked": "{delegate} answers for {person} no longer.",
    "absence.made": "From {since} until {until}, {person} is absent.",
    "question.asked": "{gate}: a question is asked before deciding.",
    "question.answered": "{gate}: the question is answered.",
    "link.wrong_person": "{gate}: somebody else opened the link that was made for {made_for}; nothing was decided.",
    "field.read": "Read: {fields}.",
    "handover.batch": "Handed over: {count} {kind}; invoices with a new collector: {collectors}.",
    "handover.executed": "Handover done: {transfers} clients and deals; without a successor: {unassigned}.",
    "handover.undone": "Handover undone: {restored} given back, {left} left where they are.",
    "collection.planned": "Follow-up of what clients owe: {plans} plans, {letters} letters, commissions held: {holds}.",
    "collection.reassigned": "{plans} plans go to other collectors: {collectors}.",
    "collection.judged": "Dates of clearing plans: {met} kept, {missed} missed. Behind: {collectors}.",
    "collection.figures": "Follow-up audit as of {as_of}.",
    "collection.ended": "Follow-up over: {met} dates kept, {missed} missed; {sums}.",
    "collection.voided": "Follow-up ends with the case: {plans} plans; commissions released: {released}.",
    "commission.released": "{commissions} commissions released: the clients have paid.",
    "confirmation.sent": "Balance confirmation sent to {client}: {amount}.",
    "confirmation.confirmed": "{client} confirms to owe {amount}.",
    "confirmation.disputed": "{client} says to owe {answered_amount} and not {amount}.",
    "confirmation.silent": "{letters} balance confirmations without an answer in time.",
    "alert.opened": "Alert, {severity}, from {events} events: {rules}.",
    "alert.extended": "The alert grows, {severity}, {events} events by now: {rules}.",
    "alert.asked": "{asked} asked to look at it, until {due_at}.",
    "alert.reminded": "Reminder {number} to {asked}.",
    "alert.decision_accepted": "Said {to}; kept.",
    "alert.confirmed": "The alert is confirmed.",
    "alert.dismissed": "The alert is dismissed.",
    "alert.resolved": "The alert is resolved.",
    "alert.decision_refused": "The decision does not count: the alert was {state} before.",
    "alert.decision_forged": "A forged decision that never went through Offboard; it does not count.",
    "alert.joined": "The alert {alert}, {severity}, joins the case.",
    "alert.joined_case": "The alert joins a case of the person.",
    "alert.revealed": "Asked who it is and was told. The reason given: {reason}",
    "alert.reveal_refused": "Asked who it is and was refused. The reason given: {reason}",
    "protection.would_have": "Only written down: {rights} export rights would have been suspended until {until}.",
    "protection.begun": "{rights} export rights are to be suspended until {until}.",
    "protection.left_to_case": "A case of the person holds the rights.",
    "protection.left_to_alert": "Another alert of the person holds the rights: {to}.",
    "protection.given_back": "{restored} export rights given back as they were.",
    "protection.taken_over": "Takes over the rights that the alert {alert} had suspended.",
    "watch.began": "{employee} is watched by name until {until}. The reason given: {reason}",
    "watch.ended": "{employee} is watched by name no longer. The reason given: {reason}",
}
NOT_COUNTED: dict[str, str] = {
    Refusal.LATE: "after the deadline",
    Refusal.ALREADY_DECIDED: "the gate was decided before",
    Refusal.NOT_OPEN: "nobody is asked at that gate",
    Refusal.NOT_AN_APPROVER: "from somebody who is not asked",
    Refusal.SEPARATION_OF_DUTIES: "from somebody who may not decide here",
    Refusal.REPORT_CHANGED: "the report has changed since",
    Refusal.PLAN_SENT_BACK: "a new plan is being made",
    Refusal.REASON_MISSING: "a decline without a reason",
    Refusal.NO_VOTE: "there was no vote to take back",
    Refusal.SIGN_IN_NEEDED: "without signing in",
    Refusal.MALFORMED: "it cannot be read",
}
HANDED_OVER = {"client": "clients", "opportunity": "deals", "collector": "collectors"}
FEEDS = {"fresh": "up to date", "stale": "silent for too long", "absent": "never imported"}
SYSTEM = "system"
NOTHING = "-"


def sentence(kind: str, body: Mapping[str, Any], words: Words) -> str:
    """One entry in the reader's words; what is missing in it is a dash."""
    msgid = SENTENCES.get(kind)
    if msgid is None:
        facts = (f"{name}={value}" for name, value in body.items() if value not in (None, ""))
        return " ".join((kind, *facts))
    # A chain that somebody has tampered with may hold anything: whatever it is gets shown, and `verify` finds it.
    names = [name for _, name, _, _ in Formatter().parse(msgid) if name]
    told = words.text(msgid, **{name: _fact(name, body, words) or NOTHING for name in names})
    return ("" if words.tag.startswith("zh") else " ").join((told, *more(kind, body, words)))


def actor(who: str, words: Words) -> str:
    """Who did it: a person, or Offboard itself."""
    return "Offboard" if who == SYSTEM else words.person(who)


def local(text: Any, zone: str | None = None) -> str:
    """A moment of JSON to the minute in the reader's zone; without one, in that of the machine they sit at."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(ZoneInfo(zone) if zone else None).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return str(text)


def _fact(name: str, body: Mapping[str, Any], words: Words) -> str:
    value = body.get(name)
    if name == "approvers":
        value = body.get("seats") or value
    if name.startswith("last_working_day"):
        dates = body.get(name.replace("last_working_day", "dates"))
        value = dates.get("last_working_day") if isinstance(dates, dict) else None
    if value is None:
        return ""
    read = _READERS.get(name)
    return read(value, words) if read else str(value)


def _people(value: Any, words: Words) -> str:
    return words.persons([str(each) for each in _list(value)])


def _approvers(value: Any, words: Words) -> str:
    told = (seat(each, words) if isinstance(each, dict) else words.person(str(each)) for each in _list(value))
    return words.text(", ").join(told)


def _word(value: Any, words: Words) -> str:
    return words.word(str(value)).replace("_", " ")


def _one_of(known: Mapping[str, str]) -> Callable[[Any, Words], str]:
    return lambda value, words: _word(known.get(str(value), value), words)


def _rules(value: Any, words: Words) -> str:
    known = {rule.value: text for rule, text in RULES.items()}
    return words.text(", ").join(words.word(known.get(str(each), str(each))) for each in _list(value))


def _fields(value: Any, words: Words) -> str:
    known = {field.value: text for field, text in FIELDS.items()}
    return words.text(", ").join(words.word(known.get(str(each), str(each))) for each in _list(value))


def _number_of(value: Any, _: Words) -> str:
    return str(len(_list(value)))


def _currencies(value: Any, words: Words) -> str:
    told = [
        words.text(
            "{total}, overdue {overdue}", total=_money(each, "total", words), overdue=_money(each, "overdue", words)
        )
        for each in _list(value)
        if isinstance(each, dict)
    ]
    return words.text("; ").join(told) or words.text("nothing is open")


def _sums(value: Any, words: Words) -> str:
    told = [
        words.text("{open} of {audited} open", open=_money(each, "open", words), audited=_money(each, "audited", words))
        for each in _list(value)
        if isinstance(each, dict)
    ]
    return words.text("; ").join(told) or words.text("nothing is open")


def _amount(value: Any, words: Words) -> str:
    return _money(value, "amount", words) if isinstance(value, dict) else str(value)


def _money(found: Mapping[str, Any], name: str, words: Words) -> str:
    try:
        return words.money(Decimal(str(found.get(name))), str(found.get("currency") or ""))
    except InvalidOperation:
        return str(found.get(name))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_READERS: dict[str, Callable[[Any, Words], str]] = {
    **dict.fromkeys(
        ("employee", "owner", "asked", "person", "delegate", "made_for", "excluded", "collectors"), _people
    ),
    "gate": lambda value, words: words.word(GATES.get(str(value), str(value))),
    **dict.fromkeys(("verdict", "level", "severity", "to", "state"), _word),
    "approvers": _approvers,
    "due_at": lambda value, words: local(value, words.zone),
    **dict.fromkeys(
        ("since", "until"), lambda value, words: local(value, words.zone) if "T" in str(value) else str(value)
    ),
    "kind": _one_of(HANDED_OVER),  # of a handover; the kind of a case stays as it is
    "feed": _one_of(FEEDS),
    "refusal": _one_of(NOT_COUNTED),
    "rules": _rules,
    "fields": _fields,
    "left": _number_of,
    "currencies": _currencies,
    "sums": _sums,
    **dict.fromkeys(("amount", "answered_amount"), _amount),
    "client": lambda value, words: words.client(str(value)),
}
