"""What one look at the money of a case does, and that a second one does nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal

from models.collection import MilestoneState
from models.errors import Unavailable
from models.open_items import LedgerKey, Portions
from models.receivables import CommissionExposure, HeldCommission
from store import collection
from systems.receivables.port import Snapshot
from systems.receivables.postgres import PostgresReceivables
from tests.collection_desk import CASE, CollectionDesk
from tests.integration.collection.conftest import NOON
from tests.other_keys import OtherKeys

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
HELD = HeldCommission(
    commission="K1", document="V1-late", client="C001", amount=Decimal(9), currency="CNY", paid_on=None
)


class Silent(PostgresReceivables):
    """Books that do not answer."""

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[Snapshot]:
        raise Unavailable("nobody answers", system="erp", reason="no_answer")
        yield


class Forgetful(PostgresReceivables):
    """Books that know today, and no day before it any more, as a drop folder without a delivery of that day."""

    today = date(2026, 12, 14)

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[Snapshot]:
        if as_of < self.today:
            raise Unavailable("no delivery of that day", system="drop folder", reason="no_answer")
        with super().snapshot(clients, as_of) as found:
            yield found


def first_due(desk: CollectionDesk) -> datetime:
    return desk.dates()[0].due_at


def test_the_hand_over_makes_a_plan_for_every_client_that_owes(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    first, second = desk.plans()
    assert (first.client, first.currency, first.audited) == ("C001", "CNY", Decimal("200.20"))
    owners = {row["id"]: row["owner_id"] for row in desk.rows("SELECT id, owner_id FROM clients")}
    assert {first.client: first.collector, second.client: second.collector} == owners
    assert [each.at_most for each in first.milestones] == [Decimal("140.14"), Decimal(0)]
    # Ten and thirty working days of Shanghai after 24 November: 8 December, and over New Year's Day 6 January.
    assert [each.due_at.date() for each in first.milestones] == [date(2026, 12, 8), date(2027, 1, 6)]
    assert desk.evidence() == ["collection.planned"]


def test_what_was_paid_in_time_is_met_and_what_was_not_is_told(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    desk.pay("V1-late", due.date())
    done = desk.look(due + MINUTE)
    assert (done.met, done.missed) == (1, 1)
    assert (desk.states("C001"), desk.states("C002")) == (["met", "open"], ["missed", "open"])
    assert desk.dates("C002")[0].open_then == Decimal("200.20")
    late = next(plan.collector for plan in desk.plans() if plan.client == "C002")
    missed = {person for kind, person in desk.told() if kind == "collect_missed"}
    assert missed == {late, "M1"}, "who collects, and their manager; finance was not asked in this case"
    assert done.summary == "300.3 of 400.4 CNY open"


def test_money_that_came_a_day_late_was_not_there_on_the_day(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    desk.pay("V1-late", due.date() + DAY)
    desk.look(due + 3 * DAY)
    assert desk.states()[0] == "missed", "judged by the books of the day, not by those of the look"
    assert next(plan.open_now for plan in desk.plans()) == Decimal("100.10")


def test_what_cannot_be_read_stays_open_and_is_judged_by_its_own_day_later(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    desk.pay("V1-late", due.date())
    dark = desk.look(due + MINUTE, Silent(desk.database))
    assert (dark.met, dark.missed, dark.unread) == (0, 0, Silent(desk.database).system)
    assert dark.next_at == due + MINUTE + timedelta(hours=1)
    assert desk.states() == ["open", "open"]
    desk.pay("V2-late", due.date() + 2 * DAY)
    desk.look(due + 5 * DAY)
    assert (desk.states("C001")[0], desk.states("C002")[0]) == ("met", "missed")


def test_books_that_know_none_of_the_clients_settle_nothing_and_release_nothing(desk: CollectionDesk) -> None:
    desk.run(
        "INSERT INTO commissions (id, employee_id, invoice_id, earned_on, amount, currency) "
        "VALUES ('K1', 'E1', 'V1-late', '2026-10-01', 9, 'CNY')"
    )
    desk.begin(NOON, commission=CommissionExposure(hold=(HELD,), may_hold=True))
    due = first_due(desk)
    strangers = OtherKeys(desk.database)
    dark = desk.look(due + MINUTE, strangers)
    assert (dark.met, dark.missed, dark.released, dark.unread) == (0, 0, 0, "erp")
    assert dark.next_at == due + MINUTE + timedelta(hours=1), "it is asked again, as one that is down"
    assert desk.states() == ["open", "open"]
    assert [plan.open_now for plan in desk.plans()] == [None, None]
    desk.pay("V1-late", due.date())
    known = desk.look(due + 2 * MINUTE)
    assert (known.met, known.missed, known.released) == (1, 1, 1)


def test_a_day_that_can_never_be_read_any_more_does_not_hold_up_the_others(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    desk.pay_everything(1, date(2026, 12, 10))
    desk.pay("V2-late", date(2026, 12, 10))
    dark = desk.look(due + 6 * DAY, Forgetful(desk.database))
    assert (dark.met, dark.missed, dark.unread) == (2, 0, "offboard")
    assert desk.states("C001") == ["met", "met"], "nothing is open any more"
    assert desk.states("C002") == ["open", "open"], "what is unknown stays open"
    assert desk.plans()[1].open_now == Decimal("100.10")


def test_a_book_of_ten_thousand_clients_is_written_down_at_once(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    known = [plan.account for plan in desk.plans()]
    many = [LedgerKey(f"B{number}", "CNY") for number in range(10_000)]
    first = desk.dates()[0].model_copy(update={"state": MilestoneState.MET, "open_then": Decimal(1)})
    dates = [first, *(first.model_copy(update={"client": account.client}) for account in many)]
    with desk.database.begin() as connection:
        collection.set_collectors(connection, CASE, dict.fromkeys([known[0], *many], "M1"))
        collection.set_open(connection, CASE, dict.fromkeys([known[0], *many], Decimal(7)), at=NOON)
        collection.set_reminded(connection, CASE, dates, at=NOON)
        collection.set_judged(connection, CASE, dates)
        collection.end(connection, CASE, [known[0], *many], at=NOON)
        collection.end(connection, CASE, [], at=NOON + DAY)
    done, other = desk.plans()
    assert (done.collector, done.open_now, done.ended_at, done.reminded) == ("M1", Decimal(7), NOON, {1: NOON})
    assert desk.states("C001") == ["met", "open"]
    assert (other.open_now, other.ended_at, other.reminded, desk.states("C002")) == (None, None, {}, ["open", "open"])


def test_a_repeat_changes_nothing_and_tells_nobody_twice(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    once = desk.look(due + MINUTE)
    told, evidence = desk.told(), desk.evidence()
    again = desk.look(due + MINUTE)
    assert (desk.told(), desk.evidence()) == (told, evidence)
    assert (again.next_at, again.waiting_on, again.summary) == (once.next_at, once.waiting_on, once.summary)
    assert (again.met, again.missed, again.reminded) == (0, 0, 0)


def test_collectors_are_reminded_before_the_day_and_on_its_morning(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    assert desk.look(NOON + MINUTE).reminded == 0
    before = due - 4 * DAY - timedelta(hours=9)  # two working days before Tuesday: Friday morning
    assert desk.look(before - MINUTE).reminded == 0
    people = {plan.collector for plan in desk.plans()}
    assert desk.look(before).reminded == len(people)
    assert desk.look(due - DAY).reminded == 0
    assert desk.look(due - timedelta(hours=9)).reminded == len(people)
    reminders = sorted(person for kind, person in desk.told() if kind == "collect_reminder")
    assert reminders == sorted([*people, *people])


def test_new_invoices_are_no_part_of_the_plan_and_cash_on_account_is(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    due = first_due(desk)
    desk.run(
        "INSERT INTO invoices (id, client_id, issued_on, due_on, amount, currency) "
        "VALUES ('N1', 'C001', '2026-12-01', '2026-12-02', 5000, 'CNY')"
    )
    desk.run(
        "INSERT INTO payments (id, client_id, paid_on, amount, currency) VALUES ('A1', 'C001', '2026-12-02', 70, 'CNY')"
    )
    desk.look(due + MINUTE)
    assert desk.states()[0] == "met", "130.20 of 140.14"
    assert desk.dates()[0].open_then == Decimal("130.20")


def test_it_ends_early_when_everything_is_paid(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    for client in (1, 2):
        desk.pay_everything(client, date(2026, 11, 26))
    done = desk.look(NOON + 3 * DAY)
    assert done.next_at is None
    assert desk.states("C001") == desk.states("C002") == ["met", "met"]
    assert desk.evidence()[-1] == "collection.ended"
    (row,) = desk.rows("SELECT body FROM evidence WHERE kind = 'collection.ended'")
    assert row["body"]["sums"] == [{"currency": "CNY", "audited": "400.4", "open": "0"}]


def test_it_ends_when_all_dates_are_over_and_says_what_came_back(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    desk.pay("V1-late", date(2026, 12, 1))
    last = desk.dates()[-1].due_at
    done = desk.look(last + MINUTE)
    assert done.next_at is None
    assert desk.states("C001") == ["met", "missed"]
    (row,) = desk.rows("SELECT body FROM evidence WHERE kind = 'collection.figures'")
    recovered = {each["bucket"]: (each["audited"], each["recovered"]) for each in row["body"]["buckets"]}
    assert recovered == {"current": ("200.2", "0"), "31-60": ("200.2", "100.1")}


def test_who_collected_and_left_is_replaced_and_the_other_is_told(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    gone = desk.plans()[0].collector
    desk.look(NOON + MINUTE)
    desk.run("UPDATE employees SET status = 'left' WHERE id = :id", id=gone)
    desk.look(NOON + DAY)
    assert "M1" in {plan.collector for plan in desk.plans()}
    assert gone not in {plan.collector for plan in desk.plans()}
    assert ("collect", "M1") in desk.told()
    assert desk.evidence().count("collection.reassigned") == 1


def test_a_client_that_somebody_else_has_by_now_takes_its_plan_along(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    plan = desk.plans()[0]
    desk.run("UPDATE employees SET status = 'leaving' WHERE id = :id", id=plan.collector)
    desk.look(NOON + DAY)
    assert desk.plans()[0].collector == plan.collector, "who is leaving still holds it"
    other = next(person for person in ("P1", "P2") if person != plan.collector)
    desk.run("UPDATE clients SET owner_id = :other WHERE id = 'C001'", other=other)
    desk.look(NOON + 2 * DAY)
    assert desk.plans()[0].collector == other


def test_a_withdrawn_case_leaves_nothing_to_collect(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    desk.look(NOON + MINUTE)
    desk.withdraw()
    assert desk.states() == ["void", "void"]
    assert desk.look(NOON + DAY).next_at is None
    assert desk.evidence()[-1] == "collection.voided"
