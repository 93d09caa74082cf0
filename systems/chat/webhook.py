"""What the bots have in common: one POST of JSON over TLS, and an answer that has a code of its own in its body."""

import ipaddress
import json
import logging
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import httpx

from models.errors import Refused, Unavailable

TIMEOUT = 10.0  # seconds
LONGEST_ANSWER = 65_536  # bytes; a bot says it in 100
TOO_MANY = 429


class _WithoutAddresses(logging.Filter):
    """httpx writes every address into its log at level INFO; those of bots are their passwords."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave of an address only the host."""
        if isinstance(record.args, tuple):
            shown = (each.host if isinstance(each, httpx.URL) else each for each in record.args)
            record.args = tuple(shown)
        return True


logging.getLogger("httpx").addFilter(_WithoutAddresses())


def checked(name: str, url: str) -> str:
    """The address of a bot, when it can be meant: https, or this machine itself. Raises Refused without naming it."""
    try:
        place = urlsplit(url)
        safe = place.scheme == "https" or (place.scheme == "http" and _is_here(place.hostname))
        if safe and place.hostname and (place.port is None or place.port):
            return url
    except ValueError:
        pass
    raise Refused(
        "the address of the channel {channel} must begin with https:// and name a host; nothing was sent", channel=name
    )


def ask(name: str, url: str, body: dict[str, Any], *, timeout: float = TIMEOUT) -> dict[str, Any]:
    """POST `body` and return the JSON object that comes back. Redirects are not followed: they could lead anywhere.

    `timeout` in seconds holds for the whole of it. Raises as `Messenger.send` does.
    """
    until = time.monotonic() + timeout
    try:
        with httpx.stream("POST", url, json=body, timeout=timeout, follow_redirects=False) as answer:
            status, said = answer.status_code, b""
            for piece in answer.iter_bytes():
                said += piece
                if len(said) > LONGEST_ANSWER or time.monotonic() > until:
                    raise _garbled(name)
    except (httpx.HTTPError, httpx.InvalidURL) as lost:
        raise _no_answer(name, type(lost).__name__) from None  # the original holds the address
    if status == TOO_MANY:
        raise rate_limited(name)
    if status >= 500:
        raise _no_answer(name, str(status))
    if status >= 300:
        raise refused(name, status)
    return _object(name, said)


def settle(name: str, code: object, *, limits: Collection[int]) -> None:
    """Judge the code of a service: 0 is taken, `limits` are those of too many messages, everything else is a no."""
    if isinstance(code, bool) or not isinstance(code, int):
        raise _garbled(name)
    if code in limits:
        raise rate_limited(name)
    if code != 0:
        raise refused(name, code)


def refused(name: str, code: int) -> Refused:
    """The service said no."""
    return Refused(
        "the channel {channel} refused the message (code {answer}); it is tried again and then sent by mail",
        channel=name,
        answer=code,
        system="chat",
        reason="refused",
    )


def rate_limited(name: str) -> Unavailable:
    """The service takes no more for now."""
    return Unavailable(
        "the channel {channel} takes no more messages for now; the message is kept and tried again",
        channel=name,
        system="chat",
        reason="rate_limited",
    )


def _no_answer(name: str, what: str) -> Unavailable:
    return Unavailable(
        "the channel {channel} does not answer ({answer}); the message is kept and tried again",
        channel=name,
        answer=what,
        system="chat",
        reason="no_answer",
    )


def _garbled(name: str) -> Unavailable:
    return Unavailable(
        "the channel {channel} gave an answer that cannot be read; the message is kept and tried again",
        channel=name,
        system="chat",
        reason="garbled",
    )


def _object(name: str, said: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        raise _garbled(name) from None
    if not isinstance(answer, dict):
        raise _garbled(name)
    return answer


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
