"""docker-compose.yml: valid by the compose schema, and wired the way the documents say."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import Settings

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def test_it_follows_the_compose_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_part_of_production_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {
        "database", "temporal-database", "temporal-schema", "temporal", "temporal-ui", "setup", "worker", "web",
    }  # fmt: skip


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_setting_that_it_names_exists(compose: dict[str, Any]) -> None:
    known = {f"OFFBOARD_{name.upper()}" for name in Settings.model_fields}
    for service in compose["services"].values():
        named = {name for name in service.get("environment", {}) if name.startswith("OFFBOARD_")}
        assert named <= known


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("OFFBOARD_DB_PASSWORD", "TEMPORAL_DB_PASSWORD", "OFFBOARD_LINK_SECRET"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text
