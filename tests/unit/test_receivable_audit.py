"""The receivable audit by hand-made figures: loss, credits, disputes, single assessments, the check with the books."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from models.ageing import AgeingBasis, AgeingPolicy, Bucket, Overlay
from models.amounts import plain
from models.exchange import Quote
from models.exposure import lines_of
from models.open_items import ExposureLine, LedgerKey, OpenItem, Portion, SourceNote
from models.receivable_audit import AuditFacts, audit
from models.receivables import CurrencyAudit, ReceivableAudit, SingleAssessment, Standing
from store.policies import load_policy
from tests.client_books import TODAY, ledger_of, owes

IFRS = load_policy("ifrs").ageing
PRC = load_policy("prc").ageing
PLAIN = AuditFacts()


def audited(
    items: list[OpenItem],
    ledger: dict[LedgerKey, Decimal] | None = None,
    facts: AuditFacts = PLAIN,
    ageing: AgeingPolicy = IFRS,
) -> ReceivableAudit:
    """An audit of some items, by default with a ledger that agrees with them."""
    balances = ledger_of(items) if ledger is None else ledger
    return audit(lines_of(items, ageing, TODAY), balances, facts, ageing, TODAY)


def main_of(result: ReceivableAudit) -> CurrencyAudit:
    assert result.main is not None
    return result.main


def singly(client: str, rate: str, standing: Standing = Standing.BANKRUPT) -> AuditFacts:
    assessed = SingleAssessment(client=client, standing=standing, loss_rate=Decimal(rate), assessed_on=TODAY)
    return AuditFacts(singly={client: assessed})


def parts_of(found: CurrencyAudit) -> list[Decimal]:
    return [Decimal(reason.params["part"]) for reason in found.drivers if "part" in reason.params]


def test_a_plain_audit_needs_lines_and_a_ledger_only() -> None:
    found = main_of(audited([owes("40", past_due=45), owes("60", client="C2")]))
    assert (found.total, found.overdue, found.open_items, found.reconciled) == (100, 40, 2, True)
    assert found.buckets == {"current": 60, "1-30": 0, "31-60": 40, "61-90": 0, "90+": 0}
    assert found.bucket_items == {"current": 1, "1-30": 0, "31-60": 1, "61-90": 0, "90+": 0}
    assert found.also == {"<=1y": 100, "1-2y": 0, "2-3y": 0, "3-4y": 0, "4-5y": 0, ">5y": 0}
    assert [line.client for line in found.clients] == ["C2", "C1"]
    assert (found.figures, found.singly, found.largest_client_share) == ((), 0, Decimal("0.6"))


def test_where_it_was_read_and_everything_known_beside_it_is_passed_on() -> None:
    note = SourceNote(system="erp", read_at=datetime(2026, 11, 24, 9, tzinfo=UTC))
    result = audit([], {}, PLAIN, PRC, TODAY, source=note)
    assert (result.source, result.basis, result.main, result.currencies) == (note, AgeingBasis.INVOICE_DATE, None, ())


def test_an_overpayment_lowers_its_client_and_bucket_but_nobody_elses_expected_loss() -> None:
    items = [
        owes("100", past_due=10, client="C1"),
        owes("-30", past_due=20, client="C1"),
        owes("-500", past_due=15, client="C2"),
    ]
    found = main_of(audited(items))
    assert found.buckets["1-30"] == found.total == found.overdue == -430
    assert found.expected_credit_loss == Decimal("1.12")  # 1.6 % of the 70 that C1 still owes
    assert found.bad_debt_coefficient == Decimal("0.016")  # against the 70 that can be lost, not against -430
    assert [(each.bucket, each.balance) for each in found.bucket_losses if each.balance] == [("1-30", 70)]
    assert found.largest_client_share == 1
    assert found.reconciled


def test_a_credit_in_one_bucket_does_not_lower_the_loss_in_another() -> None:
    found = main_of(audited([owes("100", past_due=95), owes("-100", past_due=-10)]))
    assert (found.total, found.expected_credit_loss) == (0, Decimal("10.6"))
    assert found.bad_debt_coefficient == Decimal("0.106")


def test_what_is_disputed_has_at_least_the_rate_of_disputes() -> None:
    items = [owes("100", past_due=5, disputed="25"), owes("50", past_due=120, disputed="50", client="C2")]
    found = main_of(audited(items))
    assert (found.disputed, found.disputed_items) == (75, 2)
    # 75 x 1.6 % + 25 x 10.6 %, and 50 x 10.6 % either way
    assert found.expected_credit_loss == Decimal("1.2") + Decimal("2.65") + Decimal("5.3")
    without = IFRS.model_copy(update={"disputed_as": None})
    assert main_of(audited(items, ageing=without)).expected_credit_loss == Decimal("1.6") + Decimal("5.3")


def test_no_more_is_disputed_than_a_client_owes_in_the_bucket() -> None:
    items = [owes("100", past_due=5, disputed="100"), owes("-60", past_due=9)]
    assert main_of(audited(items)).expected_credit_loss == Decimal("4.24")  # 40 x 10.6 %


def test_what_a_client_disputes_by_letter_raises_the_loss_from_the_oldest_debt_on() -> None:
    items = [owes("100", past_due=95), owes("100", past_due=40, disputed="10"), owes("100"), owes("100", client="C2")]
    before = main_of(audited(items))
    after = main_of(audited(items, facts=AuditFacts(contested={LedgerKey("C1", "USD"): Decimal(250)})))
    # 10 were disputed already; of the 240 more 100 have the highest rate anyway, then 90 at 3.6 % and 50 at 0.3 %
    more = 90 * Decimal("0.070") + 50 * Decimal("0.103")
    assert after.expected_credit_loss == before.expected_credit_loss + more
    assert after.bad_debt_coefficient > before.bad_debt_coefficient
    assert sum(parts_of(after)) == after.bad_debt_coefficient
    assert (after.disputed, after.total) == (before.disputed, before.total) == (10, 400)


@pytest.mark.parametrize(("contested", "currency"), [("10", "USD"), ("5", "USD"), ("250", "CNY"), ("0", "USD")])
def test_a_letter_about_no_more_than_the_items_or_about_other_money_changes_nothing(
    contested: str, currency: str
) -> None:
    items = [owes("100", past_due=40, disputed="10")]
    facts = AuditFacts(contested={LedgerKey("C1", currency): Decimal(contested)})
    assert audited(items, facts=facts) == audited(items)


def test_no_more_is_contested_than_is_owed() -> None:
    items = [owes("100", past_due=5), owes("-40", past_due=95)]
    facts = AuditFacts(contested={LedgerKey("C1", "USD"): Decimal("1000000")})
    assert main_of(audited(items, facts=facts)).expected_credit_loss == Decimal("10.6")


def test_a_debtor_assessed_singly_leaves_the_matrix_with_everything() -> None:
    items = [
        owes("100", past_due=95, disputed="100"),
        owes("40"),
        owes("-20", past_due=3),
        owes("1000", client="C2"),
    ]
    found = main_of(audited(items, facts=singly("C1", "0.5")))
    assert (found.singly, found.singly_loss) == (120, 60)
    assert found.expected_credit_loss == 60 + 3
    assert sum(each.balance for each in found.bucket_losses) == 1000
    assert {line.client: line.singly for line in found.clients} == {"C1": Standing.BANKRUPT, "C2": None}
    assert found.buckets["90+"] == 100  # the ageing shows everybody
    assert found.bad_debt_coefficient == Decimal("0.05625")


def test_a_debtor_assessed_singly_who_is_owed_loses_nothing() -> None:
    found = main_of(audited([owes("100", past_due=95), owes("-300")], facts=singly("C1", "1")))
    assert (found.singly, found.singly_loss, found.expected_credit_loss, found.bad_debt_coefficient) == (0, 0, 0, 0)
    assert found.drivers == ()


def test_drivers_add_up_to_the_coefficient_and_come_by_weight() -> None:
    items = [
        owes("3000", client="C1"),
        owes("100", past_due=5, disputed="25", client="C1"),
        owes("70", past_due=99, client="C2"),
        owes("70", client="C3"),
    ]
    found = main_of(audited(items, facts=singly("C3", "0.9", Standing.IN_LITIGATION)))
    assert sum(parts_of(found)) == found.bad_debt_coefficient
    assert parts_of(found) == sorted(parts_of(found), reverse=True)
    said = [reason.code.split(" ")[0] for reason in found.drivers]
    assert said == ["Clients", "{bucket}:", "{bucket}:", "Disputes:", "{bucket}:", "The"]
    assert found.drivers[0].params["count"] == "1"
    assert found.drivers[-1].params["share"] == "75.7"  # 63 of 63 + 9 + 7.42 + 1.6 + 2.25


def test_currencies_are_never_added_and_the_one_with_most_items_leads() -> None:
    items = [owes("1", client="C1"), owes("2", client="C2"), owes("900", currency="EUR"), owes("5", currency="CNY")]
    result = audited(items)
    assert [(each.currency, each.total) for each in result.currencies] == [("USD", 3), ("CNY", 5), ("EUR", 900)]


def test_the_reporting_currency_shows_everything_by_dated_rates_beside_it() -> None:
    items = [owes("100", currency="USD"), owes("700", currency="CNY", past_due=95)]
    ageing = IFRS.model_copy(update={"reporting_currency": "CNY"})
    shown = audited(items, facts=AuditFacts(quotes=(Quote("USD", "CNY", TODAY, Decimal(7)),)), ageing=ageing).reporting
    assert shown is not None
    assert (shown.total, shown.overdue, shown.expected_credit_loss) == (1400, 700, Decimal("76.3"))
    unknown = audited(items, ageing=ageing).reporting
    assert unknown is not None
    assert (unknown.total, unknown.missing) == (None, ("USD",))


def test_nothing_open_is_no_currency_at_all() -> None:
    assert audited([], {LedgerKey("C1", "USD"): Decimal("0.0000")}).main is None


@pytest.mark.parametrize(
    ("ledger", "reconciled"),
    [
        ({("C1", "USD"): "100.01"}, True),
        ({("C1", "USD"): "99.99"}, True),
        ({("C1", "USD"): "100.02"}, False),
        ({("C1", "EUR"): "100"}, False),
        ({("C2", "USD"): "100"}, False),
        ({}, False),
    ],
)
def test_reconciled_means_within_a_cent_of_the_same_client_and_currency(
    ledger: dict[tuple[str, str], str], reconciled: bool
) -> None:
    balances = {LedgerKey(*key): Decimal(balance) for key, balance in ledger.items()}
    result = audited([owes("100")], balances)
    found = next(each for each in result.currencies if each.currency == "USD")
    assert found.reconciled is reconciled
    assert found.unreconciled == (() if reconciled else tuple(sorted({"C1", *(key[0] for key in ledger)}))[:2])


def test_two_errors_that_cancel_out_are_found() -> None:
    ledger = {LedgerKey("C1", "USD"): Decimal("110"), LedgerKey("C2", "USD"): Decimal("90")}
    found = main_of(audited([owes("100", client="C1"), owes("100", client="C2")], ledger))
    assert (found.reconciled, found.total, found.ledger_balance) == (False, 200, 200)
    assert found.unreconciled == ("C1", "C2")


def test_what_differs_most_is_named_first_and_not_more_than_fifty() -> None:
    items = [owes("100", client=f"C{number:02}") for number in range(60)]
    ledger = {LedgerKey(f"C{number:02}", "USD"): Decimal(100 - number) for number in range(60)}
    found = main_of(audited(items, ledger))
    assert found.unreconciled == tuple(f"C{number:02}" for number in range(59, 9, -1))
    assert found.ledger_balance == 6000 - sum(range(60))


def test_shares_change_what_is_owed_to_the_leaver_and_not_what_is_checked() -> None:
    half = owes("50.01").model_copy(update={"whole": Decimal("100.01")})
    portion = Portion(key="k", low=Decimal("0.5"), high=Decimal(1))
    agrees = {LedgerKey("C1", "USD"): Decimal("100.01")}
    found = main_of(audited([half], agrees, AuditFacts(portions={"C1": portion})))
    assert (found.total, found.ledger_balance, found.reconciled) == (Decimal("50.01"), Decimal("50.01"), True)
    assert found.clients[0].portion == Decimal("0.5")
    differs = main_of(audited([half], {LedgerKey("C1", "USD"): Decimal("90")}))
    assert (differs.reconciled, differs.ledger_balance) == (False, Decimal("40"))


def test_a_ledger_balance_without_open_items_is_shown_as_unreconciled() -> None:
    found = main_of(audited([], {LedgerKey("C9", "EUR"): Decimal("12.5")}))
    assert (found.currency, found.total, found.reconciled, str(found.ledger_balance)) == ("EUR", 0, False, "12.5")
    assert (found.unreconciled, found.clients) == (("C9",), ())


def test_no_more_than_everything_can_be_lost() -> None:
    policy = AgeingPolicy(
        basis=AgeingBasis.DUE_DATE,
        buckets=(Bucket(label="all", loss_rate=Decimal("0.8")),),
        forward_looking_factor=Decimal("1.5"),
        overlay=Overlay(factor=Decimal("1.2"), cases=9),
    )
    found = main_of(audited([owes("200")], ageing=policy))
    assert (found.expected_credit_loss, found.bad_debt_coefficient) == (200, 1)


def test_the_overlay_of_departures_starts_at_one_and_multiplies_the_rates() -> None:
    assert IFRS.overlay == PRC.overlay == Overlay(factor=Decimal(1), cases=0)
    learned = IFRS.model_copy(update={"overlay": Overlay(factor=Decimal("1.25"), cases=40)})
    assert main_of(audited([owes("1000")], ageing=learned)).expected_credit_loss == Decimal("3.75")


def test_disputes_and_the_oldest_debt_are_counted_per_client() -> None:
    items = [owes("10", past_due=45, disputed="10"), owes("20", past_due=3), owes("-5", past_due=400)]
    line = main_of(audited(items)).clients[0]
    assert (line.open_items, line.disputed_items, line.oldest_days_past_due) == (3, 1, 45)


@pytest.mark.parametrize(
    ("padded", "spelled"),
    [("1708.7700", "1708.77"), ("4.2233E+5", "422330"), ("0.0000", "0"), ("-0.00", "0"), ("-7.50", "-7.5")],
)
def test_one_number_has_one_spelling(padded: str, spelled: str) -> None:
    assert str(plain(Decimal(padded))) == spelled


SECONDS = 2.0  # on a machine that others use too; alone it takes a quarter of one


def test_sixty_thousand_lines_of_ten_thousand_clients_are_audited_at_once() -> None:
    money = Decimal("1234.56")
    lines = [
        ExposureLine(f"C{client:05}", "CNY", bucket.label, "<=1y", 3, money, money, money, Decimal(0), 0, 9)
        for client in range(12_000)
        for bucket in IFRS.buckets
    ]
    ledger = {LedgerKey(f"C{client:05}", "CNY"): money * 5 for client in range(12_000)}
    began = time.process_time()
    found = main_of(audit(lines, ledger, PLAIN, IFRS, TODAY))
    assert time.process_time() - began < SECONDS
    assert (len(lines), found.total, found.reconciled) == (60_000, money * 60_000, True)
