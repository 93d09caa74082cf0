"""A DingTalk (钉钉) bot in a group: open.dingtalk.com, "custom robot"."""

import base64
import hashlib
import hmac
import time

import httpx

from systems.chat.port import ChatMessage
from systems.chat.webhook import TIMEOUT, ask, checked, settle

TOO_FAST = (130101, 90018)  # more than 20 messages a minute; more than the platform takes


class DingTalk:
    """`url` is the address that DingTalk shows; with a `secret` every message is signed. `timeout` in seconds."""

    def __init__(self, name: str, url: str, secret: str = "", *, timeout: float = TIMEOUT) -> None:
        self._name = name
        self._url = checked(name, url)
        self._secret = secret
        self._timeout = timeout

    def send(self, message: ChatMessage) -> None:
        """See the port. A wrong word, sign or sender address is code 310000."""
        url = httpx.URL(self._url)
        if self._secret:
            stamp = str(round(time.time() * 1000))
            url = url.copy_merge_params({"timestamp": stamp, "sign": _sign(self._secret, stamp)})
        body = {"msgtype": "text", "text": {"content": message.content}}
        answer = ask(self._name, str(url), body, timeout=self._timeout)
        settle(self._name, answer.get("errcode"), limits=TOO_FAST)


def _sign(secret: str, stamp: str) -> str:
    made = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(made).decode()
