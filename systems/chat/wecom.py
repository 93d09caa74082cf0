"""A WeCom (企业微信) bot in a group: developer.work.weixin.qq.com, "group robot"."""

from systems.chat.port import ChatMessage
from systems.chat.webhook import TIMEOUT, ask, checked, settle

TOO_FAST = (45009,)  # more than 20 messages a minute


class WeCom:
    """`url` is the address that WeCom shows, with its key; there is no secret. `timeout` in seconds."""

    def __init__(self, name: str, url: str, *, timeout: float = TIMEOUT) -> None:
        self._name = name
        self._url = checked(name, url)
        self._timeout = timeout

    def send(self, message: ChatMessage) -> None:
        """See the port. A wrong key is code 93000."""
        body = {"msgtype": "text", "text": {"content": message.content}}
        answer = ask(self._name, self._url, body, timeout=self._timeout)
        settle(self._name, answer.get("errcode"), limits=TOO_FAST)
