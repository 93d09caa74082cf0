"""Open items in SQL: one definition, from which single items, their sums and their history are read.

What is paid and credited on an invoice goes to its earliest instalment first; what is too much, or missing in the
instalments, falls on the last one. A disputed part goes to the earliest open instalment first. A credit note for an
invoice of the same client and currency lowers that invoice by what is left of the note (its amount without what was
refunded). Money on account that was applied later (a negative payment on account) uses up the earliest payment on
account; what is left of each is an open item.
"""

from sqlalchemy import TextClause, text

from systems.receivables.ledger_shape import LedgerShape

# From this many clients on it is cheaper to add up all payments than to look for those of the clients.
MANY = 500
# More than our amounts can be.
ALL_OF_IT = "CAST(10000000000000000 AS numeric)"

ASKED = """
asked AS MATERIALIZED (
    SELECT c.id AS source_id, a.client, a.low, a.high, a.low <> 0 OR a.high <> 1 AS shared
    FROM unnest(
        CAST(:clients AS text[]), CAST(:keys AS text[]), CAST(:lows AS numeric[]), CAST(:highs AS numeric[])
    ) AS a (client, key, low, high)
    JOIN clients c ON c.source_key = a.key
)"""

# Of the clients asked for, those that are in these tables.
KNOWN = text("SELECT count(*) FROM unnest(CAST(:keys AS text[])) AS a (key) JOIN clients c ON c.source_key = a.key")

# Paid and written off.
_PAID = """
paid AS NOT MATERIALIZED (
    SELECT p.invoice_id, p.currency, sum(p.amount) AS amount FROM payments p {of_theirs}
    WHERE p.invoice_id IS NOT NULL AND p.paid_on <= :as_of GROUP BY p.invoice_id, p.currency
)"""

_OF_THEIRS = "JOIN invoices n ON n.id = p.invoice_id JOIN asked a ON a.source_id = n.client_id"

# What is left of each credit note, from its own day on, and the invoice that it lowers: one of the same client and
# currency. A note without one stands for itself.
_NOTES = """
notes AS MATERIALIZED (
    SELECT k.id, k.client_id, k.issued_on, k.due_on, k.currency, k.amount < 0 AS note,
        CASE WHEN k.issued_on <= :as_of THEN k.amount ELSE 0 END AS amount,
        coalesce((
            SELECT sum(p.amount) FROM payments p
            WHERE p.invoice_id = k.id AND p.currency = k.currency AND p.paid_on <= :as_of
        ), 0) AS refunded,
        (
            SELECT t.id FROM invoices t WHERE t.id = k.credits_id AND t.client_id = k.client_id
                AND t.currency = k.currency AND t.credits_id IS NULL
        ) AS invoice_id
    FROM invoices k WHERE k.credits_id IS NOT NULL AND k.client_id IN (SELECT source_id FROM asked)
)"""

# Invoices that need a second look: few. `lowered` is what credit notes take off.
_SPECIAL = """
special AS MATERIALIZED (
    SELECT invoice_id, sum(lowered) AS lowered FROM ({sources}
    ) entries GROUP BY invoice_id
)"""

_CREDITED = """
        SELECT invoice_id, refunded - amount AS lowered FROM notes WHERE invoice_id IS NOT NULL"""

_DUE_IN_PARTS = """
        SELECT s.invoice_id, 0 AS lowered FROM instalments s {of_theirs}"""

_OF_THEIR_INSTALMENTS = "JOIN invoices n ON n.id = s.invoice_id JOIN asked a ON a.source_id = n.client_id"

_NOT_SPECIAL = "n.id NOT IN (SELECT invoice_id FROM special)"
_NO_NOTE = "n.credits_id IS NULL AND "

# OFFSET 0 keeps the planner from writing `whole` out wherever it is used: it would be worked out five times.
_PLAIN = """
plain AS NOT MATERIALIZED (
    SELECT a.client, a.low, a.high, a.shared, n.id AS document, 0 AS instalment, n.amount < 0 AS note, n.issued_on,
        CASE WHEN n.amount < 0 THEN n.issued_on ELSE n.due_on END AS due_on,
        CASE WHEN n.issued_on <= :as_of THEN n.amount ELSE 0 END AS amount,
        CASE WHEN n.issued_on <= :as_of THEN n.amount ELSE 0 END - coalesce(p.amount, 0) AS whole, n.currency,
        {in_dispute} AS in_dispute, CAST(0 AS numeric) AS ahead
    FROM asked a JOIN invoices n ON n.client_id = a.source_id
    LEFT JOIN paid p ON p.invoice_id = n.id AND p.currency = n.currency
    WHERE {which}
    OFFSET 0
)"""

# `before` is what is due with the instalments before this one, `ahead` what is still open of them.
_PARTS = """
parts AS NOT MATERIALIZED (
    SELECT s.invoice_id, s.due_on, s.amount, row_number() OVER earlier AS number,
        sum(s.amount) OVER earlier - s.amount AS before, count(*) OVER (PARTITION BY s.invoice_id) AS parts
    FROM instalments s WHERE s.invoice_id IN (SELECT invoice_id FROM special)
    WINDOW earlier AS (PARTITION BY s.invoice_id ORDER BY s.due_on, s.id COLLATE "C")
)"""

_SECOND_LOOK = """
lowered AS NOT MATERIALIZED (
    SELECT a.client, a.low, a.high, a.shared, n.id, n.amount < 0 AS note, n.issued_on, n.due_on,
        CASE WHEN n.issued_on <= :as_of THEN n.amount ELSE 0 END AS amount, n.currency, {in_dispute} AS in_dispute,
        s.lowered + coalesce((
            SELECT sum(p.amount) FROM payments p
            WHERE p.invoice_id = n.id AND p.currency = n.currency AND p.paid_on <= :as_of
        ), 0) AS lowered
    FROM special s JOIN invoices n ON n.id = s.invoice_id JOIN asked a ON a.source_id = n.client_id
    WHERE {which}
    OFFSET 0
)"""

_IN_PARTS = """
in_parts AS NOT MATERIALIZED (
    SELECT l.client, l.low, l.high, l.shared, l.id AS document, coalesce(s.number, 0) AS instalment, l.note,
        l.issued_on, coalesce(s.due_on, CASE WHEN l.note THEN l.issued_on ELSE l.due_on END) AS due_on,
        coalesce(s.amount, l.amount) AS amount,
        CASE WHEN s.number IS NULL THEN l.amount - l.lowered
            WHEN s.number = s.parts THEN l.amount - l.lowered - s.before + least(greatest(l.lowered, 0), s.before)
            ELSE s.amount - least(greatest(l.lowered - s.before, 0), s.amount) END AS whole,
        l.currency, l.in_dispute, coalesce(s.before - least(greatest(l.lowered, 0), s.before), 0) AS ahead
    FROM lowered l LEFT JOIN parts s ON s.invoice_id = l.id AND l.issued_on <= :as_of
)"""

_NOT_IN_PARTS = """
in_parts AS NOT MATERIALIZED (
    SELECT client, low, high, shared, id AS document, 0 AS instalment, note, issued_on,
        CASE WHEN note THEN issued_on ELSE due_on END AS due_on, amount, amount - lowered AS whole, currency,
        in_dispute, 0 AS ahead
    FROM lowered
)"""

# Of what came in and went out on account, the smaller side is used up: (gross - |net|) / 2.
_ON_ACCOUNT = """
on_account AS NOT MATERIALIZED (
    SELECT *, abs(amount) - least(greatest((gross - abs(net)) / 2 - before, 0), abs(amount)) AS rest FROM (
        SELECT a.client, a.low, a.high, a.shared, p.id, p.paid_on, p.currency, -p.amount AS amount,
            -sum(p.amount) OVER account AS net, sum(abs(p.amount)) OVER account AS gross,
            sum(abs(p.amount)) OVER (PARTITION BY a.client, p.currency, sign(p.amount)
                ORDER BY p.paid_on, p.id COLLATE "C") - abs(p.amount) AS before
        FROM asked a JOIN payments p ON p.client_id = a.source_id
        WHERE p.invoice_id IS NULL AND p.paid_on <= :as_of
        WINDOW account AS (PARTITION BY a.client, p.currency)
    ) moved WHERE sign(amount) = sign(net)
)"""

_OF_INVOICES = """
    SELECT client, low, high, shared, document, instalment,
        CASE WHEN note THEN 'credit_note' ELSE 'invoice' END AS kind, issued_on, due_on, amount, whole, currency,
        CASE WHEN in_dispute IS NOT NULL THEN least(greatest(in_dispute - ahead, 0), greatest(whole, 0)) END
            AS contested
    FROM {invoices} WHERE whole <> 0"""

_OF_NOTES = """
    UNION ALL
    SELECT a.client, a.low, a.high, a.shared, k.id, 0,
        CASE WHEN k.note THEN 'credit_note' ELSE 'invoice' END, k.issued_on,
        CASE WHEN k.note THEN k.issued_on ELSE k.due_on END, k.amount, k.amount - k.refunded, k.currency, NULL
    FROM notes k JOIN asked a ON a.source_id = k.client_id WHERE k.invoice_id IS NULL AND k.amount <> k.refunded"""

_OF_CASH = """
    UNION ALL
    SELECT client, low, high, shared, id, 0, 'unapplied_cash', paid_on, paid_on, amount, sign(amount) * rest, currency,
        NULL
    FROM on_account WHERE rest <> 0"""

# Rounded at the borders of the portion, so that the parts of all holders add up to the whole.
_PART = """CASE WHEN NOT shared THEN {amount} ELSE
        CASE WHEN high = 1 THEN {amount} ELSE round({amount} * high, 2) END
        - CASE WHEN low = 0 THEN 0 ELSE round({amount} * low, 2) END END"""

_LINES = """
SELECT client, currency, bucket, also, count(*) AS items, sum(part) AS outstanding,
    coalesce(sum(whole) FILTER (WHERE shared), sum(part)) AS whole,
    coalesce(sum(part) FILTER (WHERE due_on < :as_of), 0) AS overdue,
    coalesce(sum(contested), 0) AS disputed,
    count(*) FILTER (WHERE contested > 0) AS disputed_items,
    coalesce(max(CAST(:as_of AS date) - due_on) FILTER (WHERE whole > 0 AND due_on < :as_of), 0) AS oldest_days
FROM (
    SELECT client, currency, due_on, whole, shared, {part} AS part,
        CASE WHEN contested IS NOT NULL THEN {contested} END AS contested,
        width_bucket(CAST(:as_of AS date) - {age}, CAST(:limits AS integer[])) AS bucket,
        {also} AS also
    FROM items
) aged
GROUP BY client, currency, bucket, also
ORDER BY client COLLATE "C", currency COLLATE "C", bucket, also
"""

_ITEMS = """
SELECT client AS client_id, document, instalment, kind, issued_on, due_on, amount, {part} AS outstanding, whole,
    currency, coalesce({contested}, 0) AS disputed
FROM items ORDER BY client COLLATE "C", due_on, document COLLATE "C", instalment
"""


def items_of(shape: LedgerShape, *, many: bool) -> TextClause:
    """Every open item with the part of it that is asked for, in the order of the port."""
    part, contested = _PART.format(amount="whole"), _PART.format(amount="contested")
    return text(_with_items(shape, many=many) + _ITEMS.format(part=part, contested=contested))


def lines_of(shape: LedgerShape, *, many: bool, by_due_date: bool, also: bool) -> TextClause:
    """Open items added up by client, currency and the positions of their buckets, on both bases."""
    age, other = ("due_on", "issued_on") if by_due_date else ("issued_on", "due_on")
    second = f"width_bucket(CAST(:as_of AS date) - {other}, CAST(:also AS integer[]))" if also else "0"
    part, contested = _PART.format(amount="whole"), _PART.format(amount="contested")
    return text(_with_items(shape, many=many) + _LINES.format(part=part, contested=contested, age=age, also=second))


def _with_items(shape: LedgerShape, *, many: bool) -> str:
    special = shape.credited or shape.instalments
    theirs = "" if many else _OF_THEIRS
    disputes, own = _in_dispute(shape), _NO_NOTE if shape.credited else ""
    tables, sources = [ASKED, _PAID.format(of_theirs=theirs)], [_OF_INVOICES.format(invoices="plain")]
    if special:
        tables += _special(shape, many=many)
        tables.append(_SECOND_LOOK.format(in_dispute=disputes, which=f"{own}true"))
        tables += [_PARTS, _IN_PARTS] if shape.instalments else [_NOT_IN_PARTS]
        sources.append(f"\n    UNION ALL{_OF_INVOICES.format(invoices='in_parts')}")
    tables.append(_PLAIN.format(in_dispute=disputes, which=f"{own}{_NOT_SPECIAL if special else 'true'}"))
    if shape.credited:
        sources.append(_OF_NOTES)
    if shape.on_account:
        tables.append(_ON_ACCOUNT)
        sources.append(_OF_CASH)
    return f"WITH {','.join(tables)},\nitems AS NOT MATERIALIZED ({''.join(sources)}\n)"


def _special(shape: LedgerShape, *, many: bool) -> list[str]:
    """The invoices that were credited or are due in parts."""
    sources = [_CREDITED] if shape.credited else []
    if shape.instalments:
        sources.append(_DUE_IN_PARTS.format(of_theirs="" if many else _OF_THEIR_INSTALMENTS))
    found = _SPECIAL.format(sources="\n        UNION ALL".join(sources))
    return [_NOTES, found] if shape.credited else [found]


def _in_dispute(shape: LedgerShape) -> str:
    """How much of the invoice is in dispute at most; null when nothing is."""
    if not shape.disputes:
        return "CAST(NULL AS numeric)"
    since = " AND (n.disputed_on IS NULL OR n.disputed_on <= :as_of)" if shape.dispute_dates else ""
    amount = f"coalesce(n.disputed_amount, {ALL_OF_IT})" if shape.dispute_amounts else ALL_OF_IT
    return f"CASE WHEN n.disputed{since} THEN {amount} END"


# Counted without looking at single invoices.
_INVOICED_IN_ALL = """
    SELECT a.client, i.currency, i.amount FROM asked a JOIN invoices i ON i.client_id = a.source_id
    WHERE i.issued_on <= :as_of
    UNION ALL
    SELECT a.client, p.currency, -p.amount
    FROM asked a JOIN invoices i ON i.client_id = a.source_id JOIN payments p ON p.invoice_id = i.id
    WHERE p.paid_on <= :as_of"""

_ON_ACCOUNT_IN_ALL = """
    UNION ALL
    SELECT a.client, p.currency, -p.amount FROM asked a JOIN payments p ON p.client_id = a.source_id
    WHERE p.invoice_id IS NULL AND p.paid_on <= :as_of"""

_BALANCES = """
WITH {asked}
SELECT client, currency, sum(amount) AS balance FROM ({entries}
) entries
GROUP BY client, currency HAVING sum(amount) <> 0 ORDER BY client COLLATE "C", currency COLLATE "C"
"""

BALANCES = text(_BALANCES.format(asked=ASKED, entries=_INVOICED_IN_ALL + _ON_ACCOUNT_IN_ALL))
BALANCES_WITHOUT_ACCOUNTS = text(_BALANCES.format(asked=ASKED, entries=_INVOICED_IN_ALL))
