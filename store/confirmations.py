"""Balance confirmations as rows: which client is asked about what, and what they answered."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from models.collection import BalanceConfirmation, ConfirmationState
from models.open_items import LedgerKey
from store.tables import balance_confirmations

_MINE = balance_confirmations.c


def add(connection: Connection, letters: Iterable[BalanceConfirmation]) -> int:
    """Write letters that are due; one that is there already stays as it is. Returns how many are new."""
    rows = [
        {
            "case_id": each.case_id,
            "client_id": each.client,
            "currency": each.currency,
            "as_of": each.as_of,
            "amount": each.amount,
            "state": each.state,
        }
        for each in letters
    ]
    if not rows:
        return 0
    adding = insert(balance_confirmations).on_conflict_do_nothing().returning(_MINE.client_id)
    return len(connection.execute(adding, rows).all())


def of_case(connection: Connection, case_id: str) -> tuple[BalanceConfirmation, ...]:
    """Every letter of a case, by client and currency."""
    query = select(balance_confirmations).where(_MINE.case_id == case_id).order_by(_MINE.client_id, _MINE.currency)
    return tuple(_letter(row) for row in connection.execute(query).mappings())


def get(connection: Connection, case_id: str, account: LedgerKey) -> BalanceConfirmation | None:
    """One letter, kept from others until the commit; None when the client is not asked about this currency."""
    query = select(balance_confirmations).where(*_about(case_id, account)).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    return _letter(row) if row else None


def set_sent(
    connection: Connection, case_id: str, account: LedgerKey, by: str, *, at: datetime, due_at: datetime
) -> None:
    """The letter went to the client; an answer is expected until `due_at`."""
    sent = {"state": ConfirmationState.SENT, "sent_at": at, "due_at": due_at, "recorded_by": by}
    _set(connection, case_id, account, sent)


def set_answer(
    connection: Connection,
    letter: BalanceConfirmation,
    state: ConfirmationState,
    amount: Decimal,
    note: str,
    by: str,
    *,
    at: datetime,
) -> None:
    """The client answered; a later answer takes the place of an earlier one."""
    answer = {"state": state, "answered_at": at, "answered_amount": amount, "note": note, "recorded_by": by}
    _set(connection, letter.case_id, LedgerKey(letter.client, letter.currency), answer)


def set_silent(connection: Connection, case_id: str, *, at: datetime) -> list[LedgerKey]:
    """Letters without an answer in time become silent; returns those that did, in order."""
    late = (_MINE.case_id == case_id, _MINE.state == ConfirmationState.SENT, _MINE.due_at <= at)
    silent = update(balance_confirmations).where(*late).values(state=ConfirmationState.SILENT)
    rows = connection.execute(silent.returning(_MINE.client_id, _MINE.currency))
    return sorted(LedgerKey(row.client_id, row.currency) for row in rows)


def _about(case_id: str, account: LedgerKey) -> tuple[Any, ...]:
    return _MINE.case_id == case_id, _MINE.client_id == account.client, _MINE.currency == account.currency


def _set(connection: Connection, case_id: str, account: LedgerKey, values: dict[str, object]) -> None:
    connection.execute(update(balance_confirmations).where(*_about(case_id, account)).values(values))


def _letter(row: RowMapping) -> BalanceConfirmation:
    return BalanceConfirmation(
        case_id=row["case_id"],
        client=row["client_id"],
        currency=row["currency"],
        as_of=row["as_of"],
        amount=row["amount"],
        state=row["state"],
        due_at=row["due_at"],
        answered_amount=row["answered_amount"],
        note=row["note"],
    )
