"""What the model sees of a person on a day: figures from records up to that day, nothing of later days.

A figure that cannot be known is missing (NaN), never zero. No attribute of the person themself is among them. That an
invoice is disputed is not looked at: records do not say since when, so a past day would know what came later.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from early_warning.peers import won_against_team
from early_warning.records import LOOK_BACK, Records

WINDOW = 180  # days: the half-year that is looked at, and the one before it that it is compared with
GRACE = 30  # days that a record may begin late and still count as covering the earlier half-year
FEWEST = 3  # deals in each half-year, or contacts in the earlier one, below which a comparison says nothing
STEEPEST = 3.0  # a change is cut at +300 %: ten times next to nothing is not ten times as good
YEAR = 365

# A direction that is known holds the model to it: -1 means that a higher figure can only lower the probability.
FEATURES: dict[str, int] = {
    "tenure_days": 0,
    "won_value_change": -1,
    "won_value_vs_peers": 0,
    "won_value_vs_peers_change": -1,
    "win_rate_change": -1,
    "activity_change": -1,
    "overdue_share": 0,
    "overdue_share_change": 1,
    "largest_client_share": 0,
    "client_tenure_days": 0,
    "clients_lost": 1,
    "peers_left": 1,
}
COMPARISONS = ("won_value_change", "win_rate_change", "activity_change", "overdue_share_change")
FEWEST_COMPARISONS = 2


@dataclass(frozen=True)
class Span:
    """The half-year before a day, and the one before that: `(earlier, middle]` and `(middle, day]`."""

    day: pd.Timestamp

    @property
    def middle(self) -> pd.Timestamp:
        """Where the two half-years meet."""
        return self.day - pd.Timedelta(days=WINDOW)

    @property
    def earlier(self) -> pd.Timestamp:
        """Where the earlier half-year begins."""
        return self.day - pd.Timedelta(days=2 * WINDOW)


def features_of(records: Records, as_of: date) -> pd.DataFrame:
    """One row a person with the columns of FEATURES, as of the end of a day, in the order of `records.people`."""
    span = Span(pd.Timestamp(as_of))
    people = records.people.set_index("employee_id")
    deals = _until(records.deals, "closed_on", span.day)
    contacts = _until(records.contacts, "day", span.day)
    invoices = _until(records.invoices, "issued_on", span.day)
    bills = _in_main_currency(invoices)
    won = _in_main_currency(deals[deals["won"].astype(bool)])
    overdue = partial(_overdue_share, bills, records.payments)
    against_team = partial(won_against_team, records.colleagues, records.team_wins, window=WINDOW)
    versus_peers = against_team(span.day)
    figures = {
        "tenure_days": (span.day - people["hired_on"]).dt.days,
        "won_value_change": _change(won, "closed_on", "amount", _begins(deals, "closed_on", span), span, fewest=1),
        "won_value_vs_peers": versus_peers,
        "won_value_vs_peers_change": versus_peers - against_team(span.middle),
        "win_rate_change": _win_rate_change(deals, span),
        "activity_change": _change(contacts, "day", "times", _begins(contacts, "day", span), span, fewest=FEWEST),
        "overdue_share": overdue(span.day),
        "overdue_share_change": overdue(span.day) - overdue(span.middle),
        "largest_client_share": _largest_client_share(bills, span),
        "client_tenure_days": _client_tenure(contacts, invoices, span),
        "clients_lost": _clients_lost(contacts, invoices, span),
        "peers_left": _peers_left(people, records.colleagues, span),
    }
    return pd.DataFrame({name: figures[name].reindex(people.index).astype(float) for name in FEATURES})


def enough_history(features: pd.DataFrame) -> pd.Series:
    """True for people of whom enough is known: half a year in the company, and two comparisons that can be made."""
    seasoned = ~(features["tenure_days"] < WINDOW)  # an unknown day of hire is no reason, the records tell
    return seasoned & (features[list(COMPARISONS)].notna().sum(axis=1) >= FEWEST_COMPARISONS)


def _until(frame: pd.DataFrame, column: str, day: pd.Timestamp) -> pd.DataFrame:
    return frame[(frame[column] <= day) & (frame[column] > day - pd.Timedelta(days=LOOK_BACK))]


def _in_main_currency(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in each person's most frequent currency: amounts in two currencies are never added up."""
    counts = frame.groupby(["employee_id", "currency"]).size().reset_index(name="rows")
    main = counts.sort_values(["rows", "currency"], ascending=[False, True]).drop_duplicates("employee_id")
    return frame.merge(main[["employee_id", "currency"]], on=["employee_id", "currency"])


def _begins(frame: pd.DataFrame, column: str, span: Span) -> pd.Series:
    """True for people whose record reaches back over the earlier half-year; later ones would compare with nothing."""
    first = frame.groupby("employee_id")[column].min()
    return first <= span.earlier + pd.Timedelta(days=GRACE)


def _halves(frame: pd.DataFrame, column: str, span: Span) -> tuple[pd.DataFrame, pd.DataFrame]:
    earlier = frame[(frame[column] > span.earlier) & (frame[column] <= span.middle)]
    return earlier, frame[frame[column] > span.middle]


def _change(frame: pd.DataFrame, column: str, amount: str, covered: pd.Series, span: Span, *, fewest: int) -> pd.Series:
    earlier, recent = (half.groupby("employee_id")[amount].sum() for half in _halves(frame, column, span))
    base = earlier[earlier >= fewest]
    change = recent.reindex(base.index, fill_value=0.0) / base - 1
    return change[covered.reindex(base.index, fill_value=False)].clip(upper=STEEPEST)


def _win_rate_change(deals: pd.DataFrame, span: Span) -> pd.Series:
    rates = []
    for half in _halves(deals, "closed_on", span):
        won = half.groupby("employee_id")["won"].agg(["mean", "count"])
        rates.append(won["mean"].where(won["count"] >= FEWEST).astype(float))
    return rates[1] - rates[0]


def _overdue_share(bills: pd.DataFrame, payments: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    issued = bills[bills["issued_on"] <= day]
    paid = payments[payments["paid_on"] <= day].groupby("invoice_id")["paid"].sum()
    open_amount = (issued["amount"] - issued["invoice_id"].map(paid).fillna(0.0)).clip(lower=0.0)
    late = open_amount.where(issued["due_on"] < day, 0.0)
    whole = open_amount.groupby(issued["employee_id"]).sum()
    return late.groupby(issued["employee_id"]).sum() / whole.where(whole > 0)


def _largest_client_share(bills: pd.DataFrame, span: Span) -> pd.Series:
    year = bills[(bills["issued_on"] > span.day - pd.Timedelta(days=YEAR)) & (bills["amount"] > 0)]
    by_client = year.groupby(["employee_id", "client_id"])["amount"].sum()
    people = by_client.groupby(level="employee_id")
    return people.max() / people.sum()


def _clients_lost(contacts: pd.DataFrame, invoices: pd.DataFrame, span: Span) -> pd.Series:
    """Clients with an invoice or a contact in the earlier half-year and with neither since."""
    traces = _traces(contacts, invoices)
    last = traces.groupby(["employee_id", "client_id"])["day"].max()
    lost = ((last > span.earlier) & (last <= span.middle)).groupby(level="employee_id").sum()
    return lost[_begins(traces, "day", span).reindex(lost.index, fill_value=False)]


def _client_tenure(contacts: pd.DataFrame, invoices: pd.DataFrame, span: Span) -> pd.Series:
    """Median days, over the clients of this half-year, since the first trace of each; two years at most are seen."""
    days = _traces(contacts, invoices).groupby(["employee_id", "client_id"])["day"].agg(["min", "max"])
    current = days[days["max"] > span.middle]
    known: pd.Series = (span.day - current["min"]).dt.days.astype(float)
    return known.groupby(level="employee_id").median()


def _traces(contacts: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """Every day on which a client shows: an invoice or a contact."""
    billed = invoices[["employee_id", "client_id", "issued_on"]].rename(columns={"issued_on": "day"})
    return pd.concat([contacts[["employee_id", "client_id", "day"]], billed])


def _peers_left(people: pd.DataFrame, colleagues: pd.DataFrame, span: Span) -> pd.Series:
    gone = colleagues[(colleagues["left_on"] > span.middle) & (colleagues["left_on"] <= span.day)]
    by_manager = gone.groupby("manager_id").size()
    count = people["manager_id"].map(by_manager).fillna(0.0)
    return count.where(people["manager_id"].notna(), np.nan)
