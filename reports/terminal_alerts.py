"""Views of alerts: the alias stands for the person everywhere but where the name was asked for."""

from typing import Any

from rich.text import Text

from models.warning import AlertState, ProtectionState, RuleId
from reports.alert_words import RULES, protection_words
from reports.terminal_tables import Blocks, grid, minute, why
from reports.terminal_words import Words


def show_alerts(plain: Any, words: Words) -> Blocks:
    """The list of alerts."""
    if not plain["alerts"]:
        return [Text(words.text("No alerts."))]
    # The columns that 80 characters hold; days, events and rights stand in `offboard alerts show`.
    table = grid(words, "alert", "severity", "state", "waiting on", "until (UTC)")
    for column in (table.columns[0], table.columns[4]):
        column.no_wrap = True  # people copy the id
    for row in plain["alerts"]:
        waits = row["state"] == "needs_review"
        table.add_row(
            row["id"],
            words.text(row["severity"]),
            words.word(row["state"]).replace("_", " "),
            (words.persons(row["waiting_on"]) or words.text("nobody could be asked yet")) if waits else "",
            minute(row["due_at"]) if waits else "",
        )
    more = [Text(words.text("and {n} more; --limit shows them", n=plain["more"]))] if plain["more"] else []
    return [table, *more]


def show_alert(plain: Any, words: Words) -> Blocks:
    """One alert with its findings."""
    head = words.text(
        "{alert}: {state}, {severity} ({points} points), {events} events from {first} to {last}",
        alert=plain["id"],
        state=words.text(plain["state"]),
        severity=words.text(plain["severity"]),
        points=plain["points"],
        events=plain["events"],
        first=plain["first"],
        last=plain["last"],
    )
    lines = [Text(head), Text(_state(plain, words)), Text(_protection(plain, words))]
    if plain["joined_case"]:
        lines.append(Text(words.text("It belongs to a case of the person.")))
    table = grid(words, "day", "severity", "rule", "why", "events", right=("events",))
    for finding in plain["findings"]:
        rule = words.text(RULES[RuleId(finding["rule"])])
        reason = why(finding["reason"], words)
        table.add_row(finding["day"], words.text(finding["severity"]), rule, reason, str(finding["events"]))
    return [*lines, table]


def show_alert_decided(plain: Any, words: Words) -> Blocks:
    """What became of a decision about an alert."""
    if plain["stored"]:
        return [Text(words.text("Kept. It counts as soon as a worker answers, by the time it was given."))]
    sentence = "{alert} is {state} now." if plain["counted"] else "It does not count: {alert} was {state} before."
    return [Text(words.text(sentence, alert=plain["alert_id"], state=words.text(plain["state"])))]


def show_revealed(plain: Any, words: Words) -> Blocks:
    """Who an alert is about."""
    lines = [words.text("{alias} is {person}.", alias=plain["alias"], person=words.person(plain["employee_id"]))]
    if plain["case_id"]:
        lines.append(words.text("The alert belongs to the case {case}.", case=plain["case_id"]))
    lines.append(words.text("That you asked, and why, is in the evidence of the alert."))
    return [Text(line) for line in lines]


def show_effectiveness(plain: Any, words: Words) -> Blocks:
    """How often people agreed with each rule."""
    if not plain["rules"]:
        return [Text(words.text("No alerts."))]
    table = grid(words, "rule", "alerts", "confirmed", "dismissed", "agreed",
                 right=("alerts", "confirmed", "dismissed", "agreed"))  # fmt: skip
    for row in plain["rules"]:
        share = "-" if row["effectiveness"] is None else f"{row['effectiveness']:.0%}"
        counts = (str(row["alerts"]), str(row["confirmed"]), str(row["dismissed"]))
        table.add_row(words.text(RULES[RuleId(row["rule"])]), *counts, share)
    return [table]


def show_watchlist(plain: Any, words: Words) -> Blocks:
    """Who is watched by name."""
    if not plain["watched"]:
        return [Text(words.text("Nobody is watched by name."))]
    table = grid(words, "person", "since", "until", "asked by", "why")
    for row in plain["watched"]:
        person, by = words.person(row["employee_id"]), words.person(row["by_id"])
        table.add_row(person, row["since"], row["until"], by, row["reason"])
    return [table]


def _state(plain: Any, words: Words) -> str:
    if plain["state"] == "needs_review":
        if not plain["waiting_on"]:
            return words.text("Nobody could be asked yet.")
        asked = words.persons(plain["waiting_on"])
        return words.text("Waiting on {people} until {time} UTC.", people=asked, time=minute(plain["due_at"]))
    decided = words.text("Decided by {person}, {time} UTC.", person=words.person(plain["decided_by"]),
                         time=minute(plain["decided_at"]))  # fmt: skip
    return f"{decided} {plain['note']}"


def _protection(plain: Any, words: Words) -> str:
    until = minute(plain["protected_until"]) + " UTC" if plain["protected_until"] else ""
    state = protection_words(ProtectionState(plain["protection"]), AlertState(plain["state"]))
    return words.text(state, until=until)
