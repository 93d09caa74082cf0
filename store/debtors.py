"""What our own books say about debtors beside what they owe: segments, assessments, exchange rates, commission."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, text

from models.base import ClientId, EmployeeId
from models.commission import EarnedCommission
from models.exchange import Quote
from models.receivables import Debtors, Segments, SingleAssessment, Standing

_SEGMENTS = text("SELECT id, segment FROM clients WHERE id = ANY(CAST(:clients AS text[])) AND segment <> ''")

# The newest one counts; `ended_on` is its last day.
_ASSESSMENTS = text("""
SELECT DISTINCT ON (client_id) client_id, standing, loss_rate, assessed_on, note FROM debtor_assessments
WHERE client_id = ANY(CAST(:clients AS text[])) AND assessed_on <= :as_of AND (ended_on IS NULL OR ended_on >= :as_of)
ORDER BY client_id, assessed_on DESC, id DESC
""")

_QUOTES = text("""
SELECT DISTINCT ON (currency, quoted_in) currency, quoted_in, on_day, rate FROM exchange_rates
WHERE on_day <= :as_of ORDER BY currency, quoted_in, on_day DESC
""")

_COMMISSIONS = text("""
SELECT c.id, c.invoice_id, i.client_id, c.amount, c.currency, c.earned_on, c.paid_on,
    coalesce((
        SELECT sum(p.amount) > 0 FROM payments p
        WHERE p.invoice_id = c.invoice_id AND p.kind = 'write_off' AND p.paid_on <= :as_of
    ), false) AS given_up
FROM commissions c JOIN invoices i ON i.id = c.invoice_id
WHERE c.employee_id = :employee AND c.earned_on <= :as_of ORDER BY c.id COLLATE "C"
""")

_SIGNED = text("""
SELECT EXISTS (
    SELECT FROM agreements WHERE employee_id = :employee AND kind = :kind AND signed_on <= :as_of
        AND (ended_on IS NULL OR ended_on >= :as_of)
)
""")


class DebtorFacts(NamedTuple):
    """What an audit asks about some clients as of a day. `quotes` has the newest rate of every pair of currencies."""

    segments: Segments
    singly: Debtors
    quotes: tuple[Quote, ...]


def facts_of(connection: Connection, clients: Collection[ClientId], as_of: date) -> DebtorFacts:
    """Segments, assessments in force and exchange rates; clients that are not here have none."""
    asked = {"clients": list(clients), "as_of": as_of}
    singly = {
        row.client_id: SingleAssessment(
            client=row.client_id,
            standing=Standing(row.standing),
            loss_rate=row.loss_rate,
            assessed_on=row.assessed_on,
            note=row.note,
        )
        for row in connection.execute(_ASSESSMENTS, asked)
    }
    return DebtorFacts(
        segments={row.id: row.segment for row in connection.execute(_SEGMENTS, {"clients": asked["clients"]})},
        singly=singly,
        quotes=tuple(Quote(*row) for row in connection.execute(_QUOTES, {"as_of": as_of})),
    )


def commissions_of(connection: Connection, employee_id: EmployeeId, as_of: date) -> tuple[EarnedCommission, ...]:
    """What somebody has earned up to a day, by id."""
    return tuple(
        EarnedCommission(*row) for row in connection.execute(_COMMISSIONS, {"employee": employee_id, "as_of": as_of})
    )


def has_signed(connection: Connection, employee_id: EmployeeId, kind: str, as_of: date) -> bool:
    """Whether an agreement of that kind is in force on a day."""
    asked = {"employee": employee_id, "kind": kind, "as_of": as_of}
    return bool(connection.execute(_SIGNED, asked).scalar_one())
