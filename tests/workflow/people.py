"""More people for a stage, and who stands in for whom."""

from datetime import datetime

from temporalio.client import Client

from services.delegating import delegate
from services.nudging import nudge
from store import nudges
from tests.company import Company
from tests.workflow.stage import CASE, MONTH, Stage


def join(stage: Stage, *people: str, role: str = "finance_reviewer") -> None:
    """More people with a role, at the leaver's place."""
    with stage.database.begin() as connection:
        for person in people:
            Company(stage.database).person(
                connection, person, name=f"Office {person}", role=role, manager_id="D1", region="East", country="CN",
                time_zone="Asia/Shanghai", department="Finance", email=f"{person.lower()}@example.com",
            )  # fmt: skip


async def stand_in(stage: Stage, from_id: str, to: str | None, now: datetime) -> None:
    """A delegation for a month, or an absence, made by the person."""

    async def client() -> Client:
        return stage.client

    await delegate(
        stage.database, client, by=from_id, from_id=from_id, to=to, starts_at=now, ends_at=now + MONTH,
        reason="on leave", now=now,
    )  # fmt: skip


async def people_changed(stage: Stage) -> None:
    """The case is nudged, as after every import."""

    async def client() -> Client:
        return stage.client

    with stage.database.begin() as connection:
        nudges.put(connection, [CASE], "somebody left", await stage.clock())
    assert await nudge(stage.database, client) == 1
