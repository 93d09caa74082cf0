"""The view of one person's score: every figure, its value, and what it added."""

from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from models.scan import Basis
from reports.terminal_tables import Blocks, grid, why
from reports.terminal_words import Words

# Why a person has no score, and what would help.
BLANK: dict[str, str] = {
    Basis.INSUFFICIENT_HISTORY: "{person} on {day}: no score, because the history is too short. It takes half a year "
    "in the company, and two of the figures below that compare one half-year with the one before (value won, win "
    "rate, contacts, overdue share). Only time helps, or older records that were not imported yet.",
    Basis.UNKNOWN: "{person} on {day}: unknown, because a feed that the score rests on was silent. "
    "Import its newest records; the next scan then scores the person.",
}
FIGURES: dict[str, str] = {
    "tenure_days": "days in the company",
    "won_value_change": "value won, against the half-year before",
    "won_value_vs_peers": "value won, of the team's median",
    "won_value_vs_peers_change": "value won of the median, change in points",
    "win_rate_change": "win rate, change in points",
    "activity_change": "contacts with clients, against the half-year before",
    "overdue_share": "overdue share of receivables",
    "overdue_share_change": "overdue share, change in points",
    "largest_client_share": "share of the largest client",
    "client_tenure_days": "days that half of the clients are known",
    "clients_lost": "clients lost in the half-year",
    "peers_left": "colleagues who left in the half-year",
    "bias": "where everybody starts",
}
COUNTS = ("tenure_days", "client_tenure_days", "clients_lost", "peers_left")
POINTS = ("won_value_vs_peers_change", "win_rate_change", "overdue_share_change")


def show_score(plain: Any, words: Words) -> Blocks:
    """One person's score with its reasons and every figure behind it, or why there is none."""
    person = words.person(plain["employee_id"])
    if blank := BLANK.get(plain["basis"]):
        return [Text(words.text(blank, person=person, day=plain["day"])), _figures(plain, words)]
    head = words.text("{person} on {day}: {score} ({version}). A prediction only informs; it has no consequence.",
                      person=person, day=plain["day"], score=plain["score"],
                      version=plain["model_version"])  # fmt: skip
    reasons = [Text(f"  {why(reason['reason'], words)}") for reason in plain["reasons"]]
    sums = (
        "The parts add up to the log-odds of leaving within 90 days: {margin}."
        if plain["basis"] == Basis.MODEL
        else "The parts are points, they add up to the score: {margin}."
    )
    told: Blocks = [Text(head), *reasons, _figures(plain, words)]
    if plain["margin"] is not None:
        told.append(Text(words.text(sums, margin=f"{plain['margin']:.2f}")))
    if not plain["figures"]:
        told.append(Text(words.text("Records of that day were changed since: the values are not known any more.")))
    return told


def _figures(plain: Any, words: Words) -> Table:
    """All figures, those that moved the score most first."""
    parts, figures = plain["contributions"], plain["figures"]
    table = grid(words, "figure", "value", "part of the score", right=("value", "part of the score"))
    names = [name for name in FIGURES if name in parts or name in figures]
    for name in sorted(names, key=lambda each: -abs(parts.get(each, 0.0))):
        part = f"{parts[name]:+.2f}" if name in parts else "-"
        table.add_row(words.text(FIGURES[name]), _value(name, figures, words), part)
    return table


def _value(name: str, figures: Any, words: Words) -> str:
    if name not in figures:
        return ""
    if figures[name] is None:
        return words.text("not known")
    value = Decimal(str(figures[name]))
    if name in COUNTS:
        return words.number(value.quantize(Decimal(1)))
    if name in POINTS:
        return f"{round(100 * value):+d}"
    share = words.percent(value, 0)
    return f"+{share}" if name.endswith("_change") and value > 0 else share
