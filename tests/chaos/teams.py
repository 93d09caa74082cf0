"""A company of small teams that never compete for a client, so that one case cannot change the outcome of another.

Every team has its own region and its own trade: whoever leaves is followed best by the two colleagues of the team,
whatever happens elsewhere. People and business come from the generator of the sample company.
"""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

from embedded.sample.fill import SYSTEMS
from embedded.sample.places import EAST_CHINA
from embedded.sample.staff import Person
from embedded.sample.trade import Row, make_account, rows_of
from store.database import Database
from systems.intake.load import import_folder
from systems.intake.template import TEMPLATE

CLIENTS_OF_A_LEAVER = 8
CLIENTS_OF_A_COLLEAGUE = 6
INVOICES = 4
ROOM = 1000  # capacity of a colleague: nobody is ever full
OFFICES = ("hrbp", "finance_reviewer", "it_admin", "legal_counsel")


def leaver(team: int) -> str:
    """Id of the person who leaves that team."""
    return f"L{team:02d}"


def case_of(team: int) -> str:
    """Id of the case of that person."""
    return f"offboarding-{leaver(team)}"


def fill_teams(database: Database, folder: Path, teams: int, today: date) -> None:
    """Load a company of so many teams through the usual import; the same number makes the same company."""
    folder.mkdir()
    with ExitStack() as files:
        writers: dict[str, csv.DictWriter[str]] = {}
        for table, row in _rows(teams, today):
            if table not in writers:
                file = files.enter_context((folder / f"{table}.csv").open("w", newline="", encoding="utf-8"))
                writers[table] = csv.DictWriter(file, [column.name for column in TEMPLATE[table].columns])
                writers[table].writeheader()
            writers[table].writerow(row)
    import_folder(database, folder)


def _rows(teams: int, today: date) -> Iterator[Row]:
    random = Random(11)
    boss = Person(key="X01", name="Boss", role="other", place=EAST_CHINA, hired_on="2015-03-02")
    yield "employees", boss.row()
    for number, role in enumerate(OFFICES, start=2):
        person = Person(f"X{number:02d}", f"Office {number}", role, EAST_CHINA, boss.key, "2016-05-09")
        yield "employees", person.row()
    for team in range(1, teams + 1):
        yield from _team(team, boss, random, today)


def _team(team: int, boss: Person, random: Random, today: date) -> Iterator[Row]:
    place = replace(EAST_CHINA, region=f"Region {team:02d}")
    manager = Person(f"M{team:02d}", f"Manager {team}", "sales_manager", place, boss.key, "2018-01-08")
    yield "employees", manager.row()
    people = [
        Person(f"{letter}{team:02d}", f"Seller {letter} {team}", "salesperson", place, manager.key, "2020-02-03")
        for letter in "LAB"
    ]
    for person in people:
        person.capacity = ROOM
        yield "employees", person.row()
    yield from _rights(people[0])
    number = team * 100
    for person in people:
        for _ in range(CLIENTS_OF_A_LEAVER if person is people[0] else CLIENTS_OF_A_COLLEAGUE):
            number += 1
            account = make_account(number, 5, person, random, 0.5 if person is people[0] else 0.0)
            yield from rows_of(replace(account, segment=f"trade {team:02d}"), random, today, INVOICES)


def _rights(person: Person) -> Iterator[Row]:
    for system, right, grade in SYSTEMS:
        key = f"{person.key}-{system}-{right.replace(' ', '-')}"
        row = {"entitlement_id": key, "employee_id": person.key, "system": system, "right": right, "grade": str(grade)}
        yield "entitlements", row
    laptop = {
        "asset_id": f"{person.key}-laptop",
        "employee_id": person.key,
        "kind": "laptop",
        "description": "laptop",
        "value": "9800",
        "currency": "CNY",
    }
    yield "assets", laptop
