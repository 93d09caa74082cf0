"""The records of one salesperson and her team as the model reads them, with a figure of every kind to count by hand."""

from datetime import date, timedelta

import pandas as pd

from early_warning.records import Records

TODAY = date(2026, 11, 24)


def ago(days: int) -> pd.Timestamp:
    """A day before TODAY; a negative number is a later one."""
    return pd.Timestamp(TODAY - timedelta(days=days))


def frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows with the named columns; those that hold days become days."""
    made = pd.DataFrame(list(rows), columns=pd.Index(columns.split()))
    for name in ("hired_on", "left_on", "closed_on", "day", "issued_on", "due_on", "paid_on"):
        if name in made:
            made[name] = pd.to_datetime(made[name])
    return made


def business() -> Records:
    """Li Na: 1000 days here, 4 of 4 deals won before and 1 of 4 since, half the contacts, one client gone quiet."""
    deals = [("E1", ago(330 - n), True, 100.0, "CNY") for n in range(4)]
    deals += [("E1", ago(90 - n), n == 0, 100.0, "CNY") for n in range(4)]
    contacts = [("E1", "C1", ago(340 - n), 1) for n in range(6)] + [("E1", "C1", ago(20 - n), 1) for n in range(3)]
    contacts += [("E1", "C2", ago(300), 2)]
    bills = [
        ("E1", "C1", "V1", ago(300), ago(270), 300.0, "CNY"),
        ("E1", "C1", "V2", ago(200), ago(150), 300.0, "CNY"),
        ("E1", "C2", "V3", ago(250), ago(170), 100.0, "CNY"),
        ("E1", "C1", "V4", ago(10), ago(-20), 100.0, "CNY"),
        ("E1", "C1", "V5", ago(5), ago(-20), 9999.0, "USD"),
    ]
    paid = [("V1", ago(290), 300.0), ("V2", ago(100), 100.0), ("V3", ago(150), 100.0)]
    return Records(
        people=frame("employee_id manager_id hired_on left_on", ("E1", "M1", ago(1000), None)),
        colleagues=frame(
            "colleague_id manager_id hired_on left_on sells",
            ("X1", "M1", None, ago(20), True),
            ("X2", "M1", None, ago(400), True),
            ("X3", "M2", None, ago(20), True),
            ("E1", "M1", ago(1000), None, True),
            ("P1", "M1", ago(900), None, True),
            ("P2", "M1", ago(900), None, True),
            ("P3", "M1", ago(900), None, True),
            ("P4", "M1", ago(100), None, True),
            ("A1", "M1", ago(900), None, False),
        ),
        team_wins=frame(
            "colleague_id closed_on amount currency",
            *[(who, ago(30), amount, "CNY") for who, amount in (("E1", 100.0), ("P1", 200.0), ("P2", 300.0))],
            *[(who, ago(300), amount, "CNY") for who, amount in (("E1", 400.0), ("P1", 200.0), ("P2", 200.0))],
            ("P3", ago(300), 200.0, "CNY"),
            ("P4", ago(20), 9000.0, "CNY"),
            ("A1", ago(20), 9000.0, "CNY"),
            ("P1", ago(10), 9000.0, "USD"),
        ),
        deals=frame("employee_id closed_on won amount currency", *deals),
        contacts=frame("employee_id client_id day times", *contacts),
        invoices=frame("employee_id client_id invoice_id issued_on due_on amount currency", *bills),
        payments=frame("invoice_id paid_on paid", *paid),
    )
