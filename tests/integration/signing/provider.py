"""An identity provider that says what a test wants: every token that a real one would never write."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "offboard"
PASSWORD = "a password of the hook at its provider"


@dataclass
class Provider:
    """Its key pair, and the token that it gives for any code. `asked` are the forms that came to its token endpoint."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    token: str = ""
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    def claims(self, nonce: str, now: datetime, /, **changed: Any) -> dict[str, Any]:
        """What an honest token says; a claim that is changed to None is left out."""
        at = int(now.timestamp())
        honest = {
            "iss": self.issuer, "aud": CLIENT, "sub": "E101", "email": "e101@example.com", "email_verified": True,
            "nonce": nonce, "iat": at, "exp": at + 300,
        }  # fmt: skip
        return {name: value for name, value in (honest | changed).items() if value is not None}

    def sign(self, claims: dict[str, Any], key: RSAKey | None = None, **header: Any) -> str:
        """The token for these claims."""
        signer = key or self.key
        return jwt.encode({"alg": "RS256", "kid": signer.kid} | header, claims, signer)

    def sign_with_public_key(self, claims: dict[str, Any]) -> str:
        """A token whose shared secret is the public key, which everybody knows."""
        said = f"{_part({'alg': 'HS256', 'kid': self.key.kid})}.{_part(claims)}"
        mark = hmac.new(self.key.as_pem(private=False), said.encode(), hashlib.sha256).digest()
        return f"{said}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"

    def document(self, path: str) -> dict[str, Any] | None:
        """What it publishes."""
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/leave",
            } | self.changed  # fmt: skip
        return None


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """Serve it on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, provider.document(self.path))

        def do_POST(self) -> None:
            sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            provider.asked.append({name: values[0] for name, values in sent.items()})
            said = {"access_token": "x", "token_type": "Bearer", "id_token": provider.token}
            self._answer(provider.status, said if provider.status == 200 else {"error": "invalid_grant"})

        def _answer(self, status: int, document: dict[str, Any] | None) -> None:
            body = json.dumps(document or {}).encode()
            self.send_response(status if document is not None else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
