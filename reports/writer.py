"""Writes the names, figures and reasons of one report in one language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from models.reasons import Reason
from models.report import CaseReport
from models.risk import DomainStatus
from reports.language import Language
from reports.money_words import bucket_words
from reports.words import DOMAINS, GATES, LEVELS

# By name of the parameter; `before` and `after` may be levels.
_VOCABULARIES = {"domain": DOMAINS, "level": LEVELS, "gate": GATES, "before": LEVELS, "after": LEVELS}


@dataclass(frozen=True)
class Writer:
    """One report, one language. Everything that a page says goes through here.

    `anchors` are those of the lists that figures open to, by the name of the figure.
    """

    report: CaseReport
    language: Language
    anchors: Mapping[str, str] = field(default_factory=dict)

    def text(self, msgid: str, **params: object) -> str:
        """A sentence with its `{placeholders}` filled."""
        return self.language.text(msgid, **params)

    def count(self, one: str, many: str, number: int, **params: object) -> str:
        """A sentence with a number in it."""
        return self.language.count(one, many, number, **params)

    def word(self, vocabulary: Mapping[str, str], code: str) -> str:
        """A code of a closed vocabulary; a code that a policy added is shown as it is written there."""
        return self.text(vocabulary[code]) if code in vocabulary else code.replace("_", " ")

    def person(self, employee_id: str | None) -> str:
        """The person's name, or the id where the report does not name them."""
        if employee_id is None:
            return self.nobody
        return self.report.case.employees.get(employee_id, employee_id)

    def people(self, employee_ids: tuple[str, ...]) -> str:
        """Several names in one line."""
        return self.listed([self.person(each) for each in employee_ids])

    def listed(self, items: list[str]) -> str:
        """Items in one line, with the comma of the language."""
        return self.text(", ").join(items)

    def client(self, client_id: str) -> str:
        """The client's name, or the id where the client report does not hold it."""
        return self.client_names.get(client_id, client_id)

    def money(self, amount: Decimal | None, currency: str) -> str:
        """An amount with its currency code; unknown is said in words, never as 0."""
        return self.unknown if amount is None else self.language.money(amount, currency)

    def link(self, figure: str) -> str:
        """The anchor of the list behind a figure; empty where there is none."""
        return self.anchors.get(figure, "")

    def number(self, value: Decimal | int) -> str:
        """A plain number."""
        return self.language.number(value)

    def share(self, part: Decimal, whole: Decimal) -> str:
        """`part` as a percentage of `whole`; a dash where there is no whole to take a part of."""
        return self.language.percent(part / whole) if whole > 0 else "–"

    def day(self, value: date) -> str:
        """A calendar day."""
        return self.language.day(value)

    def local_day(self, value: datetime) -> str:
        """The day of a time in the zone of the case."""
        return self.day(value.astimezone(ZoneInfo(self.report.case.time_zone)).date())

    def moment(self, value: datetime) -> str:
        """A time in the zone of the case."""
        return self.language.moment(value, self.report.case.time_zone)

    def why(self, reason: Reason) -> str:
        """A reason in words, with the names of people and the words of domains, levels and gates in place of codes."""
        params = {name: self._param(name, value) for name, value in reason.params.items()}
        return self.language.reason(Reason(code=reason.code, params=params))

    def because(self, reasons: tuple[Reason, ...]) -> tuple[str, ...]:
        """Several reasons in words."""
        return tuple(self.why(reason) for reason in reasons)

    def unknown_part(self, name: str) -> bool:
        """True while the domain or branch `name` has no result."""
        late = (score.domain.value for score in self.report.domains if score.status is DomainStatus.UNKNOWN)
        return name in self.report.unknowns or name in late

    @property
    def unknown(self) -> str:
        """The word for what nobody knows."""
        return self.text("unknown")

    @property
    def nobody(self) -> str:
        """The words for a thing that has no person."""
        return self.text("nobody yet")

    @cached_property
    def client_names(self) -> dict[str, str]:
        """Client ids with their names, as far as the client report holds them."""
        if self.report.clients is None:
            return {}
        return {line.facts.client.id: line.facts.client.name for line in self.report.clients.lines}

    def _param(self, name: str, value: str) -> str:
        if name in _VOCABULARIES:
            return self.word(_VOCABULARIES[name], value)
        if name == "bucket":
            return bucket_words(self.language, value)
        return self.report.case.employees.get(value, value)
