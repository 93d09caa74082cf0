"""A policy: every threshold, weight, deadline and gate that a company may change, in one versioned file."""

from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.access import Grade
from models.approvals import OnSilence
from models.base import Label, Value
from models.people import Role
from models.receivables import AgeingPolicy
from models.risk_level import Level

# What law does not let a company hold back for an unfinished handover (features D37).
NEVER_GATED = frozenset({"wages", "separation_certificate", "file_transfer", "social_insurance_transfer"})


Share = Annotated[Decimal, Field(ge=0, le=1)]


class GatePolicy(Value):
    """One approval: who, within how many working days, and what silence leads to.

    `from_level` opens the gate only at that level or above; `blocks` names what waits for it.
    """

    gate: Label
    role: Role
    working_days: int = Field(ge=1, le=60)
    escalation_working_days: int = Field(default=2, ge=1, le=60)
    on_silence: OnSilence = OnSilence.HOLD
    from_level: Level = Level.LOW
    blocks: tuple[str, ...] = ("handover",)


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


class WorkingHours(Value):
    """Deadlines fall at the end of a working day in the calendar of the leaver's country."""

    end_of_day: time = time(18, 0)
    default_country: str = "CN"
    default_time_zone: str = "Asia/Shanghai"


class Policy(Value):
    """One policy file, `policies/<name>.toml`. `branch_budget_seconds` is how long a branch may hold the report."""

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
    material_change: Decimal = Field(default=Decimal("0.10"), ge=0, le=1)
    default_capacity: int = Field(default=120, ge=1)
    branch_budget_seconds: int = Field(default=60, ge=1, le=86_400)
    reminders: tuple[Share, ...] = Field(default=(Decimal("0.5"), Decimal("0.9")), max_length=5)
    first_grades: tuple[Grade, ...] = Field(default=(Grade.EXPORT,), min_length=1)
    fallback_role: Role = Role.HRBP
    size_brake_clients: int = Field(default=5000, ge=1)
    gates: tuple[GatePolicy, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [gate.gate for gate in self.gates]
        if len(names) != len(set(names)):
            raise ValueError("two gates have the same name")
        for gate in self.gates:
            if forbidden := NEVER_GATED & set(gate.blocks):
                raise ValueError(f"gate {gate.gate!r} would hold back {sorted(forbidden)}: law does not allow it")
        if not any(gate.from_level is Level.LOW for gate in self.gates):
            raise ValueError("at least one gate must ask at every level: nothing is handed over that nobody approved")
        if not self.ageing.buckets:
            raise ValueError("ageing needs at least one bucket")
        limits = [bucket.upto for bucket in self.ageing.buckets]
        closed = [limit for limit in limits[:-1] if limit is not None]
        if limits[-1] is not None or len(closed) != len(limits) - 1 or any(a >= b for a, b in pairwise(closed)):
            raise ValueError("ageing limits must rise and the last bucket must be open-ended")
        return self
