"""What every route of the hook works with, put together once by `create_app`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer

from services.exchange import Exchange
from store.database import Database
from web.door.engine import ClientProvider
from web.security import GuessBrake

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Seen:
    """What the page showed when its form was made: the round and the report that the decision is about.

    `number` counts what the person says in the round; `for_id` is whose seat it is, None for the own one.
    """

    round: int
    digest: str
    number: int = 1
    for_id: str | None = None


@dataclass(frozen=True)
class Hook:
    """`client` connects to the engine when first called and may fail; `public_url` has no slash at its end.

    The brakes slow down who guesses: links (`brake`) and sign-ins (`knocks`) per address, `acts` per person.
    `exchange` says with which programs we speak by signed web hooks.
    """

    database: Database
    client: ClientProvider
    link_secret: str
    public_url: str
    clock: Clock
    brake: GuessBrake = field(default_factory=GuessBrake)
    knocks: GuessBrake = field(default_factory=GuessBrake)
    acts: GuessBrake = field(default_factory=lambda: GuessBrake(limit=60))
    exchange: Exchange = field(default_factory=Exchange)

    def sign_form(self, page: str, seen: Seen) -> str:
        """The signed field of a form. It binds the form to one page (and session) and to what was shown there."""
        return str(self._forms().dumps([_name(page), seen.round, seen.digest, seen.number, seen.for_id]))

    def read_form(self, page: str, signed: str) -> Seen | None:
        """What the form of this page showed; None when it was not made by us for this page."""
        try:
            made_for, *shown = self._forms().loads(signed)
            seen = Seen(*shown)
        except (BadSignature, ValueError, TypeError):
            return None
        # Decoding overlooks stray characters: only the very text that we would write now is ours.
        return seen if made_for == _name(page) and self.sign_form(page, seen) == signed else None

    def _forms(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.link_secret, salt="offboard.form")


def _name(page: str) -> str:
    return hashlib.sha256(page.encode()).hexdigest()
