"""A small client for adapters that read over HTTP: bounded, patient, and strict about what comes back.

What it takes care of, so that an adapter need not: calls at once, time limits, another try, Retry-After, the size of an
answer, compressed answers that grow, JSON that says two things, and one typed error for everything that goes wrong.
"""

import ipaddress
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NamedTuple, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay, wait_exponential, wait_random

from models.errors import Unavailable
from systems.receivables.answers import Decode, Misread, read_json
from systems.receivables.calls import Calls, NoTurn
from systems.receivables.failures import RATE_LIMITED, garbled, no_answer, not_allowed, rate_limited
from systems.receivables.total_time import bounded, within

AGAIN = frozenset({408, 421, 425})  # client errors by number, and yet worth another try
WITHOUT_RETRY_AFTER = 1.0  # seconds
LONGEST_SILENCE = 86_400
GZIP_OR_ZLIB = 47  # zlib finds out which by itself
LONGEST_LENGTH = 20  # digits
LONGEST_REFUSAL = 65_536  # bytes


class Patience(NamedTuple):
    """How long and how often. One call takes at most `timeout` seconds, and with its further tries `budget`.

    `tries` bounds failures; being asked to come back later is bounded by the budget alone. `first_wait` doubles with
    each try. An answer has at most `longest` bytes, unpacked.
    """

    timeout: float = 20.0
    tries: int = 4
    budget: float = 60.0
    first_wait: float = 0.25
    longest: int = 16 * 1024 * 1024


PATIENCE = Patience()


class Answer(NamedTuple):
    """What came back: the JSON document (numbers with a point are Decimal), and the headers with small letters."""

    document: object
    headers: Mapping[str, str]


class _Final(Exception):
    """What another try would not change."""

    def __init__(self, failure: Unavailable) -> None:
        super().__init__()
        self.failure = failure


class HttpSystem:
    """One system at one address. `get` is safe from several threads; `close` gives the connections back.

    `system` is its name as people call it; it stands in every error. `headers` may hold a key. `decode` makes of the
    objects in an answer what the system means by them. `denies` tells from a status and the beginning of the body
    whether the system says that we may not, where it has other words for it than 401 and 403.
    """

    def __init__(
        self,
        system: str,
        address: str,
        calls: Calls,
        *,
        headers: Mapping[str, str] | None = None,
        patience: Patience = PATIENCE,
        decode: Decode | None = None,
        denies: Callable[[int, bytes], bool] | None = None,
    ) -> None:
        self.system = system
        self._denies = denies
        self._decode = decode
        self._calls = calls
        self._patience = patience
        self._client = bounded(
            httpx.Client(
                base_url=address,
                headers={"Accept": "application/json", **(headers or {}), "Accept-Encoding": "gzip"},
                timeout=patience.timeout,
                follow_redirects=False,  # a redirect could carry the key anywhere
                trust_env=not is_here(httpx.URL(address).host),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give every connection back."""
        self._client.close()

    def get(
        self, path: str, params: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask until there is an answer or patience ends. Raises `Unavailable` with one of the four reasons."""
        until = time.monotonic() + self._patience.budget
        again = Retrying(
            retry=retry_if_exception_type(Unavailable), wait=self._wait, stop=self._stop, reraise=True, sleep=time.sleep
        )
        try:
            answer: Answer = again(self._ask, path, params, headers or {}, until)
        except _Final as final:
            raise final.failure from None
        return answer

    def _wait(self, state: RetryCallState) -> float:
        first = self._patience.first_wait
        backing_off = wait_exponential(first) + wait_random(0, first)
        return max(backing_off(state), self._calls.silence())

    def _stop(self, state: RetryCallState) -> bool:
        failure = state.outcome.exception() if state.outcome else None
        asked_to_wait = isinstance(failure, Unavailable) and failure.detail["reason"] == RATE_LIMITED
        return stop_before_delay(self._patience.budget)(state) or (
            not asked_to_wait and state.attempt_number >= self._patience.tries
        )

    def _ask(self, path: str, params: Sequence[tuple[str, str]], headers: Mapping[str, str], until: float) -> Answer:
        try:
            with self._calls.one(until):
                answer = self._call(path, params, headers)
        except NoTurn:
            limited = self._calls.silence() > 0
            raise (rate_limited(self.system) if limited else no_answer(self.system, "too many calls wait")) from None
        except (httpx.HTTPError, httpx.StreamError, ssl.SSLError, OSError) as lost:
            self._calls.failed()
            raise no_answer(self.system, type(lost).__name__) from None  # the original holds the address
        except Misread as misread:
            raise garbled(self.system, misread) from None
        except zlib.error:
            raise garbled(self.system, "it says that it is packed, and is not") from None
        return answer

    def _call(self, path: str, params: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Answer:
        until = time.monotonic() + self._patience.timeout
        limit = within(self._patience.timeout)
        with limit, self._client.stream("GET", path, params=list(params), headers=dict(headers)) as response:
            self._judge(response, until)
            said = b"".join(_pieces(response, until, self._patience.longest))
            self._calls.answered()
        return Answer(read_json(said, self._decode), {name.lower(): value for name, value in response.headers.items()})

    def _judge(self, response: httpx.Response, until: float) -> None:
        status = response.status_code
        if status == 429 or (status == 503 and "retry-after" in response.headers):
            self._calls.leave_alone(_retry_after(response.headers.get("retry-after", "")))
            raise rate_limited(self.system)
        if status >= 500 or status in AGAIN:
            self._calls.failed()
            raise no_answer(self.system, status)
        self._calls.answered()
        if not 200 <= status < 300:
            failure = not_allowed if self._denied(response, until) else garbled
            raise _Final(failure(self.system, status))
        if "json" not in response.headers.get("content-type", "").lower():
            raise Misread("it is not JSON")

    def _denied(self, response: httpx.Response, until: float) -> bool:
        if response.status_code in (401, 403) or self._denies is None:
            return response.status_code in (401, 403)
        try:
            said = b"".join(_pieces(response, until, LONGEST_REFUSAL))
        except (Misread, zlib.error):
            return False
        return self._denies(response.status_code, said)


def is_here(host: str) -> bool:
    """Is this host the machine itself?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _retry_after(text: str) -> float:
    """Seconds or a date, as RFC 9110 has it; a second when it is neither."""
    try:
        return float(min(max(0, int(text)), LONGEST_SILENCE))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return WITHOUT_RETRY_AFTER
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_SILENCE)


def _pieces(response: httpx.Response, until: float, longest: int) -> Iterator[bytes]:
    """The body, unpacked piece by piece, so that neither its length nor what it grows to can fill the memory."""
    if len(length := response.headers.get("content-length", "")) > len(str(longest)):
        raise Misread(f"it is {length[:LONGEST_LENGTH]} bytes long")
    unpack = _unpacker(response.headers.get("content-encoding", "identity").strip().lower())
    size = 0
    for raw in response.iter_raw():  # as it comes: pieces of a size would be waited for
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the answer comes too slowly")
        piece = unpack.decompress(raw, longest - size + 1) if unpack else raw
        size += len(piece)
        if size > longest:
            raise Misread(f"it is longer than {longest} bytes")
        yield piece
    if unpack and not unpack.eof:
        raise Misread("it was packed and its end is missing")


def _unpacker(encoding: str) -> "zlib._Decompress | None":
    if encoding in ("identity", ""):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(GZIP_OR_ZLIB)
    raise Misread("it is packed in a way that was not asked for")
