"""How well a person fits a client (features 4.7, our own formula), in points of 1/10,000 so that sums are exact."""

from collections.abc import Iterable
from decimal import Decimal

from models.base import Value
from models.clients import Client
from models.handover import Candidate
from models.people import Employee, EmployeeStatus, Role
from models.reasons import Reason, because

FULL = 10_000  # points of a perfect fit
ENOUGH = 5  # clients of a segment or tier after which more of them teach nothing new

SEGMENT, CAPACITY, CONTACT, TERRITORY, LANGUAGE, TIER = 3000, 2500, 2000, 750, 750, 1000


class Fit(Value):
    """Points of one person for one client, by part; each part at most the constant of the same name above."""

    segment: int
    capacity: int
    contact: int
    territory: int
    language: int
    tier: int

    @property
    def points(self) -> int:
        """All parts together, 0 to 10,000."""
        return self.segment + self.capacity + self.contact + self.territory + self.language + self.tier


def may_take_over(employee: Employee, leaver: Employee) -> bool:
    """The hard rules: an active salesperson who is neither the leaver nor known to leave."""
    return (
        employee.id != leaver.id
        and employee.status is EmployeeStatus.ACTIVE
        and employee.left_on is None
        and employee.holds(Role.SALESPERSON)
    )


def fit(client: Client, candidate: Candidate) -> Fit:
    """Score a person for a client: .30 segment, .25 free capacity, .20 earlier contact, .15 territory and language
    (half each), .10 tier experience. What is unknown about the client matches nobody.
    """
    return Fit(
        segment=SEGMENT * min(candidate.segments.get(client.segment, 0) if client.segment else 0, ENOUGH) // ENOUGH,
        capacity=room(candidate),
        contact=CONTACT if client.id in candidate.earlier_contact else 0,
        territory=territory(client, candidate.employee),
        language=LANGUAGE if same_language(client.language, candidate.employee.language) else 0,
        tier=TIER * min(candidate.tiers.get(client.tier, 0), ENOUGH) // ENOUGH,
    )


def room(candidate: Candidate) -> int:
    """Points for free capacity, as the share of it that is free before the handover."""
    return CAPACITY * candidate.free // candidate.capacity if candidate.capacity > 0 else 0


def territory(client: Client, employee: Employee) -> int:
    """Points for the territory: all for the same region, half for the same country only."""
    if client.region and client.region == employee.region:
        return TERRITORY
    return TERRITORY // 2 if client.country and client.country == employee.country else 0


def same_language(one: str, other: str) -> bool:
    """True for the same language, whatever the country: `zh` and `zh-CN` match. An empty tag matches nothing."""
    return bool(one) and base_language(one) == base_language(other)


def base_language(tag: str) -> str:
    """The language of a tag without its country: `zh` for `zh-CN`."""
    return tag.lower().replace("_", "-").split("-")[0]


def as_score(points: int) -> Decimal:
    """Points as a score 0..1 with four decimals."""
    return (Decimal(points) / FULL).quantize(Decimal("0.0001"))


def why(client: Client, candidate: Candidate) -> Iterable[Reason]:
    """The parts that speak for a person, in words, the heaviest first."""
    parts = fit(client, candidate)
    if parts.segment:
        count = candidate.segments[client.segment]
        yield because("Clients in the segment {segment} so far: {count}.", segment=client.segment, count=count)
    if parts.capacity:
        yield because("Has room for {free} more clients.", free=candidate.free)
    if parts.contact:
        yield because("Has worked with this client before.")
    if parts.territory == TERRITORY:
        yield because("Works in the same region, {region}.", region=client.region)
    elif parts.territory:
        yield because("Works in the same country, {country}.", country=client.country)
    if parts.language:
        yield because("Speaks the language of the client.")
    if parts.tier:
        yield because("Clients of tier {tier} so far: {count}.", tier=client.tier, count=candidate.tiers[client.tier])
