"""Answers that no client may believe, whatever the system: each is made from a good one."""

import gzip
import json
from collections.abc import Callable

from tests.integration.receivables_port.downstream import Said

Spoil = Callable[[bytes], Said]
MEGABYTE = 1 << 20
HTML = b"<!doctype html><html><title>502 Bad Gateway</title><h1>Bad Gateway</h1></html>"


def json_of(body: bytes, **more: str) -> Said:
    """Bytes that claim to be JSON."""
    return Said(body, headers={"Content-Type": "application/json", **more})


def typed(kind: str) -> Spoil:
    """The good body under another content type."""
    return lambda good: Said(good, headers={"Content-Type": kind} if kind else {})


def instead(body: bytes) -> Spoil:
    """Always the same body."""
    return lambda good: json_of(body)


def packed(pack: Callable[[bytes], bytes], label: str = "gzip") -> Spoil:
    """A body under a label of a packing."""
    return lambda good: json_of(pack(good), **{"Content-Encoding": label})


ON_THE_WIRE: dict[str, Spoil] = {
    "nothing": instead(b""),
    "blanks": instead(b" \r\n\t "),
    "HTML as HTML": lambda good: Said(HTML, headers={"Content-Type": "text/html"}),
    "HTML as JSON": instead(HTML),
    "XML": instead(b'<?xml version="1.0"?><items><item>1</item></items>'),
    "cut JSON": lambda good: json_of(good[: len(good) // 2]),
    "JSON without its end": lambda good: json_of(good[:-1]),
    "JSON and more": lambda good: json_of(good + b"<!-- served by proxy7 -->"),
    "JSON twice": lambda good: json_of(good + good),
    "a trailing comma": lambda good: json_of(good[:-1] + b"," + good[-1:]),
    "a comment": lambda good: json_of(b"/* ok */" + good),
    "single quotes": lambda good: json_of(good.replace(b'"', b"'")),
    "UTF-16": lambda good: json_of(good.decode().encode("utf-16")),
    "a byte that is no UTF-8": lambda good: json_of(good.replace(b'"', b'"\xff', 1)),
    "a byte order mark": lambda good: json_of(b"\xef\xbb\xbf" + good),
    "NUL bytes": lambda good: json_of(good + b"\0" * 16),
    "JSON as text": typed("text/plain"),
    "JSON as a download": typed("application/octet-stream"),
    "no type at all": typed(""),
    "packed, and is not": packed(lambda good: good),
    "packed and cut": packed(lambda good: gzip.compress(good)[:-12]),
    "packed in an unknown way": packed(lambda good: good, "br"),
    "a gzip bomb": packed(lambda good: gzip.compress(b"[" + b" " * (64 * MEGABYTE) + b"]")),
    "a length of 3 GB": lambda good: Said(good, length="3221225472"),
    "longer than any page": lambda good: json_of(b"[" + b" " * (2 * MEGABYTE) + b"]"),
    "nested too deep": instead(b"[" * 100_000 + b"]" * 100_000),
    "null": instead(b"null"),
    "true": instead(b"true"),
    "a number": instead(b"100.50"),
    "a text": instead(b'"ok"'),
    "lists in a list": instead(b"[[1, 2], [3, 4]]"),
    "a list of nulls": instead(b"[null, null]"),
    "an empty object": instead(b"{}"),
    "an error with status 200": instead(b'{"error": "session expired", "code": 17}'),
    "NaN": instead(b"[NaN]"),
    "Infinity": instead(b'{"rows": [Infinity]}'),
    "a name twice": lambda good: json_of(b'{"rows": [], "rows": [], "count": 0, "revision": 1}'),
    "an integer of 5,000 digits": instead(b"[" + b"9" * 5000 + b"]"),
    "status 204": lambda good: Said(status=204),
    "a redirect": lambda good: Said(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "not found": lambda good: Said(HTML, status=404, headers={"Content-Type": "text/html"}),
}


def edited(change: Callable[[dict[str, object]], None]) -> Spoil:
    """The good document with a change."""

    def spoil(good: bytes) -> Said:
        document = json.loads(good)
        change(document)
        return json_of(json.dumps(document).encode())

    return spoil
