"""A figure of a person as a sentence. It states the figure, not its effect; the contribution beside it tells that."""

from collections.abc import Mapping
from decimal import Decimal

from models.reasons import Reason, because
from models.scan import ScoreReason

MOST = 3

# By feature: the sentence for a figure below zero, and the one for all others.
SENTENCES: dict[str, tuple[str, str]] = {
    "tenure_days": ("", "In the company for {figure} days."),
    "won_value_change": (
        "The value won fell by {figure} % against the 180 days before.",
        "The value won rose by {figure} % against the 180 days before.",
    ),
    "won_value_vs_peers": ("", "The value won in 180 days is {figure} % of the team's median."),
    "won_value_vs_peers_change": (
        "The value won fell by {figure} percentage points of the team's median in 180 days.",
        "The value won rose by {figure} percentage points of the team's median in 180 days.",
    ),
    "win_rate_change": (
        "The win rate fell by {figure} percentage points against the 180 days before.",
        "The win rate rose by {figure} percentage points against the 180 days before.",
    ),
    "activity_change": (
        "Contacts with clients fell by {figure} % against the 180 days before.",
        "Contacts with clients rose by {figure} % against the 180 days before.",
    ),
    "overdue_share": ("", "{figure} % of the open receivables are overdue."),
    "overdue_share_change": (
        "The overdue share of receivables fell by {figure} percentage points in 180 days.",
        "The overdue share of receivables rose by {figure} percentage points in 180 days.",
    ),
    "largest_client_share": ("", "The largest client makes {figure} % of the value invoiced in a year."),
    "client_tenure_days": ("", "Half of the current clients have been known for more than {figure} days."),
    "clients_lost": ("", "Clients without invoice or contact in the last 180 days, after business before: {figure}."),
    "peers_left": ("", "Colleagues of the same manager who left in the last 180 days: {figure}."),
}
COUNTS = ("tenure_days", "client_tenure_days", "clients_lost", "peers_left")


def reason_for(feature: str, figure: float) -> Reason:
    """The sentence for one figure, with shares as whole percent."""
    below, other = SENTENCES[feature]
    size = figure if feature in COUNTS else 100 * figure
    shown = Decimal(size).quantize(Decimal(1))
    return because(below if shown < 0 else other, figure=abs(shown))


def top_reasons(figures: Mapping[str, float], contributions: Mapping[str, float]) -> tuple[ScoreReason, ...]:
    """The three known figures that moved the score most, up or down; a figure that moved nothing is no reason."""
    moved = [name for name, part in contributions.items() if name in figures and part and not _missing(figures[name])]
    order = sorted(moved, key=lambda name: (-abs(contributions[name]), name))[:MOST]
    return tuple(
        ScoreReason(feature=name, contribution=contributions[name], reason=reason_for(name, figures[name]))
        for name in order
    )


def _missing(figure: float) -> bool:
    return figure != figure  # noqa: PLR0124  (NaN alone differs from itself)
