"""What a cell may hold, and what becomes of it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.intake.columns import TemplateColumn
from systems.intake.report import BadCell
from systems.intake.template import TEMPLATE
from systems.intake.values import Format, taker

ISO = Format()
GERMAN = Format(date_formats=("%d.%m.%Y", "%d.%m.%y"), decimal=",", grouping=".")


def column(path: str) -> TemplateColumn:
    table, name = path.split(".")
    found = TEMPLATE[table].column(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("where", "written", "cell", "taken"),
    [
        ("invoices.amount", ISO, " 1234.5 ", "1234.5"),
        ("invoices.amount", ISO, "-0.0001", "-0.0001"),
        ("invoices.amount", GERMAN, "1.234.567,50", "1234567.50"),
        ("invoices.amount", GERMAN, "-12,5", "-12.5"),
        ("invoices.amount", Format(grouping=","), "1,234.50", "1234.50"),
        ("invoices.issued_on", ISO, "2024-02-29", "2024-02-29"),
        ("invoices.issued_on", GERMAN, "1.2.2024", "2024-02-01"),
        ("invoices.issued_on", GERMAN, "01.02.24", "2024-02-01"),
        ("invoices.issued_on", Format(date_formats=("%m/%d/%Y",)), "1/2/2013", "2013-01-02"),
        ("invoices.disputed", ISO, "Yes", "true"),
        ("invoices.disputed", ISO, "否", "false"),
        ("invoices.disputed", ISO, "", None),
        ("invoices.salesperson_id", ISO, "  ", None),
        ("entitlements.grade", ISO, "export", "1"),
        ("entitlements.grade", ISO, "5", "5"),
        ("employees.extra_roles", ISO, "hrbp; it_admin;hrbp", "{hrbp,it_admin}"),
        ("employees.name", ISO, "=cmd()", "=cmd()"),
        ("employees.country", ISO, "cn", "CN"),
        ("employees.country", ISO, "United States", "US"),
        ("employees.country", ISO, "德国", "DE"),
        ("employees.status", Format(values={"weg": "left"}), "weg", "left"),
        ("employees.status", Format(default="active"), "", "active"),
        ("interactions.occurred_at", ISO, "2026-11-24T09:00:00Z", "2026-11-24T09:00:00+00:00"),
        (
            "interactions.occurred_at",
            Format(time_zone="Asia/Shanghai"),
            "2026-11-24 09:00",
            "2026-11-24T09:00:00+08:00",
        ),
    ],
)
def test_good_cells(where: str, written: Format, cell: str, taken: str | None) -> None:
    assert taker(column(where), written)(cell) == taken


@pytest.mark.parametrize(
    ("where", "written", "cell", "reason"),
    [
        ("invoices.amount", ISO, "1,234.50", "is not an amount"),
        ("invoices.amount", ISO, "1e3", "is not an amount"),
        ("invoices.amount", ISO, "NaN", "is not an amount"),
        ("invoices.amount", ISO, "１２", "is not an amount"),
        ("invoices.amount", ISO, "12345678901234567", "is not an amount"),
        ("invoices.amount", ISO, "1.00001", "more than 4 decimals"),
        ("invoices.amount", ISO, "", "is empty"),
        ("invoices.amount", GERMAN, "1.5", "groups of three"),
        ("invoices.amount", Format(decimal=","), "1.5", "before the decimals"),
        ("invoices.issued_on", ISO, "2023-02-29", "not a day of the calendar"),
        ("invoices.issued_on", ISO, "20230228", "not a date written as"),
        ("invoices.issued_on", ISO, "0217-01-01", "outside the years"),
        ("invoices.issued_on", GERMAN, "2024-02-01", "not a date written as"),
        ("invoices.currency", ISO, "usd", "not an ISO currency"),
        ("invoices.currency", ISO, "XYZ", "not an ISO currency"),
        ("invoices.disputed", ISO, "maybe", "neither yes nor no"),
        ("invoices.client_id", ISO, "x" * 65, "longer than the 64"),
        ("employees.employee_id", ISO, "E 1", "holds a blank or a slash"),
        ("employees.employee_id", ISO, "E/1", "holds a blank or a slash"),
        ("employees.email", ISO, "nobody", "not an e-mail"),
        ("employees.time_zone", ISO, "Mars/Base", "not a time zone"),
        ("employees.country", ISO, "Atlantis", "not a country"),
        ("clients.country", ISO, "EU", "not a country"),
        ("employees.role", ISO, "boss", "not one of"),
        ("employees.extra_roles", ISO, "hrbp;boss", "not one of"),
        ("employees.capacity", ISO, "-1", "not a whole number"),
        ("entitlements.grade", ISO, "6", "not one of"),
        ("interactions.occurred_at", ISO, "2026-11-24T09:00:00", "time without a zone"),
        ("interactions.occurred_at", ISO, "yesterday", "not a time"),
    ],
)
def test_bad_cells_say_why(where: str, written: Format, cell: str, reason: str) -> None:
    with pytest.raises(BadCell) as refused:
        taker(column(where), written)(cell)
    said = refused.value.reason
    assert reason in said.code.format(**said.params)


@pytest.mark.parametrize(("cell", "reason"), [("a\0b", "NUL"), ("a\udcff", "neither UTF-8 nor GB18030")])
def test_dirt_is_found_in_every_kind_of_cell(cell: str, reason: str) -> None:
    for where in ("employees.name", "invoices.amount", "invoices.client_id"):
        with pytest.raises(BadCell, match=reason):
            taker(column(where), ISO, dirty=True)(cell)


@given(st.decimals(min_value="-1e12", max_value="1e12", places=4, allow_nan=False))
def test_amounts_keep_every_digit_in_both_notations(amount: Decimal) -> None:
    plain, grouped = f"{amount:f}", f"{amount:,.4f}".translate(str.maketrans(",.", ".,"))
    assert Decimal(taker(column("invoices.amount"), ISO)(plain) or "") == amount
    assert Decimal(taker(column("invoices.amount"), GERMAN)(grouped) or "") == amount


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_every_day_of_the_calendar_is_taken(day: date) -> None:
    assert taker(column("invoices.issued_on"), ISO)(day.isoformat()) == day.isoformat()
    assert taker(column("invoices.issued_on"), GERMAN)(f"{day:%d.%m}.{day.year}") == day.isoformat()
