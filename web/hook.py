"""What every route of the hook works with, put together once by `create_app`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer

from store.database import Database
from web.engine import ClientProvider
from web.security import GuessBrake

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Seen:
    """What the page showed when its form was made: the round and the report that the decision is about."""

    round: int
    digest: str


@dataclass(frozen=True)
class Hook:
    """`client` connects to the engine when first called and may fail; `public_url` has no slash at its end."""

    database: Database
    client: ClientProvider
    link_secret: str
    public_url: str
    clock: Clock
    brake: GuessBrake = field(default_factory=GuessBrake)

    def sign_form(self, token: str, seen: Seen) -> str:
        """The signed field of a form. It binds the form to one link and to what was shown there."""
        return str(self._forms().dumps([_name(token), seen.round, seen.digest]))

    def read_form(self, token: str, signed: str) -> Seen | None:
        """What the form of this link showed; None when it was not made by us for this link."""
        try:
            link, shown_round, digest = self._forms().loads(signed)
        except (BadSignature, ValueError, TypeError):
            return None
        seen = Seen(shown_round, digest)
        # Decoding overlooks stray characters: only the very text that we would write now is ours.
        return seen if link == _name(token) and self.sign_form(token, seen) == signed else None

    def _forms(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.link_secret, salt="offboard.form")


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
