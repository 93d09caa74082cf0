"""What always holds, over random books of every kind of item: part payments, credits, instalments, disputes, shares."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from models.ageing import AgeingPolicy, Overlay, SegmentMatrix
from models.exposure import lines_of
from models.loss_rates import Rates
from models.open_items import LedgerKey, Portion
from models.receivable_audit import AuditFacts, audit
from models.receivables import CurrencyAudit, ReceivableAudit, SingleAssessment, Standing
from store.policies import load_policy
from tests.client_books import TODAY, Books, Document, Payment
from tests.random_books import CLIENTS, POSITIVE, books

PLAIN = AuditFacts()
POLICIES = [load_policy("ifrs").ageing, load_policy("prc").ageing]
SEGMENTS = (SegmentMatrix(segment="retail", loss_rates={}, forward_looking_factor=Decimal("1.3")),)


@st.composite
def policies(draw: st.DrawFn) -> AgeingPolicy:
    """Either basis, any forward-looking factor and overlay, with and without rates for disputes and segments."""
    policy = draw(st.sampled_from(POLICIES))
    factors = st.decimals(min_value=0, max_value=20, places=3)
    return policy.model_copy(
        update={
            "forward_looking_factor": draw(factors),
            "overlay": Overlay(factor=draw(factors), cases=3),
            "segments": draw(st.sampled_from([(), SEGMENTS])),
            "disputed_as": draw(st.sampled_from([None, *(bucket.label for bucket in policy.buckets)])),
        }
    )


@st.composite
def known(draw: st.DrawFn) -> AuditFacts:
    """Segments of some clients, single assessments of others, disputes by letter."""
    rate = st.decimals(min_value=0, max_value=1, places=2)
    singly = {
        client: SingleAssessment(
            client=client, standing=draw(st.sampled_from(Standing)), loss_rate=draw(rate), assessed_on=TODAY
        )
        for client in draw(st.sets(st.sampled_from(CLIENTS)))
    }
    contested = {LedgerKey(client, "USD"): draw(POSITIVE) for client in draw(st.sets(st.sampled_from(CLIENTS)))}
    return AuditFacts(segments={"C1": "retail"}, singly=singly, contested=contested)


def audited(ledger: Books, ageing: AgeingPolicy, facts: AuditFacts = PLAIN) -> ReceivableAudit:
    return audit(lines_of(ledger.items(), ageing, TODAY), ledger.ledger(), facts, ageing, TODAY)


def by_currency(result: ReceivableAudit) -> dict[str, CurrencyAudit]:
    return {each.currency: each for each in result.currencies}


@given(books(), policies(), known())
def test_everything_adds_up_and_agrees_with_the_ledger(ledger: Books, ageing: AgeingPolicy, facts: AuditFacts) -> None:
    result = audited(ledger, ageing, facts)
    items = ledger.items()
    assert {each.currency for each in result.currencies} == {item.currency for item in items}
    for found in result.currencies:
        mine = [item for item in items if item.currency == found.currency]
        assert found.total == sum(item.outstanding for item in mine)
        assert sum(found.buckets.values()) == sum(found.also.values()) == found.total
        assert sum(found.bucket_items.values()) == found.open_items == len(mine)
        assert sum(line.total for line in found.clients) == found.total
        assert sum(line.overdue for line in found.clients) == found.overdue
        assert found.overdue == sum(item.outstanding for item in mine if item.due_on < TODAY)
        assert found.disputed == sum(item.disputed for item in mine)
        assert (found.reconciled, found.unreconciled) == (True, ())
        assert found.ledger_balance == found.total


@given(books(), policies(), known())
def test_the_loss_is_explained_and_no_more_than_what_is_owed(
    ledger: Books, ageing: AgeingPolicy, facts: AuditFacts
) -> None:
    for found in audited(ledger, ageing, facts).currencies:
        positive = sum(
            (item.outstanding for item in ledger.items() if item.currency == found.currency and item.outstanding > 0),
            Decimal(0),
        )
        in_buckets = sum((each.expected_credit_loss for each in found.bucket_losses), Decimal(0))
        assert 0 <= found.expected_credit_loss <= positive
        assert in_buckets + found.singly_loss == found.expected_credit_loss
        assert sum(line.expected_credit_loss for line in found.clients) == found.expected_credit_loss
        assert 0 <= found.bad_debt_coefficient <= 1
        parts = [Decimal(reason.params["part"]) for reason in found.drivers if "part" in reason.params]
        assert sum(parts) == found.bad_debt_coefficient


@given(books(), policies(), known())
def test_who_is_assessed_singly_is_never_in_the_matrix_too(
    ledger: Books, ageing: AgeingPolicy, facts: AuditFacts
) -> None:
    everybody = by_currency(audited(ledger, ageing, facts))
    rest = Books(
        tuple(doc for doc in ledger.documents if doc.client not in facts.singly),
        tuple(pay for pay in ledger.payments if pay.client not in facts.singly),
        ledger.portions,
    )
    others = by_currency(audited(rest, ageing, facts))
    for currency, found in everybody.items():
        singled = [line for line in found.clients if line.client in facts.singly]
        assert all(line.singly for line in singled)
        assert found.singly == sum((max(Decimal(0), line.total) for line in singled), Decimal(0))
        assert found.singly_loss == sum(
            (max(Decimal(0), line.total) * facts.singly[line.client].loss_rate for line in singled), Decimal(0)
        )
        matrix = others[currency].bucket_losses if currency in others else ()
        assert [each for each in found.bucket_losses if each.balance] == [each for each in matrix if each.balance]


@given(books(), policies(), st.randoms(use_true_random=False))
def test_order_and_paging_change_nothing(ledger: Books, ageing: AgeingPolicy, chance: Random) -> None:
    first = audited(ledger, ageing)
    lines = lines_of(ledger.items(), ageing, TODAY)
    balances = list(ledger.ledger().items())
    chance.shuffle(lines)
    chance.shuffle(balances)
    pages = (line for start in range(0, len(lines), 2) for line in lines[start : start + 2])
    assert audit(pages, dict(balances), PLAIN, ageing, TODAY).model_dump_json() == first.model_dump_json()


@given(books(), policies(), known(), st.data())
def test_a_payment_never_raises_exposure_nor_the_expected_loss(
    ledger: Books, ageing: AgeingPolicy, facts: AuditFacts, data: st.DataObject
) -> None:
    """Of a whole client. Of a part the rounding of a cent may go either way."""
    whole = replace(ledger, portions={})
    invoices = [doc for doc in whole.documents if doc.amount > 0 and doc.issued_on <= TODAY]
    assume(invoices)
    paid_for: Document = data.draw(st.sampled_from(invoices))
    amount = data.draw(st.decimals(min_value="0.01", max_value=paid_for.amount * 2, places=2))
    on_account = data.draw(st.booleans())
    payment = Payment("new", paid_for.client, amount, TODAY, paid_for.currency, None if on_account else paid_for.id)
    before, after = (by_currency(audited(each, ageing, facts)) for each in (whole, whole.paid(payment)))
    nothing = Decimal(0)
    for currency, now in after.items():
        then = before.get(currency)
        assert now.total <= (then.total if then else nothing)
        assert now.expected_credit_loss <= (then.expected_credit_loss if then else nothing)
        assert now.disputed <= (then.disputed if then else nothing)
        assert now.reconciled


@given(books(), policies(), st.lists(st.decimals(0, 1, places=4), max_size=3, unique=True).map(sorted))
def test_the_parts_of_a_shared_account_add_up_to_the_whole_to_the_cent(
    ledger: Books, ageing: AgeingPolicy, inside: list[Decimal]
) -> None:
    borders = [Decimal(0), *(border for border in inside if 0 < border < 1), Decimal(1)]
    holders = [Portion(key="k", low=low, high=high) for low, high in pairwise(borders)]
    whole = by_currency(audited(replace(ledger, portions={}), ageing))
    parts = [by_currency(audited(replace(ledger, portions=dict.fromkeys(CLIENTS, each)), ageing)) for each in holders]
    for currency, found in whole.items():
        mine = [part[currency] for part in parts]
        assert sum(part.total for part in mine) == found.total
        assert sum(part.overdue for part in mine) == found.overdue
        assert sum(part.disputed for part in mine) == found.disputed
        for label, balance in found.buckets.items():
            assert sum(part.buckets[label] for part in mine) == balance
        assert all(part.reconciled for part in mine)


@given(policies())
def test_a_loss_rate_is_a_share_and_disputes_have_one_of_the_matrix(ageing: AgeingPolicy) -> None:
    for segment in ("", "retail", "unheard of"):
        rates = Rates(ageing).of(segment)
        assert all(0 <= rate <= 1 for rate in rates.by_bucket.values())
        assert rates.disputed == rates.by_bucket.get(ageing.disputed_as or "", 0)
