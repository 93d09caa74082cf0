"""A Feishu (飞书) or Lark bot in a group: open.feishu.cn, "custom bot"."""

import base64
import hashlib
import hmac
import time
from typing import Any

from systems.chat.port import ChatMessage
from systems.chat.webhook import TIMEOUT, ask, checked, settle

TOO_FAST = (11232, 99991400)  # more than 5 messages a second or 100 a minute; more than the platform takes


class Feishu:
    """`url` is the address that Feishu shows; with a `secret` every message is signed. `timeout` in seconds."""

    def __init__(self, name: str, url: str, secret: str = "", *, timeout: float = TIMEOUT) -> None:
        self._name = name
        self._url = checked(name, url)
        self._secret = secret
        self._timeout = timeout

    def send(self, message: ChatMessage) -> None:
        """See the port. A wrong sign is code 19021, a missing key word 19024."""
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": message.content}}
        if self._secret:
            stamp = str(int(time.time()))
            body = {"timestamp": stamp, "sign": _sign(self._secret, stamp), **body}
        answer = ask(self._name, self._url, body, timeout=self._timeout)
        settle(self._name, answer.get("code"), limits=TOO_FAST)


def _sign(secret: str, stamp: str) -> str:
    # Theirs: the text is the key, and nothing is signed with it.
    return base64.b64encode(hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
