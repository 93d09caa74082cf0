"""Loss rates out of the company's own invoices: added up in the database, and kept for a month.

What is added up is written down in `models.loss_history.flows_of`; here the same is one statement over all invoices.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, TextClause, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from models.ageing import AgeingBasis, AgeingPolicy
from models.amounts import ZERO
from models.loss_history import Flow, known_after, observed_rates
from models.loss_rates import EVERYBODY
from models.receivables import RateTable
from store.tables import loss_experience

_FLOWS = """
WITH past AS (
    SELECT i.id, i.client_id, i.currency, i.amount, i.{start} AS start FROM invoices i
    WHERE i.amount > 0 AND i.{start} <= CAST(:until AS date) - CAST(:known_after AS integer)
),
entries AS (
    SELECT past.id, p.kind = 'write_off' AS given_up, p.paid_on - past.start AS age, p.amount
    FROM past JOIN payments p ON p.invoice_id = past.id AND p.currency = past.currency WHERE p.paid_on <= :until
    UNION ALL
    SELECT past.id, false, n.issued_on - past.start, -n.amount
    FROM past JOIN invoices n ON n.credits_id = past.id AND n.currency = past.currency AND n.client_id = past.client_id
    WHERE n.issued_on <= :until
),
lowered AS (
    SELECT id, coalesce(sum(amount) FILTER (WHERE NOT given_up), 0) AS settled{sums} FROM entries GROUP BY id
),
reached AS (
    SELECT past.client_id, past.currency, coalesce(settled, 0) AS settled, past.amount AS reached_0, 0 AS settled_0
        {reached} FROM past LEFT JOIN lowered ON lowered.id = past.id
)
SELECT r.currency, c.segment, {totals}
FROM reached r JOIN clients c ON c.id = r.client_id GROUP BY r.currency, c.segment ORDER BY r.currency, c.segment
"""

_SUMS = """,
        coalesce(sum(amount) FILTER (WHERE age <= :age_{n}), 0) AS lowered_{n},
        coalesce(sum(amount) FILTER (WHERE NOT given_up AND age <= :age_{n}), 0) AS settled_{n}"""

_REACHED = """,
        greatest(0, past.amount - coalesce(lowered_{n}, 0)) AS reached_{n}, coalesce(settled_{n}, 0) AS settled_{n}"""

_TOTALS = """
    count(*) FILTER (WHERE reached_{n} > 0) AS items_{n}, sum(reached_{n}) AS reached_{n},
    sum(least(reached_{n}, greatest(0, reached_{n} - (settled - settled_{n})))) AS lost_{n}"""


def last_day_before(as_of: date) -> date:
    """The last day of the past that rates are made from: the end of the month before."""
    return as_of.replace(day=1) - timedelta(days=1)


def rates_of(
    connection: Connection, ageing: AgeingPolicy, as_of: date, at: datetime | None = None
) -> tuple[RateTable, ...]:
    """What the past says under a policy, by currency: of all invoices up to the end of the month before `as_of`.

    Made once and kept, as it reads all of them; with `at`, which is now, else nothing is written.
    """
    until = last_day_before(as_of)
    key = _key(ageing, until)
    kept = connection.execute(select(loss_experience.c.rates).where(loss_experience.c.key == key)).scalar()
    if kept is not None:
        return tuple(RateTable.model_validate(table) for table in kept)
    tables = tuple(
        observed_rates(flows, ageing, currency, until)
        for currency, flows in flows_by_currency(connection, ageing, until).items()
    )
    if at is None:
        return tables
    values = {"key": key, "until": until, "made_at": at, "rates": [table.model_dump(mode="json") for table in tables]}
    connection.execute(insert(loss_experience).values(values).on_conflict_do_nothing())
    return tables


def forget(connection: Connection) -> None:
    """Invoices or payments of the past came in: what was kept is no longer what the past says."""
    connection.execute(delete(loss_experience))


def flows_by_currency(connection: Connection, ageing: AgeingPolicy, until: date) -> dict[str, list[Flow]]:
    """What reached which bucket and what of it was lost: for everybody, then by segment of the clients."""
    ages = [bucket.upto + 1 for bucket in ageing.buckets if bucket.upto is not None]
    asked: dict[str, Any] = {"until": until, "known_after": known_after(ageing)}
    asked |= {f"age_{number}": age for number, age in enumerate(ages, 1)}
    flows: dict[str, list[Flow]] = defaultdict(list)
    for row in connection.execute(_query(ageing, len(ages)), asked).mappings():
        for number, bucket in enumerate(ageing.buckets):
            items, reached, lost = (row[f"{what}_{number}"] for what in ("items", "reached", "lost"))
            if items:
                flows[row["currency"]].append(Flow(row["segment"], bucket.label, items, reached, lost))
    return {currency: _with_everybody(found, ageing) for currency, found in flows.items()}


def _with_everybody(flows: Sequence[Flow], ageing: AgeingPolicy) -> list[Flow]:
    everybody = []
    for bucket in ageing.buckets:
        same = [flow for flow in flows if flow.bucket == bucket.label]
        if same:
            reached, lost = (sum((getattr(flow, what) for flow in same), ZERO) for what in ("reached", "lost"))
            everybody.append(Flow(EVERYBODY, bucket.label, sum(flow.items for flow in same), reached, lost))
    return [*everybody, *(flow for flow in flows if flow.segment != EVERYBODY)]


def _query(ageing: AgeingPolicy, limits: int) -> TextClause:
    later = range(1, limits + 1)
    return text(
        _FLOWS.format(
            start="due_on" if ageing.basis is AgeingBasis.DUE_DATE else "issued_on",
            sums="".join(_SUMS.format(n=n) for n in later),
            reached="".join(_REACHED.format(n=n) for n in later),
            totals=",".join(_TOTALS.format(n=n) for n in range(limits + 1)),
        )
    )


def _key(ageing: AgeingPolicy, until: date) -> str:
    """Everything that the rates depend on, and the last day of the past."""
    said = {"ageing": ageing.model_dump(mode="json"), "until": until.isoformat()}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
