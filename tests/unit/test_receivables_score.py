"""The score of the receivables: lateness, loss and concentration, over one currency or several."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.amounts import ONE
from models.exchange import Quote
from models.exposure import lines_of
from models.open_items import OWN_SUMS_ONLY, LedgerKey, SourceNote
from models.reasons import Reason
from models.receivable_audit import AuditFacts, audit
from models.receivables import ReceivableAudit, SingleAssessment, Standing
from models.scoring import (
    no_independent_ledger,
    score_receivables,
    unreconciled,
)
from store.policies import load_policy
from tests.client_books import ledger_of, owes
from tests.score_points import points_in

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLICY = load_policy("ifrs")
ROOMS = [
    f"models/{name}.py"
    for name in ("scoring", "scored_money", "assessment", "report_changes", "open_items", "loss_drivers", "commission")
]
ROOT = Path(__file__).parent.parent.parent


def owed(
    *items: tuple[str, str, str, date],
    source: SourceNote | None = None,
    rates: dict[str, str] | None = None,
    bankrupt: tuple[str, ...] = (),
) -> ReceivableAudit:
    """An audit of (client, currency, amount, due date) lines that agrees with the ledger.

    With `rates` it is reported in yuan too, as far as they go. Nothing is expected of the `bankrupt`.
    """
    open_items = [
        owes(amount, past_due=(TODAY - due).days, client=client, currency=currency)
        for client, currency, amount, due in items
    ]
    lines = lines_of(open_items, POLICY.ageing, TODAY)
    reporting = None if rates is None else "CNY"
    facts = AuditFacts(
        quotes=tuple(Quote(currency, "CNY", TODAY, Decimal(rate)) for currency, rate in (rates or {}).items()),
        singly={
            client: SingleAssessment(client=client, standing=Standing.BANKRUPT, loss_rate=ONE, assessed_on=TODAY)
            for client in bankrupt
        },
    )
    ageing = POLICY.ageing.model_copy(update={"reporting_currency": reporting})
    return audit(lines, ledger_of(open_items), facts, ageing, TODAY, source=source)


LATE, NOT_DUE = date(2026, 11, 1), date(2026, 12, 24)


def test_receivables_weigh_lateness_loss_and_concentration_and_the_points_add_up() -> None:
    found = score_receivables(owed(("C1", "USD", "300", LATE), ("C2", "USD", "700", NOT_DUE)), Decimal("69"))
    # overdue share .3, ECL 300 x .016 + 700 x .003 = 6.9, a tenth of the limit, largest client .7
    assert found.score == Decimal("32.0")
    assert [reason.params["points"] for reason in found.reasons] == ["15", "3", "14"]
    assert points_in(found.reasons) == found.score


def test_without_rates_the_worst_currency_is_scored_and_the_others_are_named() -> None:
    found = score_receivables(
        owed(("C1", "USD", "1", NOT_DUE), ("C2", "USD", "1", NOT_DUE), ("C3", "EUR", "9000", LATE)), Decimal("90000")
    )
    assert found.score == Decimal("70.0")
    assert found.reasons[0].params["currency"] == "EUR"
    assert found.reasons[-1].code.startswith("Currencies are not added up here")
    assert found.reasons[-1].params == {"amounts": "2 USD"}


def test_with_every_rate_known_there_is_one_score_of_all_currencies() -> None:
    debts = (("C1", "CNY", "600", NOT_DUE), ("C2", "CNY", "200", NOT_DUE), ("C1", "USD", "100", LATE))
    found = score_receivables(owed(*debts, rates={"USD": "7"}), Decimal("40"))
    # 700 of 1500 overdue; ECL 800 x .003 + 700 x .016 = 13.6 of 40; C1 owes 600 + 700 of 1500
    assert found.score == Decimal("50.9")
    assert [reason.params.get("points") for reason in found.reasons] == ["23.4", "10.2", "17.3", None]
    assert (found.reasons[0].params["overdue"], found.reasons[0].params["total"]) == ("700", "1500")
    assert found.reasons[-1].params == {"currency": "CNY", "amounts": "800 CNY, 100 USD"}
    assert points_in(found.reasons) == found.score


def test_one_client_in_two_currencies_is_one_client_only_by_a_rate() -> None:
    debts = (("C1", "CNY", "700", NOT_DUE), ("C2", "CNY", "700", NOT_DUE), ("C1", "USD", "100", NOT_DUE))
    shares = [
        score_receivables(owed(*debts, rates=rates), Decimal("1")).reasons[2].params["share"]
        for rates in ({"USD": "7"}, {"USD": "14"}, {"USD": "0.0001"})
    ]
    assert shares == ["66.7", "75", "50"]


def test_a_report_in_one_currency_needs_no_words_about_rates() -> None:
    debts = (("C1", "CNY", "300", LATE), ("C2", "CNY", "700", NOT_DUE))
    assert score_receivables(owed(*debts, rates={}), Decimal("69")) == score_receivables(owed(*debts), Decimal("69"))


DOLLARS_AND_A_BANKRUPT = (
    ("C1", "CNY", "900", NOT_DUE),
    ("C2", "CNY", "758", NOT_DUE),
    ("C3", "USD", "26.89", LATE),
)


@pytest.mark.parametrize("rates", [None, {}, {"EUR": "8"}])
def test_a_trifle_without_a_rate_makes_no_level_and_is_named(rates: dict[str, str] | None) -> None:
    found = score_receivables(owed(*DOLLARS_AND_A_BANKRUPT, rates=rates, bankrupt=("C2",)), Decimal("100000"))
    assert found.score == Decimal("11.1")  # ECL 758 + 2.7 of 100,000; C1 owes 900 of 1658
    assert found.reasons[0].params["total"] == "1658"
    assert found.reasons[-1].code.startswith("Too little to be scored")
    assert found.reasons[-1].params == {"least": "10000", "amounts": "26.89 USD"}


def test_a_trifle_with_a_rate_is_part_of_the_whole() -> None:
    found = score_receivables(owed(*DOLLARS_AND_A_BANKRUPT, rates={"USD": "7.1"}, bankrupt=("C2",)), Decimal("100000"))
    assert found.score == Decimal("15.1")  # 190.92 of 1848.92 overdue; C1 owes 900 of it
    assert found.reasons[-1].params["amounts"] == "1658 CNY, 26.89 USD"


@pytest.mark.parametrize(("amount", "scored"), [("10000", True), ("9999.99", False)])
def test_another_currency_is_scored_from_a_tenth_of_the_materiality_on(amount: str, scored: bool) -> None:
    debts = (("C1", "CNY", "1", NOT_DUE), ("C2", "CNY", "1", NOT_DUE), ("C3", "USD", amount, LATE))
    found = score_receivables(owed(*debts), Decimal("100000"))
    assert (found.reasons[0].params["currency"] == "USD") is scored


def test_the_main_currency_is_scored_however_little_it_is() -> None:
    assert score_receivables(owed(("C1", "USD", "26.89", LATE)), Decimal("100000")).score == Decimal("70.0")


def test_what_one_client_is_owed_does_not_hide_what_another_will_not_pay() -> None:
    debts = (("C1", "CNY", "1", NOT_DUE), ("C2", "CNY", "1", NOT_DUE), ("C4", "CNY", "1", NOT_DUE))
    found = score_receivables(
        owed(*debts, ("C3", "USD", "500000", LATE), ("C4", "USD", "-500000", LATE), bankrupt=("C3",)),
        Decimal("100000"),
    )
    assert found.score == Decimal("50.0")  # the whole limit is lost, all of it by C3
    assert found.reasons[1].params["currency"] == "USD"


def test_a_currency_in_which_nothing_is_open_is_not_called_too_little() -> None:
    ledger = {LedgerKey("C1", "USD"): Decimal("50"), LedgerKey("C1", "CNY"): Decimal("5")}
    found = score_receivables(audit([], ledger, AuditFacts(), POLICY.ageing, TODAY), Decimal("1"))
    assert [reason.code.split(":")[0] for reason in found.reasons[3:]] == ["Unreconciled", "Unreconciled"]


yuan = st.tuples(
    st.sampled_from(["C1", "C2", "C3"]),
    st.just("CNY"),
    st.decimals(-900, 9000, places=2).filter(bool).map(str),
    st.sampled_from([LATE, NOT_DUE]),
)


@given(
    st.lists(yuan, min_size=1, max_size=5).filter(lambda debts: sum(Decimal(each[2]) for each in debts) >= 100),
    st.sampled_from(["C1", "C2", "C9"]),
    st.decimals("0.01", 400, places=2),
    st.decimals("0.01", 20, places=2),
    st.booleans(),
)
def test_a_trifle_in_another_currency_never_raises_the_score_by_more_than_its_weight(
    debts: list[tuple[str, str, str, date]], client: str, amount: Decimal, rate: Decimal, lost: bool
) -> None:
    limit = Decimal("5000")
    rates, bankrupt = {"USD": str(rate)}, ("C9",) if lost else ()
    before = score_receivables(owed(*debts, rates=rates, bankrupt=bankrupt), limit)
    after = score_receivables(owed(*debts, (client, "USD", str(amount), LATE), rates=rates, bankrupt=bankrupt), limit)
    assert before.score is not None
    assert after.score is not None
    worth = amount * rate
    weight = worth / (worth + sum(Decimal(each[2]) for each in debts))
    rounding = Decimal("0.11")  # both scores to tenths, and amounts to cents
    assert after.score - before.score <= 70 * weight + 30 * min(ONE, worth / limit) + rounding
    assert points_in(after.reasons) == after.score


def test_nothing_owed_scores_zero_and_a_gap_to_the_ledger_is_named() -> None:
    assert score_receivables(owed(), Decimal("1")).score == 0
    differs = audit([], {LedgerKey("C1", "USD"): Decimal("50")}, AuditFacts(), POLICY.ageing, TODAY)
    assert "Unreconciled" in score_receivables(differs, Decimal("1")).reasons[-1].code


def test_a_gap_to_the_ledger_is_named_in_every_currency() -> None:
    ledger = {LedgerKey("C1", "USD"): Decimal("50"), LedgerKey("C1", "CNY"): Decimal("5")}
    differs = audit([], ledger, AuditFacts(), POLICY.ageing, TODAY)
    assert [reason.params["currency"] for reason in unreconciled(differs)] == ["CNY", "USD"]


def test_a_ledger_that_is_no_book_of_its_own_is_said_to_be_none() -> None:
    debt = ("C1", "USD", "9", LATE)
    own_sums = SourceNote(system="offboard", read_at=NOON, cannot=(OWN_SUMS_ONLY,))
    of_an_erp = SourceNote(
        system="erp", read_at=NOON, cannot=(Reason(code="It does not say which items are disputed."),)
    )
    assert no_independent_ledger(owed(debt, source=own_sums)) == (OWN_SUMS_ONLY,)
    assert no_independent_ledger(owed(debt)) == (OWN_SUMS_ONLY,)
    assert no_independent_ledger(owed(debt, source=of_an_erp)) == ()
    assert no_independent_ledger(owed(source=own_sums)) == ()
