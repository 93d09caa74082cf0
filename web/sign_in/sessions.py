"""Who is signed in on the pages: the cookie, the token of the forms, and the way to the sign-in and back."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response

from store import sessions
from store.sessions import LIFE, Method
from web.hook import Hook

LONGEST_KEY = 128  # characters; longer ones are not ours and are not even hashed
CSRF_FIELD = "csrf"


@dataclass(frozen=True)
class Session:
    """A person who is signed in. `csrf` belongs into a hidden field of every form of theirs, named `CSRF_FIELD`."""

    employee_id: str
    method: Method
    csrf: str

    def made(self, form: dict[str, str]) -> bool:
        """True for a form that a page of this session holds; another site cannot know the token."""
        return hmac.compare_digest(form.get(CSRF_FIELD, "").encode(), self.csrf.encode())


async def signed_in(hook: Hook, request: Request) -> Session | None:
    """The session of a request; None without a valid one. Raises Unavailable when our database does not answer."""
    key = request.cookies.get(cookie_name(hook), "")
    if not key or len(key) > LONGEST_KEY:
        return None

    def finding() -> sessions.StoredSession | None:
        with hook.database.begin() as connection:
            return sessions.find(connection, hook.link_secret, key, at=hook.clock())

    found = await asyncio.to_thread(finding)
    return Session(found.employee_id, found.method, _csrf(hook, key)) if found else None


async def begin(hook: Hook, request: Request, answer: Response, employee_id: str, method: Method) -> None:
    """Sign a person in with the answer. The id is fresh, and the one that the browser had before is ended."""
    before = request.cookies.get(cookie_name(hook), "")[:LONGEST_KEY]

    def starting() -> str:
        with hook.database.begin() as connection:
            sessions.end(connection, before, at=hook.clock())
            return sessions.start(connection, hook.link_secret, employee_id, method, at=hook.clock())

    keep(hook, answer, cookie_name(hook), await asyncio.to_thread(starting), int(LIFE.total_seconds()))


async def finish(hook: Hook, request: Request, answer: Response) -> None:
    """Sign the person out with the answer."""
    key = request.cookies.get(cookie_name(hook), "")[:LONGEST_KEY]

    def ending() -> None:
        with hook.database.begin() as connection:
            sessions.end(connection, key, at=hook.clock())

    await asyncio.to_thread(ending)
    keep(hook, answer, cookie_name(hook), "", 0)


def keep(hook: Hook, answer: Response, name: str, value: str, seconds: int) -> None:
    """Give the browser a cookie of ours: no script reads it, and no other site's form sends it. 0 seconds forget it."""
    answer.set_cookie(name, value, max_age=seconds, path="/", httponly=True, secure=_https(hook), samesite="lax")


def cookie_name(hook: Hook, part: str = "") -> str:
    """Name of a cookie of ours. Behind https the prefix keeps neighbouring hosts from planting one."""
    return ("__Host-offboard" if _https(hook) else "offboard") + part


def sign_in_address(hook: Hook, next_path: str) -> str:
    """Where to sign in; after that the browser is sent to `next_path`, which must be a path of ours."""
    return "/sign-in?" + urlencode({"next": local(hook, next_path)})


def local(hook: Hook, path: str) -> str:
    """The path when it stays on our pages, else the start page. A browser reads `//host` and `/\\host` as a host."""
    parts = urlsplit(path) if path.isprintable() and "\\" not in path and len(path) <= 2048 else None
    if parts is None or parts.scheme or parts.netloc or not parts.path.startswith("/") or path.startswith("//"):
        return "/"
    whole = urlsplit(hook.public_url + path)
    return path if whole.netloc == urlsplit(hook.public_url).netloc else "/"


def _csrf(hook: Hook, key: str) -> str:
    return hmac.new(hook.link_secret.encode(), b"offboard.csrf." + key.encode(), hashlib.sha256).hexdigest()


def _https(hook: Hook) -> bool:
    return hook.public_url.startswith("https://")
