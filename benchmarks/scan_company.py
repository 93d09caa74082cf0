"""A large company for the benchmark of the scan: people, thin business records, and events, made inside PostgreSQL.

Every figure is drawn from a hash of what it belongs to, so that the company is the same on every run.
"""

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import text

from models.warning_policy import WarningPolicy
from store.database import Database
from store.roll_up import add_events
from store.tables.behaviour import activity_events

TEAM = 20
DEPARTMENT = 500
DAYS = 120
AT_ONCE = 500_000  # events a transaction

_PEOPLE = """
INSERT INTO employees (id, source_key, name, role, manager_id, department, region, country, time_zone, hired_on)
SELECT 'M' || lpad(n::text, 6, '0'), 'M' || n, 'Manager ' || n, 'sales_manager', NULL, 'D' || n * :team / :department,
       'East', 'CN', 'Asia/Shanghai', CAST(:first AS date)
FROM generate_series(0, (:people - 1) / :team) n
UNION ALL
SELECT 'H000001', 'H1', 'HR', 'hrbp', NULL, 'HR', 'East', 'CN', 'Asia/Shanghai', CAST(:first AS date)
UNION ALL
SELECT 'S' || lpad(n::text, 6, '0'), 'S' || n, 'Person ' || n, 'salesperson', 'M' || lpad((n / :team)::text, 6, '0'),
       'D' || n / :department, 'East', 'CN', 'Asia/Shanghai', CAST(:first AS date)
FROM generate_series(0, :people - 1) n
"""
_CLIENTS = """
INSERT INTO clients (id, source_key, name, owner_id)
SELECT 'C' || id, 'C' || id, 'Client of ' || id, id FROM employees WHERE role = 'salesperson'
"""
_DEALS = """
INSERT INTO opportunities (id, client_id, owner_id, status, stage, amount, currency, opened_on, closed_on)
SELECT 'O' || id || n, 'C' || id, id, (ARRAY['won', 'won', 'lost'])[1 + abs(hashtext(id || n)) % 3], 'Closed',
       100 + abs(hashtext(id || n || 'a')) % 900, 'CNY', CAST(:last AS date) - n * 50 - 30,
       CAST(:last AS date) - n * 50
FROM employees, generate_series(0, 7) n WHERE role = 'salesperson'
"""
_CONTACTS = """
INSERT INTO interactions (id, employee_id, client_id, kind, occurred_at)
SELECT 'I' || id || n, id, 'C' || id, 'call', CAST(:last AS date) - n * 35
FROM employees, generate_series(0, 10) n WHERE role = 'salesperson'
"""
_INVOICES = """
INSERT INTO invoices (id, client_id, salesperson_id, issued_on, due_on, amount, currency)
SELECT 'V' || id || n, 'C' || id, id, CAST(:last AS date) - n * 90 - 5,
       CAST(:last AS date) - n * 90 + 25 - abs(hashtext(id || n)) % 60, 100 + abs(hashtext(id || n || 'b')) % 900, 'CNY'
FROM employees, generate_series(0, 4) n WHERE role = 'salesperson'
"""
_PAYMENTS = """
INSERT INTO payments (id, invoice_id, paid_on, amount, currency)
SELECT 'Y' || id, id, due_on, amount, currency FROM invoices WHERE abs(hashtext(id)) % 4 > 0
"""
_RECORDS = (_PEOPLE, _CLIENTS, _DEALS, _CONTACTS, _INVOICES, _PAYMENTS)
# Six events of a kind at a time, in working hours in China, Monday to Friday. One person in five hundred exports ten
# times as much as the others.
_EVENTS = """
SELECT 'A' || n AS id,
       day - greatest(0, extract(isodow FROM day)::int - 5) + make_interval(hours => 1 + hour, mins => minute)
           AS occurred_at,
       'S' || lpad(who::text, 6, '0') AS employee_id,
       (ARRAY['login', 'login', 'login', 'login', 'download', 'download', 'export', 'bulk_view', 'mail_out',
              (ARRAY['print', 'share', 'delete', 'rename'])[1 + minute % 4]])[1 + kind] AS kind,
       1 + item % 12 * CASE WHEN who % 500 = 7 THEN 10 ELSE 1 END AS records,
       'file-' || item AS item,
       '' AS destination
FROM (
    SELECT n, abs(hashtext(n / 6 || 'who')) % :people AS who, abs(hashtext(n || 'hour')) % 9 AS hour,
           abs(hashtext(n || 'minute')) % 60 AS minute, abs(hashtext(n / 6 || 'kind')) % 10 AS kind,
           abs(hashtext(n || 'item')) % 5000 AS item, CAST(:last AS date) - abs(hashtext(n / 6 || 'day')) % :days AS day
    FROM generate_series(CAST(:start AS int), :stop - 1) n
) drawn
"""


def fill_company(
    database: Database, people: int, events: int, last: date, policy: WarningPolicy, say: Callable[[str], None]
) -> None:
    """Write the company: `people` salespeople with `events` events over the DAYS up to `last`."""
    known = {
        "people": people,
        "team": TEAM,
        "department": DEPARTMENT,
        "first": last - timedelta(days=900),
        "last": last,
    }
    with database.begin(patient=True) as connection:
        for statement in _RECORDS:
            asked = {name: value for name, value in known.items() if f":{name}" in statement}
            connection.execute(text(statement), asked)
    for start in range(0, events, AT_ONCE):
        stop = min(start + AT_ONCE, events)
        made = text(_EVENTS).bindparams(people=people, last=last, days=DAYS, start=start, stop=stop)
        with database.begin(patient=True) as connection:
            add_events(connection, made.columns(*activity_events.columns).subquery("made"), policy.after_hours)
        say(f"{stop:,} of {events:,} events")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
