"""Balance confirmations and commission: who is asked, who may write down the answer, and what follows from it."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader

from activities.cases import CaseActivities
from activities.follow_up_audit import outcome_of, with_denials
from models.case import CloseRequest, Phase
from models.collection import ConfirmationState
from models.errors import NotAllowed, Refused
from models.open_items import ExposureLine, LedgerKey
from models.receivables import CommissionExposure, HeldCommission
from services.collection import mark_sent, record_answer, show
from services.collection_letters import file_part, print_letters
from store import cases
from tests.collection_desk import CASE, CollectionDesk
from tests.integration.collection.conftest import NOON

DAY = timedelta(days=1)


def texts_of(paths: tuple[str, ...]) -> list[str]:
    return ["\n".join(page.extract_text() for page in PdfReader(path).pages) for path in paths]


def test_letters_are_in_the_language_of_the_client_and_tell_nothing_about_the_departure(
    desk: CollectionDesk, tmp_path: Path
) -> None:
    desk.run("UPDATE clients SET language = 'zh-CN', name = '上海浦东贸易有限公司' WHERE id = 'C001'")
    desk.run("UPDATE clients SET language = 'en' WHERE id = 'C002'")
    desk.begin(NOON)
    made = print_letters(desk.database, CASE, tmp_path / "letters")
    chinese, english = texts_of(made.files)
    for wanted in ("致：上海浦东贸易有限公司", "贵公司欠款 200.20 CNY", "信息证明无误", "信息不符", "盖章", "V1-late"):
        assert wanted in chinese, wanted
    for wanted in ("To: Client 2", "you owed us 200.20 CNY", "Company stamp", "V2-current"):
        assert wanted in english, wanted
    for secret in ("E1", "Li Na", "offboarding", "Departure"):
        assert secret not in chinese + english + "".join(Path(each).name for each in made.files)


def test_the_letters_of_two_clients_never_have_the_same_file() -> None:
    ids = ["A1", "A/1", "A.1", "A 1", "A_1", "../A1", "..A1", "客户/1", "客户 1"]
    names = [file_part(each) for each in ids]
    assert len({*names}) == len(ids)
    assert names[0] == "A1", "an id that a file may be called stays readable"
    assert not any(sign in name for name in names for sign in "/. ")


def test_before_the_hand_over_there_is_no_letter(desk: CollectionDesk, tmp_path: Path) -> None:
    desk.plan(NOON, desk.policy())
    desk.audit()
    with pytest.raises(Refused, match="no letter is due"):
        print_letters(desk.database, CASE, tmp_path)


def test_only_clients_that_owe_enough_are_asked_about_all_that_they_owe(desk: CollectionDesk) -> None:
    # A fifth of C001 is somebody else's: the client is asked about the whole, the plan is about the rest.
    desk.run("INSERT INTO client_shares VALUES ('S1', 'C001', 'P1', 20)")
    desk.pay("V2-late", date(2026, 11, 20))
    desk.begin(NOON)
    (letter,) = show(desk.database, CASE).follow_up.confirmations
    assert (letter.client, letter.amount, letter.state) == ("C001", Decimal("200.20"), ConfirmationState.DUE)
    (plan, _) = desk.plans()
    assert (plan.audited, plan.portion.low, plan.portion.high) == (Decimal("160.16"), Decimal("0.2"), Decimal(1))


def test_a_letter_goes_from_due_to_confirmed_and_the_rate_follows(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    who = desk.plans()[0].collector
    assert show(desk.database, CASE).rate == 0
    sent = mark_sent(desk.database, CASE, "Client 1", who)
    assert sent.letter.state is ConfirmationState.SENT
    assert sent.letter.due_at is not None
    record_answer(desk.database, CASE, "C001", "F1", admitted=None)
    view = show(desk.database, CASE)
    assert (view.asked, view.confirmed, view.rate) == (2, 1, Decimal("0.5"))
    with pytest.raises(Refused, match="has answered already"):
        mark_sent(desk.database, CASE, "C001", who)
    assert desk.evidence()[-2:] == ["confirmation.sent", "confirmation.confirmed"]


@pytest.mark.parametrize("who", ["E1", "H1", "I1"])
def test_who_does_not_collect_may_not_say_what_a_client_answered(desk: CollectionDesk, who: str) -> None:
    desk.begin(NOON)
    with pytest.raises(NotAllowed):
        record_answer(desk.database, CASE, "C001", who, admitted=None)
    assert [row["state"] for row in desk.rows("SELECT state FROM balance_confirmations")] == ["due", "due"]


def test_a_manager_of_the_collector_may(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    done = record_answer(desk.database, CASE, "C001", "M1", admitted=Decimal(150), note="credit note missing")
    assert (done.letter.disputed, done.letter.note) == (Decimal("50.20"), "credit note missing")


@pytest.mark.parametrize("admitted", [Decimal("-1"), Decimal("200.20")])
def test_a_dispute_about_nothing_is_refused(desk: CollectionDesk, admitted: Decimal) -> None:
    desk.begin(NOON)
    with pytest.raises(Refused, match="a dispute names another amount"):
        record_answer(desk.database, CASE, "C001", "M1", admitted=admitted)


def loss(desk: CollectionDesk, day: date) -> Decimal:
    """The loss that a follow-up audit of a day expects."""
    portions = {plan.client: plan.portion for plan in desk.plans()}
    with desk.source.snapshot(portions, day) as found:
        items = tuple(found.items())
    outcome = outcome_of(desk.database, desk.source, CASE, portions, items, day)
    assert outcome is not None
    (figures,) = outcome.figures
    assert figures.expected_credit_loss_after is not None
    return figures.expected_credit_loss_after


def test_what_a_client_denies_raises_the_loss_that_is_expected(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    with desk.database.begin() as connection:
        assert cases.get(connection, CASE).policy.ageing.disputed_as, "the shipped policy has a rate for disputes"
    day = date(2026, 12, 9)
    before = loss(desk, day)
    record_answer(desk.database, CASE, "C001", "M1", admitted=Decimal(100))
    some = loss(desk, day)
    record_answer(desk.database, CASE, "C001", "M1", admitted=Decimal(0))
    assert before < some < loss(desk, day)
    record_answer(desk.database, CASE, "C001", "M1", admitted=None)
    assert loss(desk, day) == before


def line(bucket: str, outstanding: int, disputed: int = 0) -> ExposureLine:
    amount = Decimal(outstanding)
    return ExposureLine("C1", "CNY", bucket, "", 1, amount, amount, amount, Decimal(disputed), int(disputed > 0), 10)


def test_the_oldest_is_denied_first_and_never_more_than_is_open() -> None:
    lines = [line("current", 100), line("1-30", 50, disputed=10), line("31-60", 30), line("old credit", -20)]
    denied = with_denials(lines, {LedgerKey("C1", "CNY"): Decimal(60)})
    assert [each.disputed for each in denied] == [0, 30, 30, 0]
    assert [each.disputed_items for each in denied] == [0, 1, 1, 0]
    everything = with_denials(lines, {LedgerKey("C1", "CNY"): Decimal(1000)})
    assert [each.disputed for each in everything] == [100, 50, 30, 0]
    assert with_denials(lines, {LedgerKey("C1", "USD"): Decimal(60)}) == lines


HELD = HeldCommission(
    commission="K1", document="V1-late", client="C001", amount=Decimal(30), currency="CNY", paid_on=None
)


@pytest.mark.parametrize("may_hold", [True, False])
def test_commission_is_held_where_that_is_allowed_and_released_when_the_client_has_paid(
    desk: CollectionDesk, may_hold: bool
) -> None:
    desk.run(
        "INSERT INTO commissions (id, employee_id, invoice_id, earned_on, amount, currency) "
        "VALUES ('K1', 'E1', 'V1-late', '2026-10-01', 30, 'CNY')"
    )
    desk.begin(NOON, commission=CommissionExposure(hold=(HELD,), may_hold=may_hold))
    holds = show(desk.database, CASE).follow_up.holds
    assert [each.commission for each in holds] == (["K1"] if may_hold else [])
    assert desk.look(NOON + DAY).released == 0
    desk.pay("V1-late", date(2026, 11, 26))
    assert desk.look(NOON + 3 * DAY).released == int(may_hold)
    assert desk.look(NOON + 4 * DAY).released == 0


def close(desk: CollectionDesk) -> dict[str, int]:
    asked = CloseRequest(case_id=CASE, employee_id="E1", phase=Phase.CLOSED, at=NOON + 30 * DAY)
    return CaseActivities(desk.database).close_case(asked).obstacles


def test_a_case_does_not_close_while_an_open_item_has_no_collector_wherever_it_lives(desk: CollectionDesk) -> None:
    desk.begin(NOON)
    assert "items_without_collector" not in close(desk)
    # The invoices live in another system: our own tables know of none.
    desk.run("DELETE FROM payments")
    desk.run("DELETE FROM invoices")
    assert "items_without_collector" not in close(desk)
    collector = next(plan.collector for plan in desk.plans() if plan.client == "C001")
    desk.run("UPDATE employees SET status = 'left' WHERE id = :id", id=collector)
    mine = sum(plan.collector == collector for plan in desk.plans())
    assert close(desk)["items_without_collector"] == 2 * mine


def test_a_later_audit_adds_its_plans_before_the_case_closes(desk: CollectionDesk) -> None:
    desk.plan(NOON, desk.policy())
    desk.hand_over(NOON)
    assert desk.plans() == []
    desk.run("UPDATE clients SET owner_id = 'E1'")
    desk.audit()
    desk.run("UPDATE clients SET owner_id = 'P1'")
    close(desk)
    assert [plan.collector for plan in desk.plans()] == ["P1", "P1"]
