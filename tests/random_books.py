"""Random books of clients for property tests: every kind of item that accountants know."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from models.open_items import Portion
from tests.client_books import TODAY, Books, Document, Payment

PAID = {"all": Decimal(1), "too much": Decimal("1.2")}
CLIENTS = ("C1", "C2", "C3")
DAYS = st.integers(-40, 1900) | st.sampled_from([0, 1, 30, 31, 60, 61, 90, 91, 365, 366, 730, 731])
POSITIVE = st.decimals(min_value="0.01", max_value=100_000, places=2)
SHARES = st.sampled_from([("0", "1"), ("0", "0.5"), ("0.3333", "1"), ("0.25", "0.7"), ("0.999", "1")])


@st.composite
def a_document(draw: st.DrawFn, number: int) -> Document:
    """An invoice with or without instalments or a dispute, or a credit note that stands by itself."""
    issued = TODAY - timedelta(days=draw(DAYS))
    amount = draw(POSITIVE)
    made = Document(
        id=f"V{number}",
        client=draw(st.sampled_from(CLIENTS)),
        amount=amount,
        issued_on=issued,
        due_on=issued + timedelta(days=draw(st.sampled_from([0, 14, 30, 90]))),
        currency=draw(st.sampled_from(["USD", "USD", "CNY"])),
    )
    kind = draw(st.sampled_from(["plain", "instalments", "disputed", "credit note"]))
    if kind == "credit note":
        return replace(made, amount=-amount, due_on=issued)
    if kind == "disputed":
        return replace(made, disputed=draw(POSITIVE))
    if kind == "instalments" and amount >= 1:
        first = (amount * draw(st.decimals(min_value="0.1", max_value="0.9", places=1))).quantize(Decimal("0.01"))
        return replace(made, parts=((made.due_on, first), (made.due_on + timedelta(days=45), amount - first)))
    return made


@st.composite
def books(draw: st.DrawFn, most: int = 8) -> Books:
    """Random books: documents of all kinds, part payments, overpayments, applied credits, cash on account, shares."""
    documents = [draw(a_document(number)) for number in range(draw(st.integers(0, most)))]
    invoices = [doc for doc in documents if doc.amount > 0]
    payments = []
    for number, doc in enumerate(invoices):
        paid = draw(st.sampled_from(["nothing", "a part", "all", "too much", "credited"]))
        share = (PAID | {"a part": draw(st.decimals("0.01", "0.99", places=2))}).get(paid)
        day = doc.issued_on + timedelta(days=draw(st.integers(0, 200)))
        if share is not None and (amount := (doc.amount * share).quantize(Decimal("0.01"))):
            payments.append(Payment(f"P{number}", doc.client, amount, day, doc.currency, doc.id))
        elif paid == "credited":
            half = -(doc.amount / 2).quantize(Decimal("0.01"))
            documents += (
                [Document(f"N{number}", doc.client, half, day, day, doc.currency, credits=doc.id)] if half else []
            )
    for number in range(draw(st.integers(0, 2))):
        day = TODAY - timedelta(days=draw(DAYS))
        payments.append(Payment(f"A{number}", draw(st.sampled_from(CLIENTS)), draw(POSITIVE), day))
    portions = {}
    for client in CLIENTS:
        low, high = draw(SHARES)
        portions[client] = Portion(key=client, low=Decimal(low), high=Decimal(high))
    return Books(tuple(documents), tuple(payments), portions)
