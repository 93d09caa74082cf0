"""Make the sample company and load it through the same import that a company's own files go through."""

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from embedded.sample.activity import activity_rows
from embedded.sample.claims import claim_rows
from embedded.sample.earlier import earlier_rows
from embedded.sample.open_items import company_rows, dressed
from embedded.sample.places import EAST_CHINA
from embedded.sample.planted import Planted, fading, joined, plant, planted_in
from embedded.sample.staff import Staff, make_staff
from embedded.sample.trade import Account, Row, make_account, rows_of
from models.base import Value
from models.errors import Refused
from store.database import Database
from store.tables import employees as employees_table
from systems.intake.load import import_folder
from systems.intake.template import TEMPLATE

CLIENTS_OF_THE_LEAVER = 26
CLIENTS_OF_THE_JOINER = 3
SMALL = 1000  # people
MADE = "sample.json"  # under the home of a stack
SYSTEMS = (("crm", "export", 1), ("crm", "api", 1), ("crm", "session", 2), ("crm", "write", 3), ("erp", "write", 3),
           ("mail", "client contact", 4), ("sso", "account", 5))  # fmt: skip


class Sample(Value):
    """What was made: counts by table, and who was planted."""

    employees: int
    seed: int
    as_of: date
    counts: dict[str, int]
    planted: tuple[Planted, ...]


def fill(
    database: Database, *, employees: int = 40, seed: int = 7, as_of: date | None = None, say: Callable[[str], None]
) -> Sample:
    """Fill an empty stack with the sample company. The same seed and date make the same company.

    Raises Refused when people are there already.
    """
    with database.begin() as connection:
        there = connection.execute(select(func.count()).select_from(employees_table)).scalar_one()
    if there:
        raise Refused(
            "{people} people are here already; the sample company would mix with them. Nothing was written. "
            "Use a home of its own: OFFBOARD_HOME=some/folder offboard up, then offboard sample.",
            people=there,
        )
    today = as_of or datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix="offboard-sample-") as folder:
        say(f"making a company of {employees} employees")
        made = write_sample(Path(folder), employees=employees, seed=seed, today=today)
        say("loading it")
        import_folder(database, Path(folder))
    return made


def remember(home: Path, made: Sample) -> None:
    """Keep what was made beside the stack, so that later commands know who was planted for what."""
    (home / MADE).write_text(made.model_dump_json(indent=2), encoding="utf-8")


def remembered(home: Path) -> tuple[Planted, ...]:
    """Who was planted in the stack under `home`; nobody when its people came from elsewhere."""
    made = home / MADE
    return Sample.model_validate_json(made.read_text(encoding="utf-8")).planted if made.is_file() else ()


def write_sample(folder: Path, *, employees: int, seed: int, today: date) -> Sample:
    """Write the sample company as CSV files of our own template into `folder`."""
    random = Random(seed)
    staff = make_staff(employees, random, today)
    # Draws of its own: with other activity the clients, deals and debts of the company stay the same.
    more, money = Random(f"{seed} more"), Random(f"{seed} money")
    plant(staff, more, today)
    counts: dict[str, int] = {}
    with ExitStack() as files:
        writers: dict[str, csv.DictWriter[str]] = {}
        for table, row in _rows(staff, random, more, money, today):
            if table not in writers:
                file = files.enter_context((folder / f"{table}.csv").open("w", newline="", encoding="utf-8"))
                writers[table] = csv.DictWriter(file, [column.name for column in TEMPLATE[table].columns])
                writers[table].writeheader()
            writers[table].writerow(row)
            counts[table] = counts.get(table, 0) + 1
    return Sample(employees=employees, seed=seed, as_of=today, counts=counts, planted=planted_in(staff))


def _rows(staff: Staff, random: Random, more: Random, money: Random, today: date) -> Iterator[Row]:
    loads = _loads(staff, random)
    staff.full_peer.capacity = loads[staff.full_peer.key]
    for person in staff.people:
        yield "employees", person.row()
    yield from _rights_and_assets(staff, random)
    small = len(staff.people) <= SMALL
    if small:
        yield from company_rows(staff, money, today)
    digits, number = len(str(sum(loads.values()))) + 1, 0
    for seller in staff.sellers:
        for position in range(loads[seller.key]):
            number += 1
            troubled = seller is staff.problem_leaver and position % 3 != 2
            account = make_account(number, digits, seller, random, trouble=0.9 if troubled else 0.0)
            business = _business(account, staff, random, more, today)
            yield from dressed(business, account, staff, position, money, today) if small else business
    yield from activity_rows(staff, more, today)
    yield from claim_rows(staff, more, today)


def _business(account: Account, staff: Staff, random: Random, more: Random, today: date) -> Iterator[Row]:
    # A small company has a full year of monthly invoices; a huge one has enough to be a benchmark and not a burden.
    small = len(staff.people) <= SMALL
    rows = rows_of(account, random, today, invoices=12 if small else 2)
    if account.owner is staff.new_joiner:
        yield from joined(rows, account.owner.hired_on)
    elif account.owner is staff.leaver_to_be:
        yield from fading(rows, more, today)
    else:
        yield from rows
    if small and account.owner is not staff.new_joiner:
        yield from earlier_rows(account, more, today)


def _loads(staff: Staff, random: Random) -> dict[str, int]:
    small = len(staff.people) <= SMALL
    loads = {person.key: random.randint(11, 19) if small else random.randint(5, 9) for person in staff.sellers}
    loads[staff.problem_leaver.key] = CLIENTS_OF_THE_LEAVER
    loads[staff.new_joiner.key] = CLIENTS_OF_THE_JOINER
    return loads


def _rights_and_assets(staff: Staff, random: Random) -> Iterator[Row]:
    for seller in staff.sellers:
        for system, right, grade in SYSTEMS:
            yield (
                "entitlements",
                {
                    "entitlement_id": f"{seller.key}-{system}-{right.replace(' ', '-')}",
                    "employee_id": seller.key,
                    "system": system,
                    "right": right,
                    "grade": str(grade),
                },
            )
        for kind, value in (("laptop", 1400), ("phone", 700)):
            yield (
                "assets",
                {
                    "asset_id": f"{seller.key}-{kind}",
                    "employee_id": seller.key,
                    "kind": kind,
                    "description": f"{kind} no. {random.randint(1000, 9999)}",
                    "value": str(value * (7 if seller.place is EAST_CHINA else 1)),
                    "currency": seller.place.currency,
                },
            )
