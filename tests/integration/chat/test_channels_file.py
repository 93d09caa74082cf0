"""The channels file: whoever may read it, what it may say, and that no error shows what it holds."""

from pathlib import Path

import pytest

from models.errors import Refused
from systems.chat.apprise_url import AppriseUrl
from systems.chat.choose import channels_of
from systems.chat.dingtalk import DingTalk
from systems.chat.feishu import Feishu
from systems.chat.port import ChatMessage
from systems.chat.wecom import WeCom
from tests.integration.chat.bots import SECRET, TOKEN, Bots

GOOD = f"""
[sales]
kind = "dingtalk"
url = "https://oapi.dingtalk.example/robot/send?access_token={TOKEN}"
secret = "{SECRET}"

[finance]
kind = "feishu"
url = "https://open.feishu.example/hook/{TOKEN}"

[hr]
kind = "wecom"
url = "https://qyapi.example/send?key={TOKEN}"

["it team"]
kind = "apprise"
url = "jsons://example.com/{TOKEN}"
"""


def file_with(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "channels.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def test_without_a_file_there_is_only_mail() -> None:
    assert channels_of(None) == {}


def test_every_table_is_a_channel_of_its_kind(tmp_path: Path) -> None:
    found = channels_of(file_with(tmp_path, GOOD))
    kinds = {name: type(channel) for name, channel in found.items()}
    assert kinds == {"sales": DingTalk, "finance": Feishu, "hr": WeCom, "it team": AppriseUrl}


def test_a_channel_of_the_file_sends(tmp_path: Path, bots: Bots) -> None:
    bots.signed = True
    text = f'[sales]\nkind = "dingtalk"\nurl = "{bots.url("dingtalk")}"\nsecret = "{SECRET}"\n'
    channels_of(file_with(tmp_path, text))["sales"].send(ChatMessage(text="hello", link="https://offboard.example"))
    assert len(bots.taken) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Refused, match="chmod 600"):
        channels_of(file_with(tmp_path, GOOD, mode))


@pytest.mark.parametrize(
    "text",
    [
        f'[mail]\nkind = "wecom"\nurl = "https://x.example/{TOKEN}"',
        f'[sales]\nkind = "fax"\nurl = "https://x.example/{TOKEN}"',
        f'[sales]\nkind = "wecom"\naddress = "https://x.example/{TOKEN}"',
        f'sales = "https://x.example/{TOKEN}"',
        f'["a\\u0007b"]\nkind = "wecom"\nurl = "https://x.example/{TOKEN}"',
        f'[sales]\nkind = "wecom"\nurl = "http://x.example/{TOKEN}"',
        f'[sales]\nkind = "wecom"\nurl = "https://x.example/{TOKEN}',
    ],
)
def test_a_wrong_file_is_refused_without_showing_what_it_holds(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused) as refused:
        channels_of(file_with(tmp_path, text))
    assert TOKEN not in f"{refused.value} {refused.value.detail}"


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.toml"):
        channels_of(tmp_path / "nowhere.toml")
