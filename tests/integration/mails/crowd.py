"""Many cases that ask one person, a clock that a test moves, and a chat that is told when to refuse."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from activities.links import Links
from activities.manners import Manners
from activities.messages import Post, Try
from models.approvals import Ladder, Seat
from models.case import CaseRequest
from models.errors import Refused
from models.preferences import Preferences
from store import cases, gates, outbox, preferences
from store.database import Database
from store.gates import GateRow
from store.outbox import MessageKind, Tidings
from store.tables import employees
from store.tables import outbox as outbox_table
from systems.chat.port import ChatMessage
from tests.approval_case import CASE, DUE, OPENED, Collecting, start_case

SECRET = "a secret of this test"
URL = "https://offboard.example"


class Chat:
    """A chat that keeps what it takes, or refuses."""

    def __init__(self) -> None:
        self.taken: list[ChatMessage] = []
        self.refusing = False
        self.tries = 0

    def send(self, message: ChatMessage) -> None:
        """Keep the message, or refuse as a real bot would."""
        self.tries += 1
        if self.refusing:
            raise Refused("the channel refused the message (code 310000)", channel="team", system="chat")
        self.taken.append(message)


@dataclass
class Crowd:
    """Li Na's case and, when asked for, many more; F1 is asked. `now` is what the clock of the post shows."""

    database: Database
    mailer: Collecting = field(default_factory=Collecting)
    chat: Chat = field(default_factory=Chat)
    now: datetime = OPENED

    def __post_init__(self) -> None:
        """Write the first case."""
        start_case(self.database)
        with self.database.begin() as connection:
            here = {"time_zone": "Asia/Shanghai", "language": "en"}
            connection.execute(update(employees).where(employees.c.id == "F1").values(here))
            self.first = cases.get(connection, CASE)
        manners = Manners({"team": self.chat})
        self.post = Post(self.database, self.mailer, Links(SECRET, URL), manners, clock=lambda: self.now)

    def prefers(self, person: str = "F1", **chosen: object) -> None:
        """The person chooses."""
        with self.database.begin() as connection:
            wanted = Preferences.model_validate({"employee_id": person} | chosen)
            preferences.put(connection, wanted, at=self.now)

    def another_case(self, number: int) -> str:
        """One more leaver with a case that asks nobody yet."""
        person, case_id = f"L{number:03d}", f"offboarding-L{number:03d}"
        with self.database.begin() as connection:
            connection.execute(employees.insert().values(id=person, source_key=person, name=f"Leaver {number}"))
            first = self.first
            plan = first.plan.model_copy(update={"case_id": case_id, "employee_id": person})
            request = CaseRequest(
                case_id=case_id,
                employee_id=person,
                kind=first.kind,
                last_working_day=plan.dates.last_working_day,
                requested_by="H2",
                policy="ifrs",
            )
            cases.create(connection, request, first.policy, plan, at=self.now)
        return case_id

    def asks(
        self,
        case_id: str = CASE,
        seats: tuple[Seat, ...] = (Seat(principal="F1"),),
        number: int = 1,
        due_at: datetime = DUE,
        told: tuple[str, ...] = ("F1",),
    ) -> None:
        """The finance gate of the case opens a round."""
        row = GateRow(
            case_id=case_id,
            gate="finance",
            round=number,
            approvers=tuple(person for seat in seats for person in seat.holders()),
            seats=seats,
            ladder=Ladder.APPROVER,
            due_at=due_at,
            report_version=1,
            report_digest="d" * 64,
            opened_at=self.now,
        )
        with self.database.begin() as connection:
            gates.open_round(connection, row)
            gates.end_earlier_rounds(connection, row, gates.SUPERSEDED, at=self.now)
        for person in told:
            self.tells(MessageKind.ASK, Tidings(gate="finance", round=number), case_id, person)

    def tells(
        self, kind: MessageKind, tidings: Tidings, case_id: str = CASE, person: str = "F1", key: str = ""
    ) -> None:
        """Queue a message."""
        with self.database.begin() as connection:
            where = key or f"{tidings.gate}/{tidings.round}"
            outbox.put(connection, case_id, person, kind, tidings, key=where, at=self.now)

    def later(self, **passed: float) -> "Crowd":
        """Time passes."""
        self.now += timedelta(**passed)
        return self

    def send_all(self) -> None:
        """Everything that is due leaves or is kept."""
        while self.post.retry_one() is not Try.NONE:
            pass

    def waiting(self) -> int:
        """How many messages have not left."""
        with self.database.begin() as connection:
            query = select(func.count()).select_from(outbox_table).where(outbox_table.c.sent_at.is_(None))
            return connection.execute(query).scalar_one()

    def errors(self) -> list[str]:
        """What is kept of failures, of messages that left, too."""
        with self.database.begin() as connection:
            query = select(outbox_table.c.error).where(outbox_table.c.error.is_not(None))
            return list(connection.execute(query).scalars())
