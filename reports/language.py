"""Words and figures in the reader's language: gettext catalogues and Babel's formats, nothing of our own.

The msgid is the English text. Catalogues are `.po` files that are read as they are, so there is no build step.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import Translations

from models.errors import WORDS, OffboardError, filled
from models.reasons import Reason

LANGUAGES = ("en", "zh-CN")
CENT = Decimal("0.01")
# Only what is surely a day or an amount: a short whole number may be a year, a number of an invoice or a count.
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}\.\d{1,10}|-?[1-9]\d{4,14}", re.ASCII)
CATALOGUES = Path(__file__).with_name("locale")


@dataclass(frozen=True)
class Language:
    """One language: `tag` for the page (`zh-CN`), `locale` for Babel, `words` for gettext."""

    tag: str
    locale: Locale
    words: NullTranslations

    def text(self, msgid: str, **params: object) -> str:
        """Translate an English sentence and fill its `{placeholders}`."""
        return self.words.gettext(msgid).format(**params)

    def count(self, one: str, many: str, number: int, **params: object) -> str:
        """Translate a sentence with a number; `{n}` is filled with it."""
        return self.words.ngettext(one, many, number).format(n=self.number(number), **params)

    def reason(self, reason: Reason) -> str:
        """A reason in words. Its code is the English sentence; its days and amounts are written as the reader does."""
        return self.text(reason.code, **{name: self._figure(value) for name, value in reason.params.items()})

    def error(self, failure: OffboardError, **instead: str) -> str:
        """What an error says. Facts stay as they are, because people copy ids and paths into commands.

        `instead` are words of the catalogues that stand in the place of facts.
        """
        said = {
            name: self.words.gettext(value) if name in WORDS and value else value
            for name, value in (failure.detail | instead).items()
        }
        return filled(self.words.gettext(failure.template), said)

    def _figure(self, value: str) -> str:
        if not _DAY.fullmatch(value):
            return self._amount(value)
        try:
            return self.day(date.fromisoformat(value))
        except ValueError:  # such as 2026-02-31: it only looks like a day
            return value

    def _amount(self, value: str) -> str:
        if not _AMOUNT.fullmatch(value):
            return value
        amount = Decimal(value)
        # From a thousand on, a fraction is money; a smaller one may be points or percent. None of it is rounded away.
        pattern = "#,##0.00########" if abs(amount) >= 1000 and amount % 1 else "#,##0.##########"
        return str(format_decimal(amount, format=pattern, locale=self.locale))

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with its currency, as the reader writes it. Two currencies never look alike: codes, not signs."""
        if not currency:
            return self.number(amount)
        cents = amount.quantize(CENT, ROUND_HALF_UP) + 0  # as everywhere in the figures; and nothing is -0.00
        return str(format_currency(cents, currency, format="#,##0.00 ¤¤", locale=self.locale, currency_digits=False))

    def number(self, value: Decimal | int) -> str:
        """A plain number with grouping."""
        return str(format_decimal(value, locale=self.locale))

    def exact(self, value: Decimal) -> str:
        """A number with every digit that it has, such as an exchange rate."""
        return str(format_decimal(value, format="#,##0.############", locale=self.locale))

    def amount(self, value: Decimal) -> str:
        """An amount whose currency is said elsewhere: two decimals at least, and none rounded away."""
        return str(format_decimal(value, format="#,##0.00##########", locale=self.locale))

    def percent(self, ratio: Decimal, digits: int = 1) -> str:
        """A ratio 0..1 as a percentage."""
        return str(format_percent(ratio, format=f"#,##0.{'0' * digits}%", locale=self.locale))

    def day(self, value: date) -> str:
        """A calendar day."""
        return str(format_date(value, format="medium", locale=self.locale))

    def moment(self, value: datetime, zone: str) -> str:
        """A time in the reader's zone, with the zone named."""
        return str(format_datetime(value, format="medium", tzinfo=ZoneInfo(zone), locale=self.locale)) + f" ({zone})"


@cache
def language(tag: str) -> Language:
    """The language for a tag; `zh`, `zh-CN` and `zh_CN` are one, anything unknown is English."""
    chinese = tag.lower().replace("_", "-").startswith("zh")
    locale = Locale.parse("zh_CN" if chinese else "en")
    return Language("zh-CN" if chinese else "en", locale, _catalogue(locale))


def _catalogue(locale: Locale) -> NullTranslations:
    if locale.language == "en":
        return NullTranslations()
    merged: Translations | None = None
    for path in sorted((CATALOGUES / "zh_CN" / "LC_MESSAGES").glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=str(locale)))
        compiled.seek(0)
        loaded = Translations(compiled)
        merged = loaded if merged is None else merged.merge(loaded)
    return merged or NullTranslations()
