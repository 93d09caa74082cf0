"""People change more than once, come for a gate that found nobody, and are said to have changed a thousand times."""

import time
from datetime import UTC, datetime, timedelta

from models.approvals import Refusal
from models.case import Phase
from tests.workflow.people import join, people_changed, stand_in
from tests.workflow.reading import activities_in, kinds
from tests.workflow.stage import Stage, TestServerStage
from workflows.people_news import PeopleNews

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SIGNALS = 1_000
MOST_SIGNALS, MOST_EVENTS = 10_000, 51_200  # of one case: what the engine takes before it refuses and before it ends it


async def test_somebody_who_comes_is_asked_at_once_where_nobody_could_be(stage: TestServerStage) -> None:
    stage.run("UPDATE employees SET status = 'left' WHERE id IN ('F1', 'H1')")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="hold"))
        missing = await stage.until(lambda now: "finance: NobodyToAsk: finance_reviewer" in now.waiting_on)
        assert missing.gates[0].waiting_on == ()
        await stage.pass_time(5 * DAY)  # the pauses between two tries have grown to hours
        join(stage, "F2")
        before = await stage.clock()
        await people_changed(stage)
        asked = await stage.until(lambda now: now.gates[0].waiting_on == ("F2",))
        assert await stage.clock() - before < MINUTE
    assert asked.waiting_on == ("finance",)
    assert stage.rows("SELECT * FROM vacancies") == []


async def test_an_absence_moves_what_waits_and_its_end_does_not_take_it_back(stage: TestServerStage) -> None:
    join(stage, "F2")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        await stage.until_asked()
        await stand_in(stage, "F1", None, await stage.clock())
        moved = await stage.until(lambda now: now.gates[0].waiting_on == ("F2",))
        assert moved.gates[0].round == 2
        assert await stage.refusal_of(await stage.press("finance", by="F1")) is Refusal.NOT_AN_APPROVER
        stage.run("UPDATE delegations SET revoked_at = starts_at")
        await people_changed(stage)
        await stage.decide("finance")
        done = await stage.until_phase(Phase.HANDING_OVER)
    assert done.gates[0].outcome is not None
    assert (done.gates[0].outcome.by, done.gates[0].round) == ("F2", 2)


async def test_a_second_delegation_takes_the_place_of_the_first_and_ends_with_its_delegate(
    stage: TestServerStage,
) -> None:
    join(stage, "F2", "F3")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        await stage.until_asked()
        await stand_in(stage, "F1", "F2", await stage.clock())
        await stage.until(lambda now: now.gates[0].waiting_on == ("F1", "F2"))
        stage.run("UPDATE delegations SET revoked_at = starts_at")
        await stand_in(stage, "F1", "F3", await stage.clock())
        await stage.until(lambda now: now.gates[0].waiting_on == ("F1", "F3"))
        first = await stage.press("finance", by="F2", for_id="F1")
        assert await stage.refusal_of(first) is Refusal.NOT_AN_APPROVER
        stage.run("UPDATE employees SET status = 'left' WHERE id = 'F3'")
        await people_changed(stage)
        alone = await stage.until(lambda now: now.gates[0].waiting_on == ("F1",))
        assert alone.gates[0].round == 4
        gone = await stage.press("finance", by="F3", for_id="F1")
        assert await stage.refusal_of(gone) is Refusal.NOT_AN_APPROVER
        await stage.decide("finance")
        await stage.until_phase(Phase.HANDING_OVER)


async def test_where_the_policy_keeps_people_apart_at_each_gate_alone_one_may_decide_at_two(
    stage: TestServerStage,
) -> None:
    stage.run("UPDATE employees SET status = 'left' WHERE id = 'F1'")
    async with stage.worker():
        await stage.start(policy=stage.policy(separation="gate", finance="escalate", hr="escalate"))
        asked = await stage.until_asked()
        assert [gate.waiting_on for gate in asked.gates] == [("H1",), ("H1",)]
        assert await stage.refusal_of(await stage.press("finance", by="H2")) is Refusal.SEPARATION_OF_DUTIES
        await stage.decide("hr", "finance")
        done = await stage.until_phase(Phase.HANDING_OVER)
    assert {gate.outcome.by for gate in done.gates if gate.outcome} == {"H1"}


async def test_a_thousand_words_that_people_changed_cost_few_looks(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        await stage.until_asked()
        for _ in range(SIGNALS):
            await stage.handle.signal("people")
        await heard(stage, SIGNALS)
        history = await stage.history()
        assert activities_in(history).count("reseat_gates") <= 3
        # A signal is one event; each activation for it three more. Nothing else grows with them.
        assert len(history.events) < 4 * SIGNALS + 200
        assert 4 * MOST_SIGNALS < MOST_EVENTS - 10_000
        await stage.decide("finance")
        await stage.until_phase(Phase.HANDING_OVER)


async def heard(stage: Stage, number: int) -> None:
    """Wait until so many signals are in the history and the case has nothing left to do."""
    give_up = time.monotonic() + 60
    while True:
        history = await stage.history()
        last = history.events[-1].WhichOneof("attributes")
        done = last in {"workflow_task_completed_event_attributes", "timer_started_event_attributes"}
        if done and len(kinds(history, "workflow_execution_signaled")) == number:
            return
        assert time.monotonic() < give_up, "the case does not come to rest"


def test_word_that_comes_every_minute_for_a_week_is_looked_after_more_and_more_rarely() -> None:
    news, now, looks = PeopleNews(), datetime(2026, 11, 24, tzinfo=UTC), 0
    for _ in range(MOST_SIGNALS):
        news.hear()
        now += MINUTE
        if not news.pause_left(now):
            news.looked(news.heard, now, found=False)
            looks += 1
    assert 84 <= looks <= 84 + 21, "one every two hours, and the free ones before"
    assert news.pause_left(now) <= timedelta(hours=2)
    news.must_look()
    assert not news.pause_left(now), "the case itself does not wait"


def test_word_of_real_changes_is_looked_after_at_once_and_one_for_nothing_after_seconds() -> None:
    news, now = PeopleNews(), datetime(2026, 11, 24, tzinfo=UTC)
    for _ in range(100):
        news.hear()
        assert not news.pause_left(now)
        news.looked(news.heard, now, found=True)
    for _ in range(20):
        news.hear()
        assert news.pause_left(now) <= timedelta(seconds=10)
        now += timedelta(seconds=10)
        news.looked(news.heard, now, found=False)
    assert not news.waits
