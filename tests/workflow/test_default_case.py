"""The default case from the start to the end: what it costs, what its history holds, what admins see."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from temporalio.api.sdk.v1 import WorkflowMetadata

from models import search_attributes as shown
from models.approvals import Verdict
from models.case import CaseResult, Phase
from tests.workflow.reading import everything_in, kinds, summary_of
from tests.workflow.stage import CASE, DevServerStage

REASON = "accepted another offer"
BUDGET_EVENTS = 150
BUDGET_BYTES = 128 * 1024
PRIVATE = text("""
SELECT name FROM employees UNION SELECT name FROM clients UNION SELECT name FROM contacts UNION SELECT name FROM
opportunities WHERE name <> '' UNION SELECT email FROM employees UNION SELECT note FROM decisions WHERE note <> ''
UNION SELECT reason FROM cases UNION SELECT unnest(string_to_array(name, ' ')) FROM employees WHERE id IN ('E1', 'M1')
""")


async def run_default_case(stage: DevServerStage) -> CaseResult:
    """Four gates and more approve, the clients go to their successors, access ends, the case closes."""
    soon = datetime.now(UTC) + timedelta(seconds=2)
    await stage.start(access_cutoff=soon, reason=REASON)
    await stage.until_asked()
    await stage.decide()
    await stage.until_phase(Phase.CLOSED)
    result: CaseResult = await stage.handle.result()
    return result


async def test_a_default_case_stays_within_its_budget_and_holds_no_name(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        result = await run_default_case(dev_stage)
    assert result.phase is Phase.CLOSED
    assert len(result.outcomes) >= 4
    assert {outcome.verdict for outcome in result.outcomes} == {Verdict.APPROVED}

    history = await dev_stage.history()
    description = await dev_stage.handle.describe()
    assert len(history.events) <= BUDGET_EVENTS
    assert description.raw_description.workflow_execution_info.history_size_bytes <= BUDGET_BYTES

    written = everything_in(history) + str(description.raw_description)
    with dev_stage.database.begin() as connection:
        private = set(connection.execute(PRIVATE).scalars())
    assert {"李娜", "Wang", REASON, "Client 1", "Contact 2", "m1@example.com"} <= private
    assert [secret for secret in private if secret in written] == []
    assert "E1" in written, "the ids must be found, or the search finds nothing at all"


async def test_every_call_and_timer_says_what_it_is_for_and_how_long_it_may_take(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await run_default_case(dev_stage)
    history = await dev_stage.history()
    speaking = ("activity_task_scheduled", "timer_started", "workflow_execution_started")
    summaries = {
        event.event_id: summary_of(event)
        for event in history.events
        if event.WhichOneof("attributes") in [f"{name}_event_attributes" for name in speaking]
    }
    assert len(summaries) > 15
    assert all(0 < len(summary.encode()) <= 200 for summary in summaries.values()), summaries
    for call in kinds(history, "activity_task_scheduled"):
        limit, beat = (float(call.get(name, "0s")[:-1]) for name in ("startToCloseTimeout", "heartbeatTimeout"))
        assert limit > 0, call["activityType"]
        assert limit <= 60 or 0 < beat <= 120, f"{call['activityType']} may be long and must show that it lives"


async def test_admins_see_whom_a_case_waits_for_even_without_a_worker(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await dev_stage.start()
        asked = await dev_stage.until_asked()
        metadata = await dev_stage.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        for line in ("waiting on sales_manager", "Phase **approving**", "M1", "F1"):
            assert line in metadata.current_details
    attributes = (await dev_stage.handle.describe()).typed_search_attributes
    assert attributes[shown.PHASE] == "approving"
    assert attributes[shown.WAITING_ON] == [view.gate for view in asked.gates]
    assert attributes[shown.NEXT_DEADLINE] == min(view.due_at for view in asked.gates if view.due_at)
    assert attributes[shown.DEPARTMENT] == "Sales East"
    assert (attributes[shown.LEVEL], str(attributes[shown.SCORE])) == (asked.level, asked.score)
    waiting = "OffboardPhase = 'approving' AND OffboardWaitingOn = 'finance'"
    assert [found.id async for found in dev_stage.client.list_workflows(waiting)] == [CASE]


async def test_an_ended_case_waits_for_nobody(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await run_default_case(dev_stage)
        ended = await dev_stage.progress()
    attributes = (await dev_stage.handle.describe()).typed_search_attributes
    assert (ended.waiting_on, ended.next_deadline) == ((), None)
    assert (attributes[shown.PHASE], attributes.get(shown.WAITING_ON, [])) == ("closed", [])
    assert attributes.get(shown.NEXT_DEADLINE) is None
