"""A real identity provider for tests: Canaille, with OpenID Connect for signing in and SCIM for managing people."""

import json
import os
import secrets
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx
from joserfc.jwk import RSAKey

from embedded.processes import free_port, tail
from tests.servers.environments import environment

if TYPE_CHECKING:
    from playwright.sync_api import Page  # half a second, which tests without a browser need not wait

PROGRAM = Path(__file__).with_name("canaille_program.py")
SCOPES = ["openid", "profile", "email", "groups"]
WAIT = 60.0  # seconds; it starts in about four on a quiet machine


@dataclass(frozen=True)
class Account:
    """A person who can sign in."""

    user_name: str
    email: str
    given_name: str
    family_name: str
    password: str = "correct horse battery staple"


@dataclass(frozen=True)
class Client:
    """An application that may send people here to sign in."""

    client_id: str
    client_secret: str


class Canaille:
    """The server, while the `with` block runs. Its state is gone afterwards.

    `client_id` and `client_secret` belong to an application that people may be sent back to at `redirect_uris`; other
    applications are added with `register`.
    """

    def __init__(self, users: Sequence[Account], redirect_uris: Sequence[str] = ()) -> None:
        self.users = {user.user_name: user for user in users}
        self.redirect_uris = list(redirect_uris)
        self.issuer = ""
        self.client_id, self.client_secret = "offboard", secrets.token_urlsafe(24)
        self._folder = tempfile.TemporaryDirectory(prefix="canaille")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it. Raises Unreachable when its packages cannot be fetched, RuntimeError when it does not start."""
        folder, port = Path(self._folder.name), free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        python, log = environment("canaille"), folder / "server.log"
        # Settings of whoever runs the tests are not for this server.
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        with log.open("w") as out:
            self._process = subprocess.Popen(
                [str(python), "-P", str(PROGRAM)],
                stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=folder, env=plain, text=True,
            )  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"port": port, "config": self._config(port), "objects": self._objects()}))
        self._process.stdin.close()
        try:
            self._until_it_answers(log)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def register(self, redirect_uri: str) -> Client:
        """Add an application by the standard's dynamic registration."""
        wanted = {
            "client_name": "Offboard",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": " ".join(SCOPES),
        }
        given = httpx.post(f"{self.issuer}/oauth/register", json=wanted, timeout=WAIT).raise_for_status().json()
        return Client(given["client_id"], given["client_secret"])

    def sign_in(self, page: "Page", user_name: str, password: str | None = None) -> None:
        """Fill in the forms that `page` was sent to, with the right password unless another is given.

        Ends at the application, or at the form again when the password is refused. The page must not be signed in yet:
        a browser that is comes back to the application without a form.
        """
        page.locator("input[name=login]").fill(user_name)
        page.locator("button.primary[type=submit]").click()
        page.locator("input[name=password]").fill(password or self.users[user_name].password)
        with page.expect_navigation():
            page.locator("button.primary[type=submit]").click()
        if page.url.startswith(f"{self.issuer}/oauth/authorize"):  # asked only once for each application
            with page.expect_navigation():
                page.locator("button[name=answer][value=accept]").click()

    def add(self, user: Account) -> None:
        """Give one more person an account."""
        wanted = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": user.user_name,
            "active": True,
            "password": user.password,
            "emails": [{"value": user.email}],
            "name": {
                "givenName": user.given_name,
                "familyName": user.family_name,
                "formatted": f"{user.given_name} {user.family_name}",
            },
        }
        with self.scim() as people:
            people.post("/Users", json=wanted).raise_for_status()
        self.users[user.user_name] = user

    def disable(self, user_name: str) -> None:
        """Lock an account, as an administrator does when somebody leaves."""
        self._set_active(user_name, active=False)

    def enable(self, user_name: str) -> None:
        """Unlock an account."""
        self._set_active(user_name, active=True)

    def scim(self) -> httpx.Client:
        """A client of the SCIM interface that may change everything. Close it after use."""
        asked = httpx.post(
            f"{self.issuer}/oauth/token",
            data={"grant_type": "client_credentials", "scope": "openid"},
            auth=(self.client_id, self.client_secret),
            timeout=WAIT,
        ).raise_for_status()
        bearer = {"Authorization": f"Bearer {asked.json()['access_token']}"}
        return httpx.Client(base_url=f"{self.issuer}/scim/v2", headers=bearer, timeout=WAIT)

    def _set_active(self, user_name: str, *, active: bool) -> None:
        change = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": active}],
        }
        with self.scim() as people:
            found = people.get("/Users").raise_for_status().json()["Resources"]
            (number,) = (user["id"] for user in found if user["userName"] == user_name)
            answer = people.patch(f"/Users/{number}", json=change).raise_for_status().json()
            assert answer["active"] is active

    def _config(self, port: int) -> dict[str, Any]:
        key = RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)
        return {
            "SECRET_KEY": secrets.token_hex(32),
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "SESSION_COOKIE_NAME": "canaille",  # cookies know no ports: it must not meet one of the application
            "CANAILLE": {"DATABASE": "sql", "SMTP": None},
            "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{self._folder.name}/canaille.sqlite"},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [key],
                "REQUIRE_NONCE": False,
                "DYNAMIC_CLIENT_REGISTRATION_OPEN": True,
                "TRUSTED_DOMAINS": [],  # so that people are asked, as at a provider that belongs to others
            },
            "CANAILLE_SCIM": {"ENABLE_SERVER": True},
        }

    def _objects(self) -> dict[str, list[dict[str, Any]]]:
        people = [
            {
                "id": str(uuid.uuid4()), "user_name": user.user_name, "password": user.password,
                "emails": [user.email], "given_name": user.given_name, "family_name": user.family_name,
                "formatted_name": f"{user.given_name} {user.family_name}",
            } for user in self.users.values()
        ]  # fmt: skip
        application = {
            "id": str(uuid.uuid4()), "client_id": self.client_id, "client_secret": self.client_secret,
            "client_name": "Offboard", "redirect_uris": self.redirect_uris, "scope": SCOPES,
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"], "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
        }  # fmt: skip
        return {"user": people, "client": [application]}

    def _until_it_answers(self, log: Path) -> None:
        assert self._process is not None
        deadline = time.monotonic() + WAIT
        while True:
            try:
                httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=WAIT).raise_for_status()
                return
            except httpx.HTTPError as fault:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Canaille did not start ({fault}):\n{tail(log)}") from fault
            time.sleep(0.05)
