"""What an approver asks before deciding, and the answer. The words stay here; evidence says that they were said."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select, update

from models.base import CaseId, EmployeeId, Moment, Value
from models.errors import CaseConflict, UnknownCase
from models.evidence import digest
from store import evidence
from store.among import among
from store.tables import questions

LONGEST_TEXT = 2000  # characters; a question is no document


class Question(Value):
    """One question; `answer` is None until somebody answered."""

    id: str
    case_id: CaseId
    gate: str
    round: int
    asked_by: EmployeeId
    text: str
    asked_at: Moment
    answer: str | None = None
    answered_by: EmployeeId | None = None
    answered_at: Moment | None = None


def ask(
    connection: Connection,
    *,
    case_id: str,
    gate: str,
    round: int,  # noqa: A002  (the word for it)
    by: str,
    text: str,
    at: datetime,
) -> Question:
    """Keep a question with its evidence. Raises CaseConflict for one without words or with too many."""
    asked = Question(
        id=uuid.uuid4().hex, case_id=case_id, gate=gate, round=round, asked_by=by, text=_words(text), asked_at=at
    )
    connection.execute(questions.insert().values(asked.model_dump()))
    body = _facts(asked) | {"text_digest": digest([asked.id, asked.text])}
    evidence.append(connection, case_id, "question.asked", body, at=at, actor=by)
    return asked


def answer(connection: Connection, question_id: str, *, by: str, text: str, at: datetime) -> Question:
    """Answer a question, once. Raises UnknownCase when nobody asked it, CaseConflict when it has its answer."""
    answering = (
        update(questions)
        .where(questions.c.id == question_id, questions.c.answer.is_(None))
        .values(answer=_words(text), answered_by=by, answered_at=at)
        .returning(questions)
    )
    row = connection.execute(answering).mappings().one_or_none()
    if row is None:
        get(connection, question_id)
        raise CaseConflict("this question has been answered already; nothing was changed")
    answered = _question(row)
    body = _facts(answered) | {"text_digest": digest([answered.id, answered.answer])}
    evidence.append(connection, answered.case_id, "question.answered", body, at=at, actor=by)
    return answered


def get(connection: Connection, question_id: str) -> Question:
    """The question with that id; UnknownCase otherwise."""
    row = connection.execute(select(questions).where(questions.c.id == question_id)).mappings().one_or_none()
    if row is None:
        raise UnknownCase("there is no question {question!r}", question=question_id)
    return _question(row)


def of_case(connection: Connection, case_id: str, gate: str | None = None) -> list[Question]:
    """The questions of a case, or of one gate of it, in the order of asking."""
    wanted = select(questions).where(questions.c.case_id == case_id)
    if gate is not None:
        wanted = wanted.where(questions.c.gate == gate)
    rows = connection.execute(wanted.order_by(questions.c.asked_at, questions.c.id)).mappings()
    return [_question(row) for row in rows]


def unanswered(connection: Connection, case_ids: Collection[str]) -> dict[tuple[str, str], int]:
    """How many questions wait for an answer, by case and gate; where there are none, nothing."""
    place = (questions.c.case_id, questions.c.gate)
    waiting = select(*place, func.count()).where(among(questions.c.case_id, case_ids), questions.c.answer.is_(None))
    return {(case_id, gate): count for case_id, gate, count in connection.execute(waiting.group_by(*place))}


def _words(text: str) -> str:
    said = text.strip()
    if not said:
        raise CaseConflict("write something first; nothing was sent")
    if len(said) > LONGEST_TEXT:
        raise CaseConflict("this is longer than {limit} characters; nothing was sent", limit=LONGEST_TEXT)
    return said


def _question(row: RowMapping) -> Question:
    return Question.model_validate({name: row[name] for name in Question.model_fields})


def _facts(question: Question) -> dict[str, object]:
    """What the evidence says of a question. Its words stay in our table; the chain binds them by their digest."""
    return {"question": question.id, "gate": question.gate, "round": question.round}
