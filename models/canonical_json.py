"""RFC 8785: one spelling of a JSON value, so that equal values have equal digests on every machine."""

import json
from typing import Any

import rfc8785

MOST = 2**53 - 1  # of an integer: what every reader of JSON keeps exactly

_PLAIN = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def canonical(value: object) -> bytes:
    """RFC 8785 canonical JSON. Raises ValueError for what it cannot say."""
    try:
        if _is_plain(value):
            return _PLAIN.encode(value).encode()
    except (TypeError, UnicodeEncodeError):  # a key that is no text, or half of a surrogate pair
        pass
    return rfc8785.dumps(value)  # type: ignore[arg-type]


def _is_plain(value: object) -> bool:
    """True where the encoder of the standard library spells a value as RFC 8785 wants it.

    That is all but floats, large integers and the order of keys beyond ASCII. What we seal has none of them, and the
    reference implementation takes several times as long over it. Raises TypeError when a key is no text.
    """
    waiting: list[Any] = [value]
    for part in waiting:  # which grows while it is read
        kind = type(part)
        if kind is str or part is None or kind is bool:
            continue
        if kind is dict:
            if not all(map(str.isascii, part)):
                return False
            waiting.extend(part.values())
        elif kind is list or kind is tuple:
            waiting.extend(part)
        elif kind is not int or not -MOST <= part <= MOST:
            return False
    return True
