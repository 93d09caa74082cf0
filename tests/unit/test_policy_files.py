"""Policy files that cannot be read are refused by name, and never replaced by other ones unseen."""

from pathlib import Path

import pytest

from models.errors import PolicyError
from store.policies import EARLY_WARNING, STANDARD, load_policy, load_warning_policy


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
