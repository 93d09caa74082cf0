"""Where a case stands, with what our books add: whose votes its gates wait for, and what was asked."""

from models.approvals import Seat
from models.case import CaseProgress
from store import gates, questions
from store.database import Database
from store.questions import Question


class CaseView(CaseProgress):
    """The progress of a case; `seats` of its open gates, by gate; `questions` in the order of asking."""

    seats: dict[str, tuple[Seat, ...]] = {}
    questions: tuple[Question, ...] = ()


def case_view(database: Database, progress: CaseProgress) -> CaseView:
    """The progress with seats and questions."""
    with database.begin() as connection:
        newest = gates.newest_of(connection, progress.case_id)
        asked = questions.of_case(connection, progress.case_id)
    seats = {row.gate: row.seats for row in newest if row.closed_at is None}
    return CaseView(**progress.model_dump(), seats=seats, questions=tuple(asked))
