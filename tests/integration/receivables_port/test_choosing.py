"""The address in the settings says which system is read, and an address that cannot be meant stops everything."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from models.errors import Refused
from settings import Settings
from store.database import Database
from systems.receivables.choose import KEY_FILE, open_source, source_for
from systems.receivables.csv_folder import CsvFolder
from systems.receivables.postgres import PostgresReceivables
from tests.integration.receivables_port.deliveries import contents, deliver
from tests.integration.receivables_port.stories import LAST_DAY, every_kind
from tests.integration.receivables_port.suite import whole

SECRET = "s3cret-of-the-erp"


def settings(url: str | None, home: Path, **more: Any) -> Settings:
    """The settings with an address."""
    return Settings(home=home, receivables_url=SecretStr(url) if url else None, **more)


@pytest.mark.parametrize("address", [None, SecretStr("")])
def test_without_an_address_it_is_our_own_tables(database: Database, tmp_path: Path, address: SecretStr | None) -> None:
    with source_for(Settings(home=tmp_path, receivables_url=address), database) as source:
        assert isinstance(source, PostgresReceivables)
        assert source.system == "offboard"


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_another_database_is_given_back(database: Database, tmp_path: Path, scheme: str) -> None:
    address = database.url.replace("postgresql+psycopg2", scheme)
    with source_for(settings(address, tmp_path), database) as source:
        assert source.check().can
        assert source.system == "receivables"


def test_a_folder_with_a_blank_in_its_name_and_its_limit(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "drop here"
    deliver(folder, LAST_DAY, contents(every_kind(), LAST_DAY))
    address = f"file://{str(folder).replace(' ', '%20')}"
    with source_for(settings(address, tmp_path, receivables_days=0), database) as source:
        assert isinstance(source, CsvFolder)
        with source.snapshot(whole("PLAIN"), LAST_DAY) as snapshot:
            assert len(list(snapshot.items())) == 2


@pytest.mark.parametrize(
    "address",
    [
        "erp.example.com",
        "https://erp.example.com/erp",
        "mysql://u:{secret}@host/db",
        "postgresql://u:{secret}@host:port/db",
        "file://server/share",
        "file://",
        "tryton+https://erp.example.com",
        "tryton+https:///erp",
        "tryton+https://u:{secret}@erp.example.com/erp",
        "tryton+https://erp.example.com/erp/more",
        "tryton+https://erp.example.com/erp?key={secret}",
        "tryton+https://erp.example.com:99999/erp",
        "tryton+https://erp.example.com/erp?compnay=Acme",
        "tryton+https://erp.example.com/erp?disputes=maybe",
        "tryton+http://erp.example.com/erp",
        "tryton+http://10.0.0.7/erp",
    ],
)
def test_an_address_nobody_can_mean_is_refused_without_telling_it(
    database: Database, tmp_path: Path, address: str
) -> None:
    asked = Settings(
        home=tmp_path, receivables_url=SecretStr(address.format(secret=SECRET)), receivables_key=SecretStr("k")
    )
    with pytest.raises(Refused, match="OFFBOARD_RECEIVABLES_URL") as refused:
        open_source(asked, database)
    assert SECRET not in f"{refused.value} {refused.value.detail}"


@pytest.mark.parametrize("key", [None, "", "two words", "ключ", "line\nbreak"])
def test_a_key_that_is_none_is_refused_without_telling_it(database: Database, tmp_path: Path, key: str | None) -> None:
    asked = settings(
        "tryton+https://erp.example.com/erp", tmp_path, receivables_key=None if key is None else SecretStr(key)
    )
    with pytest.raises(Refused, match="key of the receivables system") as refused:
        open_source(asked, database)
    assert not key or key not in str(refused.value)


def test_a_key_in_a_file_must_be_closed_to_others(database: Database, tmp_path: Path) -> None:
    file = tmp_path / KEY_FILE
    file.write_text(f"{SECRET}\n")
    file.chmod(0o640)
    asked = settings("tryton+https://erp.example.com/erp", tmp_path)
    with pytest.raises(Refused, match="chmod 600"):
        open_source(asked, database)
    file.chmod(0o600)
    with source_for(asked, database) as source:
        assert source.system == "Tryton"


@pytest.mark.parametrize(
    ("name", "value"), [("receivables_calls", 0), ("receivables_calls", 65), ("receivables_days", -1)]
)
def test_limits_that_make_no_sense_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})
