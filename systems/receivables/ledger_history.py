"""The invoices of the past in SQL: when each one was settled, as far as was known on a day."""

from sqlalchemy import TextClause, text

from systems.receivables.ledger_shape import LedgerShape
from systems.receivables.ledger_sql import ASKED

_ALL = "asked AS NOT MATERIALIZED (SELECT id AS source_id, {client} AS client FROM clients)"

# What lowered an invoice, day by day. A credit note counts on the day on which it was given. It is counted once, not
# once an invoice, which a planner without statistics (right after an import) would think cheap.
_LOWERED = """
lowered AS MATERIALIZED (
    SELECT p.invoice_id, p.paid_on AS on_day, p.amount FROM payments p
    JOIN past ON past.id = p.invoice_id AND past.currency = p.currency WHERE p.paid_on <= :as_of
    {credited}
)"""

_CREDITED = """
    UNION ALL
    SELECT n.credits_id, n.issued_on, -n.amount FROM invoices n
    JOIN past ON past.id = n.credits_id AND past.currency = n.currency AND past.source_id = n.client_id
    WHERE n.issued_on <= :as_of"""

# Settled on the first day at the end of which nothing was left, if nothing is left now.
_HISTORY = """
WITH {asked},
past AS (
    SELECT a.client, a.source_id, i.id, i.issued_on, i.due_on, i.amount, i.currency
    FROM asked a JOIN invoices i ON i.client_id = a.source_id
    WHERE i.amount > 0 AND i.issued_on BETWEEN :since AND :as_of
),
{lowered},
settled AS MATERIALIZED (
    SELECT invoice_id, min(on_day) FILTER (WHERE so_far >= amount) AS on_day FROM (
        SELECT l.invoice_id, l.on_day, past.amount, sum(l.amount) OVER (PARTITION BY l.invoice_id) AS in_all,
            sum(l.amount) OVER (PARTITION BY l.invoice_id ORDER BY l.on_day) AS so_far
        FROM lowered l JOIN past ON past.id = l.invoice_id
    ) running WHERE in_all >= amount GROUP BY invoice_id
)
SELECT past.client AS client_id, past.id AS document, past.issued_on, past.due_on,
    CASE WHEN settled.on_day IS NOT NULL THEN greatest(settled.on_day, past.issued_on) END AS settled_on,
    past.amount, past.currency
FROM past LEFT JOIN settled ON settled.invoice_id = past.id
ORDER BY past.client COLLATE "C", past.issued_on, past.id COLLATE "C"
"""


def history_of(shape: LedgerShape, *, asked: bool, ours: bool) -> TextClause:
    """Every invoice with the day on which it was settled. Clients go by our ids; without `asked` in a foreign database
    by the keys that both know.
    """
    clients = ASKED if asked else _ALL.format(client="id" if ours else "source_key")
    lowered = _LOWERED.format(credited=_CREDITED if shape.credited else "")
    return text(_HISTORY.format(asked=clients, lowered=lowered))
