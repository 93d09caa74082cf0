"""The policy of the early warning: thresholds of the rules, windows, trust, triage and protection.

One file, `policies/early_warning/<name>.toml`, validated when it is loaded (features X11).
"""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Label, Value
from models.people import Role
from models.warning import ProtectionMode, RuleId, Severity, severity_of

Days = Annotated[int, Field(ge=1, le=366)]
Count = Annotated[int, Field(ge=1)]
Times = Annotated[float, Field(ge=1)]


class Trust(StrEnum):
    """How far a destination is trusted. What is in no list is `external`; trusted destinations never count."""

    TRUSTED = "trusted"
    EXTERNAL = "external"
    PERSONAL = "personal"
    COMPETITOR = "competitor"


class Destination(Value):
    """Trust in a domain (with all below it) or device, from a day on, never backwards (features B7)."""

    name: Label
    trust: Trust
    since: date


class RulePolicy(Value):
    """`points` by severity; a rule that is not `enabled` is silent.

    `supporting`: its findings count only inside a window. A rule that is not supporting opens one. A supporting rule
    with `alone_from` does so too from that severity on.
    """

    enabled: bool = True
    supporting: bool = False
    alone_from: Severity | None = None
    points: dict[Severity, int] = {Severity.LOW: 1, Severity.MEDIUM: 4, Severity.HIGH: 7, Severity.CRITICAL: 9}

    def supports(self, severity: Severity) -> bool:
        """True when a finding of this severity counts only inside a window that something else opened."""
        return self.supporting and (self.alone_from is None or severity.rank < self.alone_from.rank)


class Levels(Value):
    """More than `low` a day is low, more than `medium` medium, more than `high` high (features B3)."""

    low: Count
    medium: Count
    high: Count

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.low < self.medium < self.high:
            raise ValueError("the three levels must rise")
        return self


class Windows(Value):
    """Days. Around a trigger: 90 back, 30 on (features B2).

    `judged` days up to that of the scan are looked at again, so that late events count. A day is compared with the
    days on which the person was seen among the `baseline` calendar days before it.
    """

    before_trigger: Days = 90
    after_trigger: Days = 30
    judged: Days = 7
    baseline: Days = 60
    fewest_baseline: Days = 10
    cumulative: Days = 30
    sequence: Days = 14
    burst: Days = 7


class Unusual(Value):
    """When a day or a month of a person is unusual. Figures are records unless they say otherwise.

    `steps`: at so many times its threshold a finding is medium, and high. A day below `fewest_records` is never
    unusual. `ordinary_days` earlier days over the lowest level, each at least `ordinary_share` of it, make a day over
    a level ordinary for this person.
    A novelty is beyond `novelty_times` the largest own day and at least `novelty_records` above it.
    No day counts more than `cumulative_day` in a month. Supporting findings of `together` sorts (more than usual, out
    of hours, to a wrong place) within a burst count by themselves. `fewest_peers` make a group; it rises when its
    median member does, over the last `peer_days`.
    """

    steps: tuple[Times, Times] = (2.0, 4.0)
    fewest_records: Count = 30
    ordinary_days: Count = 4
    ordinary_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    novelty_times: Times = 3.0
    novelty_records: Count = 60
    cumulative_day: Count = 80
    after_hours_events: Count = 5
    destination_records: Count = 20
    together: Annotated[int, Field(ge=2)] = 2
    fewest_peers: Annotated[int, Field(ge=3)] = 5
    peer_days: Days = 3

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.steps[0] >= self.steps[1]:
            raise ValueError("the two steps must rise")
        return self


class Feed(Value):
    """A feed that was silent for longer than `silent_days` is stale (features B13)."""

    silent_days: Days = 7


class Claims(Value):
    """Limits for expense claims, by currency; categories in `excluded` are never looked at."""

    limits: dict[str, int] = {}
    excluded: tuple[str, ...] = ()
    under_limit_from: Annotated[float, Field(gt=0, lt=1)] = 0.85
    round_to: Count = 100
    round_from: Count = 500
    spike_times: Annotated[float, Field(gt=1)] = 3.0
    weekend: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (6, 7)  # ISO days


class Triage(Value):
    """Who is asked, for how many working days, and who may see who it is about."""

    role: Role = Role.HRBP
    working_days: Count = 2
    reminder_hours: Count = 24
    may_reveal: tuple[Role, ...] = (Role.HRBP, Role.LEGAL_COUNSEL)


class Protection(Value):
    """What an alert of `from_severity` does to export rights, and for how long unless a person confirms."""

    mode: ProtectionMode = ProtectionMode.WOULD_HAVE
    from_severity: Severity = Severity.HIGH
    hours: Annotated[int, Field(ge=1, le=30 * 24)] = 7 * 24


class WarningPolicy(Value):
    """The whole file. `protected_attributes` and `proxies` may not be features of any model."""

    name: str
    version: str
    effective_from: date
    rules: dict[RuleId, RulePolicy]
    mass_export: Levels
    bulk_contacts: Levels
    robust_z: Annotated[float, Field(gt=0)] = 3.5
    peer_quantile: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    cumulative_records: Count = 500
    after_hours: tuple[time, time] = (time(20), time(7))
    windows: Windows = Windows()
    unusual: Unusual = Unusual()
    feeds: dict[Label, Feed] = {}
    destinations: tuple[Destination, ...] = ()
    claims: Claims = Claims()
    triage: Triage = Triage()
    protection: Protection = Protection()
    protected_attributes: tuple[Label, ...]
    proxies: tuple[Label, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := set(RuleId) - set(self.rules):
            raise ValueError(f"rules without a policy: {', '.join(sorted(missing))}")
        return self

    def severity_of(self, points: int) -> Severity:
        """Of an alert: 1-3 low, 4-6 medium, 7-8 high, 9 and more critical (features 4.5, Incydr's bands)."""
        return severity_of(points)
