"""A person against the team: the people who sell for the same manager."""

import pandas as pd

FEWEST_PEERS = 3  # beside the person: with fewer, it would be a comparison with persons and not with a team
FARTHEST = 3.0  # three times the median of the team is far enough


def won_against_team(colleagues: pd.DataFrame, wins: pd.DataFrame, day: pd.Timestamp, window: int) -> pd.Series:
    """The value won in the `window` days up to a day, as a multiple of the team's median, by employee id.

    The team are those who sold for the whole window; whoever won nothing counts as zero. Amounts are those in the
    team's most frequent currency; whoever won in another one alone has no figure.
    """
    start = day - pd.Timedelta(days=window)
    here = ~(colleagues["hired_on"] > start) & ~(colleagues["left_on"] <= day)
    team = colleagues[colleagues["sells"].astype(bool) & here].set_index("colleague_id")
    won = wins[(wins["closed_on"] > start) & (wins["closed_on"] <= day)]
    won = won.assign(manager_id=won["colleague_id"].map(team["manager_id"])).dropna(subset=["manager_id"])
    counts = won.groupby(["manager_id", "currency"]).size().reset_index(name="rows")
    main = counts.sort_values(["rows", "currency"], ascending=[False, True]).drop_duplicates("manager_id")
    counted = won.merge(main[["manager_id", "currency"]], on=["manager_id", "currency"])
    totals = counted.groupby("colleague_id")["amount"].sum().astype(float)
    value = totals.reindex(team.index)
    value = value.mask(value.isna() & ~team.index.isin(won["colleague_id"]), 0.0)
    teams = value.groupby(team["manager_id"])
    median = teams.transform("median")
    enough = teams.transform("count") > FEWEST_PEERS
    return (value / median).where(enough & (median > 0)).clip(upper=FARTHEST)
