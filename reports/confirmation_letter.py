"""The letter that asks a client to confirm a balance (对账函), with a part to tear off, stamp and send back."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal

from models.amounts import ZERO
from models.base import Value
from models.open_items import ItemKind, OpenItem
from reports.language import Language, language
from reports.plain import plain
from reports.typesetting import typeset
from reports.words import mark

KINDS = {
    ItemKind.INVOICE: "",
    ItemKind.CREDIT_NOTE: mark("credit note"),
    ItemKind.UNAPPLIED_CASH: mark("payment on account"),
}
COLUMNS = (mark("Document"), mark("Issued"), mark("Due on"), mark("Invoice amount"), mark("Outstanding"))


class LetterFacts(Value):
    """One letter. `amount` is all that the client owes in this currency as of a day; `items` are what it is made of.

    `reference` names the letter on both of its parts, and says nothing about a departure; `language` is that of the
    client.
    """

    reference: str
    language: str
    client: str
    contact: str
    as_of: date
    amount: Decimal
    currency: str
    answer_days: int
    items: tuple[OpenItem, ...]


def render_letter(facts: LetterFacts) -> bytes:
    """The letter as an A4 PDF in the client's language; the same letter gives the same bytes."""
    words = language(facts.language)
    stamp = int(datetime.combine(facts.as_of, time(), tzinfo=UTC).timestamp())
    return typeset("confirmation.typ", str(plain(json.dumps(_page(facts, words), ensure_ascii=False))), stamp)


def _page(facts: LetterFacts, words: Language) -> dict[str, object]:
    amount, day = words.money(facts.amount, facts.currency), words.day(facts.as_of)
    to = words.text("{client}, for the attention of {contact}", client=facts.client, contact=facts.contact)
    return {
        "tag": words.tag,
        "title": words.text("Balance confirmation"),
        "letterhead": words.text("Letterhead of the creditor"),
        "reference": words.text("Reference: {reference}", reference=facts.reference),
        "to": words.text("To: {client}", client=to if facts.contact else facts.client),
        "opening": words.text("We are comparing our accounts with those of our clients, and ask you to help us."),
        "balance": words.text("According to our books, as of {day} you owed us {amount}.", day=day, amount=amount),
        "request": words.text(
            "The open items are listed below. Please compare them with your books, complete the lower part of this "
            "letter, stamp or sign it and send it back within {n} working days.",
            n=facts.answer_days,
        ),
        "notice": words.text(
            "This letter is about the accounts alone and is no reminder to pay. If you have paid since that day, "
            "please answer all the same."
        ),
        "caption": words.text("Open items as of {day}, in {currency}", day=day, currency=facts.currency),
        "columns": [words.text(each) for each in COLUMNS],
        "rows": [_row(item, words) for item in facts.items],
        "totals": [words.text("Total"), "", "", "", words.money(_total(facts), facts.currency)],
        "sign": words.text("Creditor (stamp)"),
        "date": words.text("Date: ____________"),
        "cut": words.text("Please cut here and send this part back"),
        "reply": words.text("Reply to {reference}", reference=facts.reference),
        "from": words.text("From: {client}", client=facts.client),
        "confirmed": words.text("The information is right: as of {day} we owed {amount}.", day=day, amount=amount),
        "disputed": words.text("The information is not right. As of {day} we owed: ____________", day=day),
        "details": words.text("What differs, item by item:"),
        "stamp": words.text("Company stamp and signature"),
        "clerk": words.text("Name: ____________"),
    }


def _total(facts: LetterFacts) -> Decimal:
    return sum((item.whole for item in facts.items), ZERO)


def _row(item: OpenItem, words: Language) -> list[str]:
    kind = KINDS[item.kind]
    name = f"{item.document}/{item.instalment}" if item.instalment else item.document
    return [
        words.text("{document}, {kind}", document=name, kind=words.text(kind)) if kind else name,
        words.day(item.issued_on),
        words.day(item.due_on),
        words.money(item.amount, item.currency),
        words.money(item.whole, item.currency),
    ]
