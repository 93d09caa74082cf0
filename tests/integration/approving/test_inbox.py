"""What waits for people: only what they may still answer, and in whose place."""

from datetime import timedelta

import pytest
from sqlalchemy.event import listen

from models.approvals import Seat, Verdict
from services.inbox import InboxItem, inbox
from store import cases, gates
from tests.approval_case import CASE
from tests.integration.approving.test_questions import asked
from tests.integration.approving.waiting import FAR, NOW, Waiting
from tests.integration.gates.approvals import SECRET, decide, row


def waits(case: Waiting, person: str | None, days: int = 0) -> list[InboxItem]:
    return inbox(case.database, person=person, now=NOW + timedelta(days=days))


def seated(case: Waiting, *seats: Seat) -> None:
    """Another round of finance, with these seats."""
    now = row(case.database, "finance")
    approvers = tuple(person for seat in seats for person in seat.holders())
    new = now.model_copy(update={"round": 2, "seats": seats, "approvers": approvers})
    with case.database.begin() as connection:
        gates.open_round(connection, new)
        gates.end_earlier_rounds(connection, new, gates.SUPERSEDED, at=NOW)


def test_it_shows_the_question_and_its_deadline(case: Waiting) -> None:
    (item,) = waits(case, "F1")
    assert (item.case_id, item.gate, item.leaver_name, item.approver, item.for_id) == (
        CASE, "finance", "Li Na", "F1", None,
    )  # fmt: skip
    assert (item.due_at, item.round, item.report_version, item.questions) == (FAR, 1, 1, 0)
    asked(case)
    assert waits(case, "F1")[0].questions == 1
    assert waits(case, "P1") == []


def test_everybody_s_is_what_each_of_them_has(case: Waiting) -> None:
    everybody = waits(case, None)
    assert {item.approver for item in everybody} == {"M1", "F1", "H1", "I1", "L1"}
    assert sorted(everybody, key=repr) == sorted(
        [item for person in ("M1", "F1", "H1", "I1", "L1") for item in waits(case, person)], key=repr
    )


def test_an_answer_is_no_longer_waited_for(case: Waiting) -> None:
    decide(case.database, accepted_at=NOW)
    assert waits(case, "F1") == []
    decide(case.database, verdict=Verdict.TAKEN_BACK, number=2, accepted_at=NOW + timedelta(seconds=1))
    assert len(waits(case, "F1")) == 1


def test_a_delegate_sees_in_whose_place(case: Waiting) -> None:
    seated(case, Seat(principal="F1", delegate="P1"))
    assert [(item.approver, item.for_id, item.round) for item in waits(case, None) if item.gate == "finance"] == [
        ("F1", None, 2),
        ("P1", "F1", 2),
    ]


def test_of_two_seats_the_one_that_is_free_is_shown(case: Waiting) -> None:
    seated(case, Seat(principal="F1"), Seat(principal="P2", delegate="P1"))
    decide(case.database, by="P1", for_id="P2", round=2, accepted_at=NOW)
    assert (waits(case, "P1"), waits(case, "P2")) == ([], [])
    assert [item.gate for item in waits(case, "F1")] == ["finance"]


def test_who_has_decided_elsewhere_is_asked_for_nothing_more(case: Waiting) -> None:
    seated(case, Seat(principal="F1", delegate="H1"))
    assert {item.gate for item in waits(case, "H1")} == {"finance", "hr"}
    decide(case.database, "hr", "H1", accepted_at=NOW)
    assert waits(case, "H1") == []


@pytest.mark.parametrize("over", ["late", "ended"])
def test_what_is_over_waits_no_more(case: Waiting, over: str) -> None:
    if over == "ended":
        with case.database.begin() as connection:
            cases.set_phase(connection, CASE, cases.get(connection, CASE).phase, ended_at=NOW)
    assert waits(case, "F1", days=365 * 200 if over == "late" else 0) == []


def test_a_row_that_the_hook_never_wrote_answers_nothing(case: Waiting) -> None:
    decide(case.database, accepted_at=NOW, key="another key")
    with_key = inbox(case.database, person="F1", now=NOW, key=SECRET)
    assert [item.gate for item in with_key] == ["finance"]
    assert waits(case, "F1") == [], "without the key nobody can tell"


def test_the_number_of_queries_does_not_grow_with_the_gates(case: Waiting) -> None:
    asked_of_database: list[str] = []
    listen(case.database.engine, "before_cursor_execute", lambda *sent: asked_of_database.append(sent[2]))
    counts = []
    for person in ("F1", None):
        asked_of_database.clear()
        waits(case, person)
        counts.append(len(asked_of_database))
    assert counts[0] == counts[1] <= 12, asked_of_database
