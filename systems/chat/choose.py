"""Which chats there are: the channels file, a TOML table a channel."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from models.base import Value
from models.errors import Refused
from models.preferences import MAIL
from systems.chat.dingtalk import DingTalk
from systems.chat.feishu import Feishu
from systems.chat.port import Messenger
from systems.chat.wecom import WeCom

FOR_OTHERS = 0o077
LONGEST_NAME = 64


class ChannelEntry(Value):
    """One table of the file. Whoever knows `url` and `secret` can write into the chat."""

    kind: Literal["dingtalk", "feishu", "wecom", "apprise"]
    url: str
    secret: str = ""


def channels_of(file: Path | None) -> Mapping[str, Messenger]:
    """The channels by name; none without a file. Raises Refused for a file that others can read or that is wrong.

    No error shows what the file holds.
    """
    if file is None:
        return {}
    try:
        readable_by_others = file.stat().st_mode & FOR_OTHERS
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as unreadable:
        raise Refused(
            "the channels file {file} cannot be read ({answer}); nothing was started",
            file=file,
            answer=type(unreadable).__name__,
        ) from None
    if readable_by_others:
        raise Refused(
            "the channels file {file} can be read by others, and it holds secrets; nothing was started. "
            "Run `chmod 600` on it.",
            file=file,
        )
    return {name: _channel(file, name, table) for name, table in tables.items()}


def _channel(file: Path, name: str, table: object) -> Messenger:
    try:
        entry = ChannelEntry.model_validate(table)
    except ValidationError:
        entry = None
    if entry is None or name == MAIL or not name.isprintable() or len(name) > LONGEST_NAME:
        raise Refused(
            "the channel {channel} in {file} cannot be meant; nothing was started. It needs a name other than "
            "`mail`, a `kind` (dingtalk, feishu, wecom or apprise) and a `url`; for dingtalk and feishu it may have a "
            "`secret`.",
            channel=name[:LONGEST_NAME],
            file=file,
        )
    match entry.kind:
        case "dingtalk":
            return DingTalk(name, entry.url, entry.secret)
        case "feishu":
            return Feishu(name, entry.url, entry.secret)
        case "wecom":
            return WeCom(name, entry.url)
        case "apprise":
            from systems.chat.apprise_url import AppriseUrl  # noqa: PLC0415  (it costs 150 ms; few need it)

            return AppriseUrl(name, entry.url)
