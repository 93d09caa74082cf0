"""`baseline-1`: weighted rules on the model's features, for companies with too few leavers to learn from.

Each rule gives none of its points up to `calm`, all of them from `alarm` on, and in proportion between. Points add up
to at most 100 and are no probability. The weights are judgement, put down here for everybody to see: studies of
salespeople name a change of performance and the turnover of peers as what comes before they leave. A missing figure
gives no points. Tenure, the overdue share of one day and the concentration of clients say nothing alone: no rule.
"""

from typing import NamedTuple

import pandas as pd

from early_warning.features import FEATURES

VERSION = "baseline-1"


class Rule(NamedTuple):
    """`points` at most; none at `calm`, all at `alarm`."""

    points: float
    calm: float
    alarm: float


RULES: dict[str, Rule] = {
    "won_value_change": Rule(25, -0.10, -0.60),
    "activity_change": Rule(25, -0.10, -0.60),
    "win_rate_change": Rule(10, -0.05, -0.30),
    "overdue_share_change": Rule(15, 0.05, 0.35),
    "clients_lost": Rule(10, 0, 3),
    "peers_left": Rule(15, 0, 3),
}


def points_of(features: pd.DataFrame) -> pd.DataFrame:
    """The points of every rule, a column a feature; a row's sum is the person's score, 0..100."""
    columns = {}
    for name in FEATURES:
        rule = RULES.get(name, Rule(0, 0, 1))
        strength = (features[name] - rule.calm) / (rule.alarm - rule.calm)
        columns[name] = rule.points * strength.clip(0, 1).fillna(0.0)
    return pd.DataFrame(columns)
