"""A policy: every threshold, weight, deadline and gate that a company may change, in one versioned file."""

from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.access import Grade
from models.ageing import AgeingPolicy
from models.approvals import LADDER, Ladder, OnDecline, OnSilence, People
from models.base import Label, Value
from models.people import Role
from models.risk_level import Level

# What law does not let a company hold back for an unfinished handover (features D37).
NEVER_GATED = frozenset({"wages", "separation_certificate", "file_transfer", "social_insurance_transfer"})


Share = Annotated[Decimal, Field(ge=0, le=1)]


class GatePolicy(Value):
    """One approval: who, how many of them, in which order, within how many working days, and what silence leads to.

    `people` holders of `role` are asked, and `quorum` of them must approve: `any` one, `all`, or a number. Gates in
    `after` must be approved before; without it gates are asked side by side. `ladder` is who is asked when nobody
    answers; `fallback_role` and `reminders` default to those of the policy. `from_level` opens the gate only at that
    level or above; `blocks` names what waits for it.
    """

    gate: Label
    role: Role
    people: People = 1
    quorum: Literal["any", "all"] | People = "any"
    on_decline: OnDecline = OnDecline.ONE
    after: tuple[Label, ...] = ()
    working_days: int = Field(ge=1, le=60)
    escalation_working_days: int = Field(default=2, ge=1, le=60)
    reminders: tuple[Share, ...] | None = Field(default=None, max_length=5)
    ladder: tuple[Ladder, ...] = LADDER
    fallback_role: Role | None = None
    on_silence: OnSilence = OnSilence.ESCALATE
    from_level: Level = Level.LOW
    blocks: tuple[str, ...] = ("handover",)

    @property
    def needed(self) -> int:
        """How many approvals the quorum means."""
        if self.quorum == "any":
            return 1
        return self.people if self.quorum == "all" else self.quorum

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.needed > self.people:
            raise ValueError(f"gate {self.gate!r} asks {self.people} people and needs {self.needed} approvals")
        if not self.ladder or self.ladder[0] is not Ladder.APPROVER or len(set(self.ladder)) != len(self.ladder):
            raise ValueError(f"the ladder of gate {self.gate!r} must begin with approver and name every rung once")
        if forbidden := NEVER_GATED & set(self.blocks):
            raise ValueError(f"gate {self.gate!r} would hold back {sorted(forbidden)}: law does not allow it")
        return self


class Material(Value):
    """What makes a change of the report material, so that decisions for the version before lapse (features D28).

    `money`: the open or overdue amount moved by more than this share; `score`: the total by more than this many points.
    Another level, other unknowns and another successor are always material.
    """

    money: Share = Decimal("0.10")
    score: Decimal = Field(default=Decimal(10), ge=0, le=100)


class Separation(StrEnum):
    """Who counts as one person twice: at most one vote a `case`, or one at each `gate`."""

    CASE = "case"
    GATE = "gate"


class Weights(Value):
    """Weights of the five domains (features 4.6); they sum to 1. A domain without data shares its weight out."""

    receivables: Share
    clients: Share
    data_exfiltration: Share
    access: Share
    obligations: Share

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.receivables + self.clients + self.data_exfiltration + self.access + self.obligations
        if total != 1:
            raise ValueError(f"the weights add up to {total}, not to 1")
        return self


class ClientRisk(Value):
    """When a client counts as at risk."""

    renewal_within_days: int = Field(default=90, ge=0)
    untouched_for_days: int = Field(default=60, ge=0)
    min_contacts: int = Field(default=2, ge=0)


class MilestonePolicy(Value):
    """One date of every clearing plan: `share` of the audited debt is paid so many working days after the hand-over."""

    working_days: int = Field(ge=1, le=250)
    share: Share


class CollectionPolicy(Value):
    """How what clients owe is followed up.

    Clients that owe `confirm_from` or more (in units of each currency) are asked to confirm their balance; one that
    has not answered after `answer_working_days` is silent. Collectors are reminded `remind_working_days` before a date.
    """

    milestones: tuple[MilestonePolicy, ...] = (
        MilestonePolicy(working_days=10, share=Decimal("0.3")),
        MilestonePolicy(working_days=30, share=Decimal("0.7")),
        MilestonePolicy(working_days=60, share=Decimal(1)),
    )
    remind_working_days: int = Field(default=2, ge=0, le=60)
    confirm_from: Decimal = Field(default=Decimal(10000), ge=0)
    answer_working_days: int = Field(default=10, ge=1, le=120)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(a.working_days >= b.working_days or a.share > b.share for a, b in pairwise(self.milestones)):
            raise ValueError("the dates of a clearing plan must rise, and what is paid by then with them")
        return self


class CommissionRule(Value):
    """What a company may do about commission on unpaid invoices where the leaver works (ISO country, `*` for others).

    Both are false unless the company's lawyers say otherwise; a clawback also needs an agreement that was signed.
    """

    country: str = Field(pattern=r"^([A-Z]{2}|\*)$")
    may_hold: bool = False
    may_claw_back: bool = False


class CommissionPolicy(Value):
    """Commission paid within `window_days` before the audit on invoices that are still unpaid is exposed."""

    window_days: int = Field(default=180, ge=0, le=3660)
    rules: tuple[CommissionRule, ...] = ()

    @model_validator(mode="after")
    def _one_rule_a_country(self) -> Self:
        countries = [rule.country for rule in self.rules]
        if len(set(countries)) != len(countries):
            raise ValueError("two rules about commission are for the same country")
        return self


class WorkingHours(Value):
    """Deadlines fall at the end of a working day in the calendar of the leaver's country."""

    end_of_day: time = time(18, 0)
    default_country: str = "CN"
    default_time_zone: str = "Asia/Shanghai"


class Policy(Value):
    """One policy file, `policies/<name>.toml`. `branch_budget_seconds` is how long a branch may hold the report.

    From `sign_in_from_level` on a link alone decides nothing: who follows it must sign in.
    """

    name: str
    version: str
    effective_from: date
    title_en: str
    title_zh: str
    ageing: AgeingPolicy
    weights: Weights
    client_risk: ClientRisk = ClientRisk()
    working_hours: WorkingHours = WorkingHours()
    materiality: Decimal = Field(default=Decimal("100000"), gt=0)
    material: Material = Material()
    collection: CollectionPolicy = CollectionPolicy()
    commission: CommissionPolicy = CommissionPolicy()
    default_capacity: int = Field(default=120, ge=1)
    branch_budget_seconds: int = Field(default=60, ge=1, le=86_400)
    reminders: tuple[Share, ...] = Field(default=(Decimal("0.5"), Decimal("0.9")), max_length=5)
    first_grades: tuple[Grade, ...] = Field(default=(Grade.EXPORT,), min_length=1)
    fallback_role: Role = Role.HRBP
    separation: Separation = Separation.CASE
    sign_in_from_level: Level = Level.HIGH
    size_brake_clients: int = Field(default=5000, ge=1)
    gates: tuple[GatePolicy, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [gate.gate for gate in self.gates]
        if len(names) != len(set(names)):
            raise ValueError("two gates have the same name")
        _check_order(self.gates)
        if not any(gate.from_level is Level.LOW for gate in self.gates):
            raise ValueError("at least one gate must ask at every level: nothing is handed over that nobody approved")
        return self


def _check_order(gates: tuple[GatePolicy, ...]) -> None:
    """Refuse an order that names no gate, or that goes in a circle."""
    before = {gate.gate: set(gate.after) for gate in gates}
    for gate in gates:
        if unknown := set(gate.after) - before.keys():
            raise ValueError(f"gate {gate.gate!r} comes after {sorted(unknown)}, which the policy does not have")
    while ready := [name for name, after in before.items() if not after]:
        for name in ready:
            del before[name]
        before = {name: after - set(ready) for name, after in before.items()}
    if before:
        raise ValueError(f"the gates {sorted(before)} wait for one another: take one of them out of `after`")
