"""What only the whole of the data can show: repeated ids, unknown references, circles, and foreign currencies."""

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select

from models.reasons import because
from store.tables import metadata
from systems.intake.columns import Kind, TemplateColumn, TemplateTable
from systems.intake.facts import absurd_times, contradictions
from systems.intake.found import Found
from systems.intake.money_checks import check_money
from systems.intake.template import TEMPLATE

Stages = dict[str, Table]


def check_all(connection: Connection, stages: Stages, found: Found) -> None:
    """Run every check on what is staged. Nothing is written."""
    for name, stage in stages.items():
        table = TEMPLATE[name]
        if table.facts:
            absurd_times(table, stage, found)
            contradictions(table, stage, found)
        else:
            _repeated(table, stage, found)
        if table.by_name:
            _taken_by_another(table, stage, found)
        for column in table.columns:
            if column.kind is Kind.REFERENCE and column.target in stage.columns:
                _unknown(column, stage, stages, found)
    if "employees" in stages and "manager_id" in stages["employees"].columns:
        _circles(connection, stages["employees"], found)
    if "payments" in stages:
        _foreign_payments(stages["payments"], stages.get("invoices"), found)
    if "invoices" in stages:
        _foreign_invoices(stages["invoices"], stages.get("payments"), found)
    check_money(connection, stages, found)


def _repeated(table: TemplateTable, stage: Table, found: Found) -> None:
    key = stage.c.source_key if table.by_name else stage.c.id
    often = select(key).where(key.is_not(None)).group_by(key).having(func.count() > 1)
    place = func.row_number().over(partition_by=key, order_by=(stage.c.file_no, stage.c.line))
    numbered = select(stage.c.file_no, stage.c.line, key.label("value"), place.label("place")).where(key.in_(often))
    rows = numbered.subquery()
    found.report(
        select(rows.c.file_no, rows.c.line, func.regexp_replace(rows.c.value, "^name:", "")).where(rows.c.place > 1),
        table.id_column.name,
        because("was given before in this import"),
    )


def _taken_by_another(table: TemplateTable, stage: Table, found: Found) -> None:
    """An id that we made for somebody known by name must not come back as the id of somebody else."""
    ours = metadata.tables[table.name]
    found.report(
        select(stage.c.file_no, stage.c.line, stage.c.id).where(
            select(ours.c.id)
            .where(
                or_(
                    and_(ours.c.id == stage.c.id, ours.c.source_key != stage.c.source_key),
                    and_(ours.c.source_key == stage.c.source_key, ours.c.id != stage.c.id),
                )
            )
            .exists()
        ),
        table.id_column.name,
        because("is the id of another record that an earlier import made"),
    )


def _unknown(column: TemplateColumn, stage: Table, stages: Stages, found: Found) -> None:
    value = stage.c[column.target]
    places = [metadata.tables[column.refers], *([stages[column.refers]] if column.refers in stages else [])]
    nowhere: list[ColumnElement[bool]] = [
        ~select(place.c.id).where(place.c.id == value).correlate(stage).exists()
        for place in (place.alias() for place in places)
    ]
    found.report(
        select(stage.c.file_no, stage.c.line, value).where(value.is_not(None), *nowhere),
        column.name,
        because("is not in {table}, neither in the files nor in our database", table=column.refers),
    )


def _circles(connection: Connection, stage: Table, found: Found) -> None:
    """Everybody who would be above themselves. Each person has one manager, so a walk upwards finds every circle."""
    ours = metadata.tables["employees"]
    above = {row.id: row.manager_id for row in connection.execute(select(ours.c.id, ours.c.manager_id))}
    staged = select(stage.c.id, stage.c.manager_id).where(stage.c.id.is_not(None))
    above |= {row.id: row.manager_id for row in connection.execute(staged)}
    caught = circles(above)
    if caught:
        found.report(
            select(stage.c.file_no, stage.c.line, stage.c.manager_id).where(stage.c.id.in_(sorted(caught))),
            "manager_id",
            because("makes a circle: following the managers leads back to the same person"),
        )


def circles(above: dict[str, str | None]) -> set[str]:
    """People on a circle, given each person's manager."""
    caught: set[str] = set()
    done: set[str] = set()
    for start in above:
        path: dict[str, int] = {}
        at: str | None = start
        while at is not None and at not in done and at not in path:
            path[at] = len(path)
            at = above.get(at)
        if at is not None and at in path:
            caught.update(person for person, step in path.items() if step >= path[at])
        done.update(path)
    return caught


def _foreign_payments(payments: Table, invoices: Table | None, found: Found) -> None:
    """A payment in another currency than its invoice would silently be subtracted from it."""
    ours = metadata.tables["invoices"]
    kept = select(ours.c.id).where(ours.c.id == payments.c.invoice_id, ours.c.currency != payments.c.currency).exists()
    cases: list[tuple[ColumnElement[bool], ...]] = [(kept,)]
    if invoices is not None:
        of_it = invoices.c.id == payments.c.invoice_id
        staged = select(invoices.c.id).where(of_it).exists()
        fits = or_(invoices.c.currency.is_(None), invoices.c.currency == payments.c.currency)
        cases = [(staged, ~select(invoices.c.id).where(of_it, fits).exists()), (~staged, kept)]
    # One query a case: the planner joins what is joined by AND, and walks the whole file for each row of an OR.
    for wrong in cases:
        rows = select(payments.c.file_no, payments.c.line, payments.c.currency)
        found.report(
            rows.where(payments.c.currency.is_not(None), *wrong),
            "currency",
            because("is another currency than that of the invoice"),
        )


def _foreign_invoices(invoices: Table, payments: Table | None, found: Found) -> None:
    """The same from the other side: an invoice may not change its currency under payments that we hold."""
    ours, paid = metadata.tables["invoices"], metadata.tables["payments"]
    against = select(paid.c.id).where(paid.c.invoice_id == invoices.c.id, paid.c.currency != invoices.c.currency)
    if payments is not None:
        against = against.where(~select(payments.c.id).where(payments.c.id == paid.c.id).exists())
    changed = select(ours.c.id).where(ours.c.id == invoices.c.id, ours.c.currency != invoices.c.currency).exists()
    found.report(
        select(invoices.c.file_no, invoices.c.line, invoices.c.currency).where(changed, against.exists()),
        "currency",
        because("is another currency than that of payments we hold for this invoice"),
    )
