"""Views of the early warning."""

from typing import Any

from rich.text import Text

from models.warning import RuleId
from reports.alert_words import RULES
from reports.terminal_tables import Blocks, grid, minute, why
from reports.terminal_words import Words


def show_schedule(plain: Any, words: Words) -> Blocks:
    """When scans run."""
    return [Text(_state(plain, words))]


def show_backfill(plain: Any, words: Words) -> Blocks:
    """Days that are scanned from now on."""
    told = words.text(
        "{days} days are scanned one after the other, {first} to {last}. How it goes: offboard scan status", **plain
    )
    return [Text(told)]


def show_scan_run(plain: Any, words: Words) -> Blocks:
    """What a scan came to, and the alerts that wait."""
    told = words.text(
        "Scan as of {as_of}: {people} salespeople, {scored} scored, {insufficient} with too little history, "
        "{unknown} unknown; new findings: {findings}, talks suggested: {talks}.",
        **{name: plain[name] for name in
           ("as_of", "people", "scored", "insufficient", "unknown", "findings", "talks")},
    )  # fmt: skip
    blocks: Blocks = [Text(told), *_feeds(plain, words)]
    if not plain["alerts"]:
        return [*blocks, Text(words.text("No alert waits."))]
    table = grid(words, "alert", "alias", "severity", "rules", "new")
    for alert in plain["alerts"]:
        rules = words.text(", ").join(words.text(RULES[RuleId(rule)]) for rule in alert["rules"])
        new = words.text("new") if alert["new"] else ""
        table.add_row(alert["id"], alert["alias"], words.word(alert["severity"]), rules, new)
    return [*blocks, table]


def show_scan(plain: Any, words: Words) -> Blocks:
    """The schedule, the last scans, and the highest scores of the newest one."""
    schedule, watch = plain["schedule"], plain["watch"]
    blocks: Blocks = [Text(_state(schedule, words))]
    if schedule["scheduled"]:
        runs = words.text(
            "Scans {id}: {runs} ran, {missed} missed, {skipped} skipped while another ran.",
            id=schedule["id"], runs=schedule["runs"], missed=schedule["missed"], skipped=schedule["skipped"],
        )  # fmt: skip
        often = words.text("Watch for new events {id}: next (UTC) {time}", id=watch["id"], time=_next(watch))
        blocks += [Text(runs), Text(often)]
    if plain["scans"]:
        blocks.append(_last_scans(plain["scans"], words))
    if plain["day"] is None:
        return [*blocks, Text(words.text("Nothing was scanned yet: offboard scan run"))]
    counts = words.text(
        "Scan of {day}: {scored} scored, {insufficient} with too little history, {unknown} unknown",
        day=plain["day"],
        **{name: plain["counts"][name] for name in ("scored", "insufficient", "unknown")},
    )
    table = grid(words, "person", "score", "basis", "why", right=("score",))
    for score in plain["highest"]:
        reasons = " ".join(why(reason["reason"], words) for reason in score["reasons"])
        table.add_row(words.person(score["employee_id"]), score["score"] or "-", score["model_version"], reasons)
    return [*blocks, Text(counts), table]


def _state(schedule: Any, words: Words) -> str:
    if not schedule["scheduled"]:
        return words.text("No schedule yet: offboard scan schedule --at 06:00 --zone Asia/Shanghai")
    if schedule["paused"]:
        return words.text("The schedule is paused: {note}", note=schedule["note"] or "-")
    return words.text("Next scan (UTC): {time}", time=_next(schedule))


def _next(schedule: Any) -> str:
    return minute(next(iter(schedule["next_runs"]), "")) or "-"


def _feeds(plain: Any, words: Words) -> Blocks:
    blocks: Blocks = []
    if plain["degraded"]:
        names = words.text(", ").join(words.word(name) for name in plain["degraded"])
        told = words.text("Degraded: no news for too long from {feeds}. What rests on them is unknown.", feeds=names)
        blocks.append(Text(told))
    if plain["absent"]:
        names = words.text(", ").join(words.word(name) for name in plain["absent"])
        blocks.append(Text(words.text("Never imported, so not looked at: {feeds}.", feeds=names)))
    return blocks


def _last_scans(scans: list[Any], words: Words) -> Any:
    table = grid(words, "as of", "kind", "began (UTC)", "ended (UTC)", "people", "degraded", right=("people",))
    for scan in scans:
        ended = minute(scan["finished_at"]) or words.text("did not end")
        degraded = words.text(", ").join(words.word(name) for name in scan["degraded"]) or "-"
        table.add_row(scan["as_of"], words.word(scan["kind"]), minute(scan["started_at"]), ended,
                      str(scan["people"]), degraded)  # fmt: skip
    return table
