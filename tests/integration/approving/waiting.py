"""Helpers of the tests of what people do around a gate: the services and the command, without an engine."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from temporalio.client import Client
from typer.testing import CliRunner

from models.errors import Unavailable
from services import delegating
from starter_cli import app
from store import evidence, nudges
from store.database import Database
from store.delegations import Delegation
from store.tables import delegations, employees
from tests.approval_case import CASE, OPENED

FAR = datetime(2190, 1, 2, 10, tzinfo=UTC)  # the command looks at the clock of the day on which it is tested
NOW = OPENED + timedelta(hours=1)


async def nobody() -> Client:
    """An engine that does not answer."""
    raise Unavailable("no engine in this test")


class Waiting:
    """The case while it waits."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def hand_over(
        self, by: str, to: str, gate: str = "finance", now: datetime = NOW, key: str | None = None
    ) -> Delegation:
        return self._done(delegating.hand_over, case_id=CASE, gate=gate, by=by, to=to, reason="", now=now, key=key)

    def reassign(self, from_id: str, to: str, by: str, gate: str = "finance") -> Delegation:
        return self._done(
            delegating.reassign, case_id=CASE, gate=gate, from_id=from_id, to=to, by=by, reason="", now=NOW
        )

    def delegate(self, by: str, to: str | None, from_id: str | None = None, days: int = 3) -> Delegation:
        return self._done(
            delegating.delegate,
            by=by,
            from_id=from_id or by,
            to=to,
            starts_at=NOW,
            ends_at=NOW + timedelta(days=days),
            reason="",
            now=NOW,
        )

    def revoke(self, delegation_id: str, by: str, now: datetime = NOW + timedelta(minutes=1)) -> Delegation:
        return self._done(delegating.revoke, delegation_id=delegation_id, by=by, now=now)

    def change(self, person: str, **values: object) -> None:
        """Another role or status."""
        with self.database.begin() as connection:
            connection.execute(employees.update().where(employees.c.id == person).values(**values))

    def kinds(self) -> list[str]:
        """Kinds of the evidence since the gates were opened; the chain must hold."""
        with self.database.begin() as connection:
            assert evidence.verify(connection, CASE)[1] is None
            return [each.kind for each in evidence.read(connection, CASE) if each.kind != "gate.opened"]

    def untold(self) -> list[str]:
        """Why the case must look again."""
        with self.database.begin() as connection:
            return [each.why for each in nudges.untold(connection)]

    def delegations(self) -> int:
        """How many rows there are."""
        with self.database.begin() as connection:
            return connection.execute(select(func.count()).select_from(delegations)).scalar_one()

    def offboard(self, *words: str, code: int = 0) -> str:
        """Run the command. What it raises is what `main` prints behind `refused:`."""
        done = CliRunner().invoke(app, words)
        raised = done.exception if done.exception and not isinstance(done.exception, SystemExit) else None
        assert (1 if raised else done.exit_code) == code, (words, done.output, done.exception)
        return str(raised) if raised else done.output

    def json(self, *words: str, code: int = 0) -> Any:
        """The answer of a verb."""
        return json.loads(self.offboard(*words, "--json", code=code))

    def _done(self, act: Callable[..., Awaitable[Delegation]], **what: object) -> Delegation:
        async def go() -> Delegation:
            return await act(self.database, nobody, **what)

        return asyncio.run(go())
