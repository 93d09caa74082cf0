"""One way through the sign-in: from the first page until the person comes back, held by the browser in a cookie."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from reports.language import Language
from web import respond
from web.hook import Hook
from web.sign_in.sessions import cookie_name, keep, local

LIFE = 600  # seconds


@dataclass(frozen=True)
class Flow:
    """`ticket` is known to one browser only; `next_path` is the page of ours that the person wanted."""

    ticket: str
    next_path: str

    def derived(self, hook: Hook, use: str) -> str:
        """A secret of this flow for one use. So the cookie need not hold it, and no use gives another one away."""
        said = f"offboard.flow.{use}\n{self.ticket}"
        return hmac.new(hook.link_secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def begin(hook: Hook, answer: Response, next_path: str) -> Flow:
    """A new flow; the browser keeps it for ten minutes."""
    flow = Flow(secrets.token_urlsafe(32), local(hook, next_path))
    keep(hook, answer, cookie_name(hook, "-flow"), str(_cookies(hook).dumps([flow.ticket, flow.next_path])), LIFE)
    return flow


def read(hook: Hook, request: Request) -> Flow | None:
    """The flow of this browser; None when it has none, or one that is too old."""
    try:
        ticket, next_path = _cookies(hook).loads(request.cookies.get(cookie_name(hook, "-flow"), ""), max_age=LIFE)
    except (BadData, ValueError, TypeError):
        return None
    return Flow(ticket, next_path)


def drop(hook: Hook, answer: Response) -> None:
    """The flow came to its end."""
    keep(hook, answer, cookie_name(hook, "-flow"), "", 0)


def told(request: Request, words: Language, status: int, title: str, detail: str, wait: int = 0) -> Response:
    """A page that says what happened and what to do. `title` and `detail` are translated; `wait` in seconds."""
    answer = respond.page(request, words, "told.html", status, title=title, detail=detail)
    if wait:
        answer.headers["Retry-After"] = str(wait)
    return answer


def _cookies(hook: Hook) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        hook.link_secret, salt="offboard.flow", signer_kwargs={"digest_method": hashlib.sha256}
    )
