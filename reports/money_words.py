"""How money is said in reports: ages, standings, kinds of items, and where figures come from."""

from collections.abc import Mapping

from models.ageing import AgeingBasis
from models.open_items import ItemKind
from models.receivables import Standing
from reports.language import Language
from reports.words import mark

STANDINGS: Mapping[str, str] = {
    Standing.BANKRUPT: mark("Bankrupt"),
    Standing.IN_LITIGATION: mark("In litigation"),
    Standing.IN_DEFAULT: mark("In default"),
    Standing.OTHER: mark("Assessed singly"),
}
ITEM_KINDS: Mapping[str, str] = {
    ItemKind.INVOICE: mark("Invoice"),
    ItemKind.CREDIT_NOTE: mark("Credit note"),
    ItemKind.UNAPPLIED_CASH: mark("Unapplied cash"),
}
BASES: Mapping[str, str] = {
    AgeingBasis.DUE_DATE: mark("Age since the due date"),
    AgeingBasis.INVOICE_DATE: mark("Age since the invoice date"),
}
OTHER_BASIS = {
    AgeingBasis.DUE_DATE: AgeingBasis.INVOICE_DATE,
    AgeingBasis.INVOICE_DATE: AgeingBasis.DUE_DATE,
}
_BUCKET_NAMES = {"current": mark("Not due")}


def bucket_words(words: Language, label: str) -> str:
    """An ageing bucket as people say it: `31-60` is `31-60 days`, `1-2y` is `1-2 years`."""
    if label in _BUCKET_NAMES:
        return words.text(_BUCKET_NAMES[label])
    span = label.replace("<=", "≤ ").replace(">", "> ").replace("-", "–")
    if span.endswith("y"):
        years = span[:-1]
        return words.text("{years} year", years=years) if years == "≤ 1" else words.text("{years} years", years=years)
    return words.text("{days} days", days=span)
