"""The workflow that follows the money: it wakes when something is due, shows whom it waits for, and ends."""

from datetime import timedelta

from temporalio.api.sdk.v1 import WorkflowMetadata

from models import search_attributes as shown
from models.case import Phase
from models.collection import CollectionRound
from services.cases import withdraw
from services.collection import mark_sent
from tests.collection_desk import CASE, FOLLOWING
from tests.workflow.collection_stage import MINUTE, CollectionStage
from tests.workflow.reading import everything_in
from tests.workflow.stage import TestServerStage

DAY = timedelta(days=1)
LONG = 'milestones = [{ working_days = 100, share = "1" }]'


async def test_dates_are_judged_when_they_come_and_collectors_hear_of_them(stage: TestServerStage) -> None:
    money = CollectionStage(stage)
    async with stage.worker():
        await money.begin()
        desk, before = money.desk, await money.until(lambda now: now.waiting_on)
        metadata = await money.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        assert "400.4 of 400.4 CNY open" in metadata.current_details
        assert f"waiting on {', '.join(before.waiting_on)}" in metadata.current_details
        attributes = (await money.handle.describe()).typed_search_attributes
        assert attributes[shown.WAITING_ON] == list(before.waiting_on)
        assert attributes[shown.NEXT_DEADLINE] == desk.dates()[0].due_at

        desk.pay("V1-late", (await stage.clock()).date())
        await money.pass_to(1)
        await stage.eventually(lambda: "missed" in desk.states("C002"), "the first date is judged")
        assert (desk.states("C001"), desk.states("C002")) == (["met", "open"], ["missed", "open"])
        kinds = [kind for kind, _ in desk.told()]
        people = {plan.collector for plan in desk.plans()}
        assert kinds.count("collect") == len(people)
        assert kinds.count("collect_reminder") == 2 * len(people)

        for client, kinds_open in ((1, ("current",)), (2, ("late", "current"))):
            for kind in kinds_open:
                desk.pay(f"V{client}-{kind}", (await stage.clock()).date())
        await stage.pass_time(4 * DAY)
        ended: CollectionRound = await money.handle.result()
        assert (ended.next_at, ended.waiting_on) == (None, ())
        assert desk.states("C002") == ["missed", "met"]
    history = everything_in(await money.handle.fetch_history())
    names = [row["name"] for row in stage.rows("SELECT name FROM clients UNION SELECT name FROM employees")]
    assert [name for name in names if name in history] == []


async def test_a_source_that_is_down_across_a_date_decides_nothing(stage: TestServerStage) -> None:
    money = CollectionStage(stage)
    async with stage.worker():
        await money.begin()
        await stage.pass_until(money.desk.dates()[0].due_at - MINUTE)
        stage.run("ALTER TABLE payments RENAME TO payments_away")
        await money.pass_to(1)
        dark = await money.until(lambda now: now.unread)
        assert dark.next_at is not None
        assert dark.waiting_on, "it is always shown on whom it waits"
        assert money.desk.states() == ["open", "open"]
        stage.run("ALTER TABLE payments_away RENAME TO payments")
        await stage.pass_time(2 * timedelta(hours=1))
        await money.until(lambda now: not now.unread)
        assert money.desk.states() == ["missed", "open"]


async def test_a_client_that_does_not_answer_is_silent_and_the_collector_hears_it_once(stage: TestServerStage) -> None:
    money = CollectionStage(stage)
    async with stage.worker():
        await money.begin()
        who = money.desk.plans()[0].collector
        due = mark_sent(stage.database, CASE, "C001", who).letter.due_at
        assert due is not None
        await money.handle.signal("look")
        await stage.pass_until(due + DAY)
        await stage.eventually(lambda: ("collect_silent", who) in money.desk.told(), "the collector is told")
        await stage.pass_time(7 * DAY)
        assert money.desk.told().count(("collect_silent", who)) == 1
    states = stage.rows("SELECT client_id, state FROM balance_confirmations ORDER BY client_id")
    assert [row["state"] for row in states] == ["silent", "due"]


async def test_a_debt_of_more_than_a_year_is_followed_in_several_runs(stage: TestServerStage) -> None:
    money = CollectionStage(stage)
    async with stage.worker():
        await money.begin(LONG)
        stage.run(
            "INSERT INTO commissions (id, employee_id, invoice_id, earned_on, amount, currency) "
            "VALUES ('K', 'E1', 'V1-late', '2026-10-01', 30, 'CNY')"
        )
        stage.run(
            "INSERT INTO commission_holds (case_id, commission_id, amount, currency, held_at) "
            "VALUES (:case, 'K', 30, 'CNY', now())",
            case=CASE,
        )
        begun = await stage.clock()
        await stage.pass_time(400 * DAY)
        # All dates are over by now; what is held is still looked after.
        held = await money.until(lambda now: now.open_plans == 0, within=60)
        assert held.next_at is not None
        assert held.next_at > begun + 400 * DAY
        assert held.waiting_on, "the collector of the client whose commission is held"
        begun_by = (await money.handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        assert begun_by.continued_execution_run_id, "a later run of the same follow-up"
        money.desk.pay("V1-late", (await stage.clock()).date())
        await stage.pass_time(8 * DAY)
        ended: CollectionRound = await money.handle.result()
    assert (ended.released, ended.next_at) == (1, None)
    assert money.desk.evidence().count("commission.released") == 1
    assert money.desk.evidence().count("collection.ended") == 1


async def test_the_case_starts_the_follow_up_and_a_withdrawal_ends_it(stage: TestServerStage) -> None:
    money = CollectionStage(stage)
    async with stage.worker():
        stage.id = CASE
        await stage.start(policy=stage.policy(sales_manager="hold"))
        await stage.until_asked()
        await stage.decide()
        await money.until(lambda now: now.open_plans == 2)
        await withdraw(stage.client, CASE, "H2")
        await stage.until_phase(Phase.WITHDRAWN)
        ended: CollectionRound = await stage.client.get_workflow_handle(FOLLOWING, result_type=CollectionRound).result()
    assert ended.next_at is None
    assert money.desk.states() == ["void", "void", "void"]
    assert [row["verdict"] for row in stage.rows("SELECT verdict FROM gates")] == ["approved"]


async def test_what_a_later_audit_adds_is_followed_although_the_first_follow_up_is_over(stage: TestServerStage) -> None:
    money = CollectionStage(stage)
    async with stage.worker():
        stage.id = CASE
        await stage.start()
        await stage.until_asked()
        for client in (1, 2):
            money.desk.pay_everything(client, (await stage.clock()).date())
        await stage.decide()
        first = await money.until(lambda now: now.open_plans == 0)
        assert first.next_at is None
        before = await money.run()
        # As if the audit had not known of this client then: it is added when the case closes.
        stage.run("DELETE FROM milestones WHERE client_id = 'C001'")
        stage.run("DELETE FROM clearing_plans WHERE client_id = 'C001'")
        await stage.pass_time(timedelta(days=31))
        await stage.until_phase(Phase.CLOSED)
        await stage.eventually(lambda: money.desk.states() == ["met", "met", "met"], "the new plan is judged")
        assert await money.run() != before
