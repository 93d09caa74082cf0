"""The filters of docs/admins.md find in a real server what they promise."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from models.search_attributes import DEPARTMENT, LEVEL, NEXT_DEADLINE, PHASE, SCORE, TASK_QUEUE, WAITING_ON
from tests.integration.real_engine import Engine

PAGE = Path(__file__).parents[2] / "docs" / "admins.md"
BEFORE, AFTER = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)
Attributes = dict[SearchAttributeKey, object]  # type: ignore[type-arg]

CASES: dict[str, Attributes] = {
    "asking": {PHASE: "approving", LEVEL: "low", SCORE: 20.0, WAITING_ON: ["finance", "hr"], NEXT_DEADLINE: AFTER},
    "late": {PHASE: "approving", LEVEL: "high", SCORE: 67.0, WAITING_ON: ["hr"], NEXT_DEADLINE: BEFORE},
    "closing": {PHASE: "closing", LEVEL: "critical", SCORE: 60.0, WAITING_ON: ["clients_without_owner: 2"]},
    "east": {PHASE: "assessing", DEPARTMENT: "Sales East China"},
    "declined": {PHASE: "declined", LEVEL: "medium", SCORE: 40.0},
}
EXPECTED = {
    "What waits for approvals?": {"asking", "late"},
    "What waits for finance?": {"asking"},
    "What is overdue?": {"late"},
    "What is serious and still open?": {"late", "closing"},
    "What scored 60 or more?": {"late", "closing"},
    "One department": {"east"},
    "What cannot close?": {"closing"},
    "What ended without a hand-over?": {"declined"},
    "What is stuck on a fault of the program?": set(),
}


def filters() -> dict[str, str]:
    """Question and filter of every row of the table."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("| question | filter |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| ([^|`]+) \| `([^`]+)` \|$", table, re.MULTILINE))


@pytest.fixture(scope="module")
def server() -> Iterator[Engine]:
    """A server on which one case stands for each situation; no worker is needed to find them."""
    started = Engine()
    started.run(_start_cases)
    yield started
    started.close()


async def _start_cases(client: Client) -> None:
    for name, attributes in CASES.items():
        pairs = [SearchAttributePair(key, value) for key, value in attributes.items()]
        await client.start_workflow(
            "Offboarding", id=name, task_queue=TASK_QUEUE, search_attributes=TypedSearchAttributes(pairs)
        )


def found(server: Engine, query: str) -> set[str]:
    async def ids(client: Client) -> set[str]:
        return {seen.id async for seen in client.list_workflows(query)}

    answer: set[str] = server.run(ids)
    return answer


def test_every_filter_of_the_page_is_checked() -> None:
    assert set(filters()) == set(EXPECTED)


@pytest.mark.parametrize("question", EXPECTED)
def test_the_filter_finds_what_it_promises(server: Engine, question: str) -> None:
    give_up = time.monotonic() + 20
    while len(found(server, 'WorkflowType = "Offboarding"')) < len(CASES):
        assert time.monotonic() < give_up, "the server does not show the cases"
        time.sleep(0.1)
    assert found(server, filters()[question]) == EXPECTED[question]
