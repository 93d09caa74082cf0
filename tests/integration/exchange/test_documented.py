"""docs/webhooks.md is true: its examples run as they stand there, and its tables name everything."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from standardwebhooks.webhooks import Webhook

from embedded.processes import free_port
from models.approvals import Verdict
from models.events import DATA_OF, EventType
from services.events import PAUSES
from store import decisions
from store.database import Database
from tests.browser.departure import CASE, Departure
from tests.integration.exchange.calling import NEW, hook_of
from tests.report_builder import build_report
from web.programs.document import document

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHELL = next(block for language, block in BLOCKS if language == "bash")
DECIDING, HEARING = [block for language, block in BLOCKS if language == "python"]


@pytest.fixture
def departure(database: Database) -> Departure:
    """The case of the examples, with the first version of its report."""
    return Departure(database, report=build_report().model_copy(update={"version": 1}).sealed()).build()


@pytest.fixture
async def address(departure: Departure) -> AsyncIterator[str]:
    """A hook on a real port."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(hook_of(departure), host="127.0.0.1", port=port, log_level="error"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


async def run(*command: str, address: str = "", given: bytes = b"") -> str:
    environment = os.environ | {"SECRET": NEW, "OFFBOARD": address, "no_proxy": "127.0.0.1"}
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(*command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(30):
        out, wrong = await program.communicate(given)
    assert program.returncode == 0, wrong.decode()
    return out.decode()


async def test_both_examples_decide(departure: Departure, address: str) -> None:
    by_shell = json.loads(await run("bash", "-euc", SHELL, address=address))
    by_python = json.loads(await run(sys.executable, "-c", DECIDING, address=address))
    with departure.database.begin() as connection:
        kept = [decisions.of_gate(connection, CASE, gate)[0] for gate in ("sales_manager", "finance")]
    assert [each.verdict for each in kept] == [Verdict.APPROVED, Verdict.DECLINED]
    assert [each.id for each in kept] == [by_shell["decision_id"], by_python["decision_id"]]
    assert kept[1].note == "the deposit is not settled"


async def test_the_example_of_a_receiver_hears() -> None:
    body = json.dumps({"type": "case.ended", "data": {"case": CASE}}).encode()
    now = datetime.now(UTC)
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = Webhook(NEW).sign("evt_1", now, body.decode())
    told = await run(sys.executable, "-c", HEARING, json.dumps(headers), given=body)
    assert told == f"evt_1 case.ended {CASE}\n"


def test_every_event_is_listed_with_its_fields() -> None:
    rows = dict(re.findall(r"^\| `(\w+\.\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE))
    assert set(rows) == {kind.value for kind in EventType}
    for kind in EventType:
        if not rows[kind.value].startswith("the same"):
            named = re.findall(r"`(\w+)`", rows[kind.value].split(";")[0])
            assert named == list(DATA_OF[kind].model_fields)


def test_every_answer_is_listed() -> None:
    listed: dict[str, set[str]] = {}
    for status, reasons in re.findall(r"^\| (\d{3}|5xx) \|([^|]*)\|", PAGE, re.MULTILINE):
        listed.setdefault(status, set()).update(re.findall(r"`(\w+)`", reasons))
    answers = document()["paths"]["/api/webhooks/decisions"]["post"]["responses"]
    served: dict[str, set[str]] = {}
    for status, answer in answers.items():
        kind = "5xx" if status.startswith("5") else status
        served.setdefault(kind, set()).update(
            re.findall(r"\b(?!reason\b)[a-z_]+", answer["description"]) if int(status) >= 400 else []
        )
    assert listed == served


def test_the_pauses_are_those_that_are_promised() -> None:
    promised = re.search(r"tried again after about (.+?), so for more than a day", PAGE.replace("\n  ", " "))
    assert promised
    units = {"s": 1, "min": 60, "h": 3600}
    found = re.findall(r"(\d+) (s|min|h)\b", promised[1])
    assert [int(number) * units[unit] for number, unit in found] == [pause.total_seconds() for pause in PAUSES]
