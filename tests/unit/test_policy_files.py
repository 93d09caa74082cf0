"""Policy files that cannot be read are refused by name, and never replaced by other ones unseen."""

from pathlib import Path

import pytest

from models.errors import PolicyError
from store.policies import EARLY_WARNING, SHIPPED, STANDARD, load_policy, load_warning_policy


def test_bytes_that_are_no_text_are_a_policy_error(tmp_path: Path) -> None:
    (tmp_path / EARLY_WARNING).mkdir()
    (tmp_path / EARLY_WARNING / f"{STANDARD}.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="not valid TOML"):
        load_warning_policy(folder=tmp_path)


def test_a_folder_that_is_not_there_is_not_replaced_by_the_shipped_policies(tmp_path: Path) -> None:
    missing = tmp_path / "policies"
    with pytest.raises(PolicyError, match="is not there"):
        load_warning_policy(folder=missing)
    with pytest.raises(PolicyError, match="is not there"):
        load_policy("ifrs", missing)


def test_a_folder_without_a_file_of_that_name_leaves_it_to_the_shipped_one(tmp_path: Path) -> None:
    assert load_warning_policy(folder=tmp_path).name == STANDARD


@pytest.mark.parametrize("place", ["is_dir", "is_file", "read_text"])
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """By the account that the worker runs as; root may read everything, so the system's answer is played."""
    (tmp_path / "ifrs.toml").write_text((SHIPPED / "ifrs.toml").read_text())

    def refuse(path: Path, *_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, place, refuse)
    for load in (lambda: load_policy("ifrs", tmp_path), lambda: load_warning_policy(folder=tmp_path)):
        with pytest.raises(PolicyError, match="cannot be read: Permission denied"):
            load()
