"""What only the whole of the data can show about money: parts that do not add up, and documents that do not belong."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, or_, select

from models.reasons import Reason, because
from store.tables import metadata
from systems.intake.found import Found
from systems.intake.merged import merged, place
from systems.intake.template_money import PAYMENT_KINDS

Stages = dict[str, Table]
WRITE_OFF = PAYMENT_KINDS[1]
ALL = Decimal(100)


class Wrong(NamedTuple):
    """Rows (file, line, value) that are wrong in one column, and why."""

    rows: Select[Any]
    column: str
    reason: Reason


def check_money(connection: Connection, stages: Stages, found: Found) -> None:
    """Run every check whose tables are staged. Nothing is written."""
    for wrong in _all(connection, stages):
        found.report(wrong.rows, wrong.column, wrong.reason)


def _all(connection: Connection, stages: Stages) -> Iterator[Wrong]:
    invoices, parts, payments = (stages.get(name) for name in ("invoices", "instalments", "payments"))
    if invoices is not None:
        yield from _disputes(invoices)
        if _any(connection, "invoices", invoices, "credits_id"):
            yield from _notes(invoices)
    if payments is not None:
        yield from _kinds(payments)
    if (payments is not None or invoices is not None) and _any(connection, "payments", payments, "client_id"):
        yield from _clients_of_payments(payments, invoices)
    if parts is not None:
        yield Wrong(_staged(parts, "amount").where(parts.c.amount < 0), "amount", because("is less than nothing"))
    if (parts is not None or invoices is not None) and _any(connection, "instalments", parts, "invoice_id"):
        yield _instalments(parts, invoices)
    if (shares := stages.get("client_shares")) is not None:
        yield _shares(shares)
        yield _twice("client_shares", shares, "employee_id", "client_id", "employee_id")
    if (rates := stages.get("exchange_rates")) is not None:
        yield Wrong(_staged(rates, "rate").where(rates.c.rate <= 0), "rate", because("is not more than 0"))
        yield Wrong(
            _staged(rates, "quoted_in").where(rates.c.currency == rates.c.quoted_in),
            "quoted_in",
            because("is the same currency"),
        )
        yield _twice("exchange_rates", rates, "on_day", "currency", "quoted_in", "on_day")


def _any(connection: Connection, name: str, stage: Table | None, column: str) -> bool:
    """Whether a row, staged or ours, says something in this column: where none does, a large import loses no time."""
    places = [metadata.tables[name], *([stage] if stage is not None and column in stage.c else [])]
    return any(connection.execute(select(exists().where(each.c[column].is_not(None)))).scalar_one() for each in places)


def _staged(stage: Table, column: str) -> Select[Any]:
    return select(stage.c.file_no, stage.c.line, stage.c[column])


def _disputes(invoices: Table) -> Iterator[Wrong]:
    if "disputed_amount" in invoices.c:
        amount = invoices.c.disputed_amount
        rows = _staged(invoices, "disputed_amount")
        yield Wrong(rows.where(amount <= 0), "disputed_amount", because("is not more than 0"))
        too_much = and_(amount > 0, amount > invoices.c.amount)
        yield Wrong(rows.where(too_much), "disputed_amount", because("is more than the amount of the invoice"))


def _notes(stage: Table) -> Iterator[Wrong]:
    columns = ("client_id", "currency", "amount", "credits_id")
    note, invoice = merged("invoices", stage, *columns), merged("invoices", stage, *columns).alias("credited")
    pairs = (
        select(*place(note, invoice), note.c.credits_id)
        .join(invoice, invoice.c.id == note.c.credits_id)
        .where(note.c.credits_id.is_not(None), or_(note.c.line.is_not(None), invoice.c.line.is_not(None)))
    )
    for fault, reason in (
        (note.c.amount >= 0, because("is given although this is no credit note: its amount is not negative")),
        (invoice.c.id == note.c.id, because("is the credit note itself")),
        (
            and_(invoice.c.id != note.c.id, or_(invoice.c.amount <= 0, invoice.c.credits_id.is_not(None))),
            because("is not an invoice but a credit note"),
        ),
        (note.c.client_id != invoice.c.client_id, because("is an invoice of another client")),
        (note.c.currency != invoice.c.currency, because("is an invoice in another currency")),
    ):
        yield Wrong(pairs.where(fault), "credits_id", reason)


def _kinds(payments: Table) -> Iterator[Wrong]:
    if "kind" in payments.c:
        invoice = payments.c.invoice_id.is_(None) if "invoice_id" in payments.c else None
        written_off = _staged(payments, "kind").where(payments.c.kind == WRITE_OFF)
        yield Wrong(
            written_off if invoice is None else written_off.where(invoice),
            "kind",
            because("is a write-off of no invoice"),
        )


def _clients_of_payments(payments: Table | None, invoices: Table | None) -> Iterator[Wrong]:
    """An invoice changes its client under a payment, or a payment names somebody else's invoice."""
    paid = merged("payments", payments, "invoice_id", "client_id")
    invoice = merged("invoices", invoices, "client_id")
    yield Wrong(
        select(*place(paid, invoice), paid.c.client_id)
        .join(invoice, invoice.c.id == paid.c.invoice_id)
        .where(
            paid.c.client_id.is_not(None),
            paid.c.client_id != invoice.c.client_id,
            or_(paid.c.line.is_not(None), invoice.c.line.is_not(None)),
        ),
        "client_id",
        because("is another client than that of the invoice"),
    )


def _instalments(parts: Table | None, invoices: Table | None) -> Wrong:
    part = merged("instalments", parts, "invoice_id", "amount")
    sums = (
        select(
            part.c.invoice_id,
            func.sum(part.c.amount).label("amount"),
            func.count().filter(part.c.amount.is_(None)).label("unread"),
            func.min(part.c.file_no).label("file_no"),
            func.min(part.c.line).label("line"),
        )
        .group_by(part.c.invoice_id)
        .subquery("sums")
    )
    invoice = merged("invoices", invoices, "amount")
    return Wrong(
        select(*place(sums, invoice), sums.c.amount)
        .join(invoice, invoice.c.id == sums.c.invoice_id)
        .where(
            sums.c.unread == 0,
            sums.c.amount != invoice.c.amount,
            or_(sums.c.line.is_not(None), invoice.c.line.is_not(None)),
        ),
        "amount",
        because("is what the instalments of an invoice add up to, and not its amount"),
    )


def _shares(stage: Table) -> Wrong:
    held = merged("client_shares", stage, "client_id", "percent")
    too_much = (
        select(held.c.client_id, func.sum(held.c.percent).label("percent"))
        .group_by(held.c.client_id)
        .having(func.sum(held.c.percent) > ALL)
        .subquery("too_much")
    )
    return Wrong(
        select(stage.c.file_no, stage.c.line, too_much.c.percent).join(
            too_much, too_much.c.client_id == stage.c.client_id
        ),
        "percent",
        because("is what the shares of this client add up to; they may be at most 100"),
    )


def _twice(name: str, stage: Table, shown: str, *key: str) -> Wrong:
    """Two rows that say something about the same thing, under two ids."""
    rows = merged(name, stage, *key)
    columns: list[ColumnElement[Any]] = [rows.c[column] for column in key]
    often = select(*columns).group_by(*columns).having(func.count() > 1).subquery("often")
    same = and_(*(often.c[column] == stage.c[column] for column in key))
    return Wrong(
        _staged(stage, shown).join(often, same),
        shown,
        because("is said by two rows with different ids"),
    )
