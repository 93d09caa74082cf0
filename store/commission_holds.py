"""Commission that a case holds back until the client has paid."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from models.collection import CommissionHold
from models.receivables import HeldCommission
from store.among import among
from store.tables import commission_holds, commissions, invoices


def add(connection: Connection, case_id: str, held: Iterable[HeldCommission], *, at: datetime) -> int:
    """Hold commission back; what is held already stays as it is. Returns how many are new."""
    rows = [
        {
            "case_id": case_id,
            "commission_id": each.commission,
            "amount": each.amount,
            "currency": each.currency,
            "held_at": at,
        }
        for each in held
    ]
    if not rows:
        return 0
    adding = insert(commission_holds).on_conflict_do_nothing().returning(commission_holds.c.commission_id)
    return len(connection.execute(adding, rows).all())


def of_case(connection: Connection, case_id: str) -> tuple[CommissionHold, ...]:
    """Everything that a case holds back or has held back, by document and commission."""
    rows = connection.execute(
        select(commission_holds, commissions.c.invoice_id, invoices.c.client_id)
        .join(commissions, commissions.c.id == commission_holds.c.commission_id)
        .join(invoices, invoices.c.id == commissions.c.invoice_id)
        .where(commission_holds.c.case_id == case_id)
        .order_by(commissions.c.invoice_id, commission_holds.c.commission_id)
    ).mappings()
    return tuple(
        CommissionHold(
            commission=row["commission_id"],
            document=row["invoice_id"],
            client=row["client_id"],
            amount=row["amount"],
            currency=row["currency"],
            held_at=row["held_at"],
            released_at=row["released_at"],
        )
        for row in rows
    )


def release(connection: Connection, case_id: str, ids: Collection[str], *, at: datetime) -> int:
    """Hold commission back no longer; returns how many were still held."""
    held = (commission_holds.c.case_id == case_id) & commission_holds.c.released_at.is_(None)
    mine = among(commission_holds.c.commission_id, ids)
    return connection.execute(update(commission_holds).where(held, mine).values(released_at=at)).rowcount
