"""A mapping is checked before any file is opened, and every slip is named with its key."""

from pathlib import Path

import pytest

from systems.intake.mapping import read_mapping
from systems.intake.report import FaultLog

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.toml"))
SOUND = """
[[source]]
file = "people.csv"
table = "employees"
columns = { employee_id = "nr", name = "who" }
"""


def faults(tmp_path: Path, content: str) -> list[str]:
    path = tmp_path / "company.toml"
    path.write_text(content, encoding="utf-8")
    log = FaultLog()
    read_mapping(path, log)
    return [str(fault) for fault in log.first()]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_sound(example: Path) -> None:
    log = FaultLog()
    plan = read_mapping(example, log)
    assert log.first() == ()
    assert plan.sources


def test_a_sound_mapping_has_no_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("file =", "fiel =", "company.toml:source 1.fiel: is no key of a mapping; did you mean file?"),
        ('"employees"', '"employes"', "(people.csv).table: is no table of the template; did you mean employees?"),
        ("name = ", "nmae = ", "source 1 (people.csv).columns.nmae: is no column of this table; did you mean name?"),
        ('name = "who"', 'name = { colum = "who" }', "source 1.columns.name.colum: is no key of a mapping"),
        ('name = "who"', 'name = { default = "x" }', "columns.name: needs one of column, made_from and same_as"),
        ('name = "who"', 'name = { column = "who", by = "name" }', "columns.name: is not a reference to people"),
        ('name = "who"', 'name = { made_from = ["who"] }', "columns.name: is not an id"),
        ('name = "who"', 'name = { column = "who", by = "nam" }', "source 1.columns.name.by: is wrong"),
        (', name = "who"', "", "source 1 (people.csv).columns: does not say where name comes from"),
        ('name = "who"', 'name = "who", region = { same_as = "boss.region" }', "columns.region: is not written as"),
        ("columns =", "constants = { role = 'boss' }\ncolumns =", "constants.role: is not one of salesperson"),
        ("columns =", "constants = { name = 'Ada' }\ncolumns =", "constants.name: is given twice"),
        ("columns =", "constants = { nam = 'Ada' }\ncolumns =", "constants.nam: is no column of this table"),
        ("[[source]]", "[[sources]]", "sources: is no key of a mapping; did you mean source?"),
        ("[[source]]", "[roles]\nhrpb = ['Ada']\n[[source]]", "roles.hrpb: is no role; did you mean hrbp?"),
        ("[[source]]", "[[source]", "company.toml: is not valid TOML"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert named in "\n".join(faults(tmp_path, SOUND.replace(old, new)))


def test_roles_without_people_are_refused(tmp_path: Path) -> None:
    clients = '[roles]\nhrbp = ["Ada"]\n' + SOUND.replace('"employees"', '"clients"').replace(
        "employee_id", "client_id"
    )
    assert faults(tmp_path, clients) == ["company.toml:roles: needs a source for the table employees"]


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    log = FaultLog()
    read_mapping(tmp_path / "none.toml", log)
    assert [str(fault) for fault in log.first()] == ["none.toml: cannot be read"]
