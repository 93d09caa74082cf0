"""Every other service that apprise knows, by one of its addresses (github.com/caronc/apprise).

apprise only says whether a message left. For the services with an adapter here that is not even so: they answer HTTP
200 when they refuse, and apprise takes that for success. Their addresses are refused (docs/decisions/0019).
"""

import logging

from apprise import Apprise, AppriseAsset

from models.errors import Refused, Unavailable
from systems.chat.port import ChatMessage

OWN_ADAPTERS = frozenset({"dingtalk", "feishu", "lark", "wecombot"})

# Its lines may show what an address holds; what failed is in our own error.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class AppriseUrl:
    """`url` as apprise writes it, such as `slack://…`. Raises Refused for one that apprise does not know or may not."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        asset = AppriseAsset(http_redirects=False, async_mode=False)
        service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if service is None:
            raise Refused(
                "the address of the channel {channel} is none that apprise knows; nothing was sent", channel=name
            )
        if getattr(service, "secure_protocol", None) in OWN_ADAPTERS:
            raise Refused(
                "the channel {channel} needs a kind of its own (dingtalk, feishu or wecom): apprise reports success "
                "when such a bot refuses. Nothing was sent.",
                channel=name,
            )
        self._service = Apprise(asset=asset)
        self._service.add(service)

    def send(self, message: ChatMessage) -> None:
        """See the port. apprise does not say why it failed: every failure is worth another try."""
        try:
            left = bool(self._service.notify(body=message.content))
        except Exception:  # a fault in one of its hundred services holds up nothing else
            left = False
        if not left:
            raise Unavailable(
                "the channel {channel} did not take the message; it is kept and tried again",
                channel=self._name,
                system="chat",
                reason="no_answer",
            ) from None
