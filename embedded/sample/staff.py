"""The people of the sample company: a general manager, three regions with managers, offices and salespeople."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from random import Random

from embedded.sample.places import AMERICAS, EAST_CHINA, EMEA, PLACES, Place

SALES_PER_MANAGER = 9
OFFICES = ("hrbp", "finance_reviewer", "it_admin")


@dataclass
class Person:
    """One employee as a row of employees.csv; `place` says where."""

    key: str
    name: str
    role: str
    place: Place
    manager: str = ""
    hired_on: str = ""
    status: str = "active"
    capacity: int = 40
    department: str = ""
    left_on: str = ""

    def row(self) -> dict[str, str]:
        """The CSV row."""
        usual = f"Sales {self.place.region}" if "sales" in self.role else self.role.replace("_", " ").title()
        return {
            "employee_id": self.key,
            "name": self.name,
            "email": f"{self.key.lower()}@sample.example",
            "manager_id": self.manager,
            "department": self.department or usual,
            "region": self.place.region,
            "country": self.place.country,
            "role": self.role,
            "language": self.place.language,
            "time_zone": self.place.time_zone,
            "status": self.status,
            "hired_on": self.hired_on,
            "left_on": self.left_on,
            "capacity": str(self.capacity),
        }


@dataclass
class Staff:
    """Everybody, and who was planted for what; the planted ones are asked for when all are hired."""

    people: list[Person] = field(default_factory=list)
    sellers: list[Person] = field(default_factory=list)

    @cached_property
    def problem_leaver(self) -> Person:
        """The salesperson whose departure is a real problem: the first one in East China."""
        return self._seller(EAST_CHINA, 0)

    @cached_property
    def full_peer(self) -> Person:
        """A colleague of the leaver who has no room for another client."""
        return self._seller(EAST_CHINA, 1)

    @cached_property
    def leaving_peer(self) -> Person:
        """A colleague who is on the way out and must not inherit anything."""
        return self._seller(EAST_CHINA, 2)

    @cached_property
    def exporter(self) -> Person:
        """Takes the client list along: a little every day, then much of it."""
        return self._seller(EAST_CHINA, 3)

    @cached_property
    def leaver_to_be(self) -> Person:
        """Has told nobody: wins, contacts and collecting fade, and colleagues left."""
        return self._seller(EMEA, 0)

    @cached_property
    def odd_claims(self) -> Person:
        """Claims one dinner twice, one in parts, and many just under the limit."""
        return self._seller(EMEA, 1)

    @cached_property
    def heavy_user(self) -> Person:
        """Exports hundreds of records on every working day, because that is the job."""
        return self._seller(AMERICAS, 0)

    @cached_property
    def new_joiner(self) -> Person:
        """Too new to be compared with anything."""
        return self.sellers[-1]

    def _seller(self, place: Place, number: int) -> Person:
        return [person for person in self.sellers if person.place is place][number]


def make_staff(employees: int, random: Random, today: date) -> Staff:
    """Hire `employees` people (30 or more); the same random state makes the same staff."""
    staff = Staff()

    def hire(role: str, place: Place, manager: str = "") -> Person:
        family, given = random.choice(place.family), random.choice(place.given)
        person = Person(
            key=f"E{len(staff.people) + 1:0{max(4, len(str(employees)))}d}",
            name=f"{family}{given}" if place.family_first else f"{given} {family}",
            role=role,
            place=place,
            manager=manager,
            hired_on=(today - timedelta(days=random.randint(200, 3200))).isoformat(),
        )
        staff.people.append(person)
        return person

    boss = hire("other", EAST_CHINA)
    hire("legal_counsel", EAST_CHINA, boss.key)
    for place in PLACES:
        for role in OFFICES:
            hire(role, place, boss.key)
    per_place = _shares(employees - len(staff.people))
    for place, heads in zip(PLACES, per_place, strict=True):
        managers = max(1, round(heads / (SALES_PER_MANAGER + 1)))
        chiefs = [hire("sales_manager", place, boss.key) for _ in range(managers)]
        for number in range(heads - managers):
            staff.sellers.append(hire("salesperson", place, chiefs[number % managers].key))
    _name_apart(staff.people)
    staff.leaving_peer.status = "leaving"
    return staff


def _shares(heads: int) -> list[int]:
    third = heads // len(PLACES)
    return [heads - 2 * third, third, third]


def _name_apart(people: list[Person]) -> None:
    # Two people of one name are real life, but a sample should let names be typed.
    seen: dict[str, int] = {}
    for person in people:
        seen[person.name] = seen.get(person.name, 0) + 1
        if seen[person.name] > 1:
            person.name = f"{person.name} {seen[person.name]}"
