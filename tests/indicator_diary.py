"""A diary of made-up people for the rules: say what somebody did, get the frames."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from early_warning.indicators.finder import find
from early_warning.indicators.frames import CLAIMS, DAYS, EVENTS, PEOPLE, TRIGGERS, Activity, frame
from models.activity import EventKind
from models.warning import Finding, RuleId, TriggerKind
from models.warning_policy import WarningPolicy
from store.policies import load_warning_policy

AS_OF = date(2026, 11, 24)  # a Tuesday
POLICY = load_warning_policy()


def ago(days: int) -> date:
    """So many days before the scan."""
    return AS_OF - timedelta(days=days)


@dataclass
class Diary:
    """Rows as they are written. Everybody is in one team unless they are named otherwise."""

    people: dict[str, tuple[object, ...]] = field(default_factory=dict)
    days: list[tuple[object, ...]] = field(default_factory=list)
    events: list[tuple[object, ...]] = field(default_factory=list)
    claims: list[tuple[object, ...]] = field(default_factory=list)
    triggers: list[tuple[object, ...]] = field(default_factory=list)

    def person(self, key: str = "E1", manager: str = "M1") -> str:
        """Somebody; repeats change nothing."""
        self.people.setdefault(key, (key, manager, f"Sales {manager}", f"salesperson {manager}", ago(900), True))
        return key

    def did(self, day: date, kind: EventKind, records: int, who: str = "E1", to: str = "", night: int = 0) -> None:
        """A row of the roll-up."""
        self.days.append((self.person(who), day, kind, to, max(1, records // 10), records, night))

    def works(self, who: str = "E1", days: int = 130, manager: str = "M1") -> None:
        """Is seen on every working day of the past."""
        self.person(who, manager)
        for back in range(days):
            if ago(back).weekday() < 5:
                self.did(ago(back), EventKind.LOGIN, 1, who)

    def event(self, key: str, kind: EventKind, back: float, item: str = "list.xlsx", to: str = "") -> None:
        """A single event, so many days before the evening of the scan."""
        at = datetime.combine(AS_OF, time(20), UTC) - timedelta(days=back)
        self.events.append((key, self.person(), at, kind, item, to, 1))

    def claim(
        self,
        amount: str,
        spent: date,
        merchant: str = "Green Tea House",
        category: str = "dinner",
        *,
        currency: str = "CNY",
        country: str = "CN",
    ) -> None:
        """A claim on the day after it was spent."""
        key = f"X{len(self.claims)}"
        values = (category, merchant, Decimal(amount), currency, "", country)
        self.claims.append((key, self.person(), spent, spent + timedelta(days=1), *values))

    def trigger(self, day: date, who: str = "E1") -> None:
        """Somebody gave notice."""
        self.triggers.append((who, TriggerKind.NOTICE, day))

    def frames(self) -> Activity:
        """Everything as frames."""
        return Activity(
            people=frame(PEOPLE, self.people.values()),
            days=frame(DAYS, self.days),
            events=frame(EVENTS, self.events),
            claims=frame(CLAIMS, self.claims),
            triggers=frame(TRIGGERS, self.triggers),
        )

    def found(self, as_of: date = AS_OF, policy: WarningPolicy = POLICY) -> list[Finding]:
        """What the rules find."""
        return find(self.frames(), policy, as_of).findings

    def by(self, rule: RuleId, as_of: date = AS_OF, policy: WarningPolicy = POLICY) -> list[Finding]:
        """What one rule finds."""
        return [one for one in self.found(as_of, policy) if one.rule is rule]
