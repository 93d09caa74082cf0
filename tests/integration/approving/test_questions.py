"""Asking back without deciding: who may ask, who is told, who answers, and that nothing else changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.errors import CaseConflict, DecisionRefused, NotAllowed, UnknownCase
from services.questions import answer, ask
from store import evidence, questions
from store.questions import Question
from store.tables import cases, outbox
from tests.approval_case import CASE
from tests.integration.approving.waiting import NOW, Waiting
from tests.integration.gates.approvals import row

TEXT = "Who takes over the Harbour account?"


def asked(case: Waiting, by: str = "F1", gate: str = "finance", text: str = TEXT) -> Question:
    return ask(case.database, case_id=CASE, gate=gate, by=by, text=text, now=NOW)


def told(case: Waiting, kind: str) -> list[str]:
    with case.database.begin() as connection:
        found = connection.execute(select(outbox.c.recipient_id).where(outbox.c.kind == kind))
        return sorted(found.scalars())


def test_a_question_goes_to_who_started_the_case_and_the_answer_comes_back(case: Waiting) -> None:
    before = row(case.database, "finance")
    question = asked(case)
    assert told(case, "question") == ["H2"]
    answered = answer(case.database, question_id=question.id, by="H2", text="P1 does.", now=NOW)
    assert (answered.answer, answered.answered_by) == ("P1 does.", "H2")
    assert told(case, "answer") == ["F1"]
    assert case.kinds() == ["question.asked", "question.answered"]
    assert row(case.database, "finance") == before
    with case.database.begin() as connection:
        assert "Harbour" not in "".join(str(each.body) for each in evidence.read(connection, CASE))


def test_without_a_starter_hr_is_asked(case: Waiting) -> None:
    with case.database.begin() as connection:
        connection.execute(cases.update().values(requested_by=None))
    asked(case, by="H1", gate="hr")
    assert told(case, "question") == ["H2"]


def test_only_who_is_asked_asks_back(case: Waiting) -> None:
    for by, gate, reason in (
        ("P1", "finance", "not_an_approver"),
        ("F1", "hr", "not_an_approver"),
        ("F1", "canteen", "not_open"),
    ):
        with pytest.raises(DecisionRefused) as refused:
            asked(case, by, gate)
        assert refused.value.detail["reason"] == reason
    assert told(case, "question") == []


def test_a_question_has_words(case: Waiting) -> None:
    for text in ("  ", "x" * 2001):
        with pytest.raises(CaseConflict):
            asked(case, text=text)
    assert case.kinds() == []


def test_the_starter_or_hr_answers_once_and_nobody_else(case: Waiting) -> None:
    for by in ("H2", "H1"):
        question = asked(case)
        for stranger in ("P1", "F1", "E1"):
            with pytest.raises(NotAllowed):
                answer(case.database, question_id=question.id, by=stranger, text="yes", now=NOW)
        with case.database.begin() as connection:
            assert questions.get(connection, question.id).answer is None
        assert answer(case.database, question_id=question.id, by=by, text="yes", now=NOW).answered_by == by
        with pytest.raises(CaseConflict):
            answer(case.database, question_id=question.id, by="H2", text="no", now=NOW)


def test_nobody_answers_themselves_and_nothing_that_was_not_asked(case: Waiting) -> None:
    own = asked(case, by="H1", gate="hr")
    with pytest.raises(NotAllowed):
        answer(case.database, question_id=own.id, by="H1", text="yes", now=NOW + timedelta(minutes=1))
    with pytest.raises(UnknownCase):
        answer(case.database, question_id="0" * 32, by="H2", text="yes", now=NOW)
