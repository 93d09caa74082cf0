"""The verbs for approvals as people type them, on a machine where no worker answers."""

import pytest

from store import cases, decisions, gates
from tests.approval_case import CASE
from tests.integration.approving.waiting import Waiting
from tests.integration.gates.approvals import URL, decide, row


def test_deciding_goes_by_the_door_and_says_what_became_of_it(case: Waiting) -> None:
    done = case.json("decide", "E1", "finance", "--approve", "--as", "F1")
    assert (done["standing"], done["verdict"], done["by"]) == ("stored", "approved", "F1")
    with case.database.begin() as connection:
        (kept,) = decisions.of_gate(connection, CASE, "finance")
    assert kept.via == "command"
    assert "take" in case.offboard("decide", "E1", "finance", "--take-back", "--as", "F1").lower()
    assert row(case.database, "finance").closed_at is None


@pytest.mark.parametrize("words", [("--decline",), ("--reject",), ("--send-back",)])
def test_no_and_a_wish_for_a_new_plan_need_a_reason(case: Waiting, words: tuple[str, ...]) -> None:
    said = case.offboard("decide", "E1", "finance", *words, "--as", "F1", code=1)
    assert "need a reason: add --note" in said
    with case.database.begin() as connection:
        assert decisions.of_gate(connection, CASE, "finance") == []


def test_what_is_no_decision_is_misuse(case: Waiting) -> None:
    misuses: tuple[tuple[str, ...], ...] = (
        ("decide", "E1", "finance", "--as", "F1"),
        ("decide", "E1", "finance", "--approve", "--take-back", "--as", "F1"),
        ("decide", "E1", "finance", "--approve"),
        ("delegate", "E1", "finance", "--as", "F1"),
        ("delegate", "E1", "--as", "F1", "--to", "P1"),
        ("delegate", "--as", "F1", "--to", "P1"),
        ("delegate", "--as", "F1", "--to", "P1", "--nobody", "--until", "2188-01-02"),
        ("delegate", "E1", "finance", "--as", "F1", "--to", "P1", "--until", "2188-01-02"),
        ("delegate", "--as", "F1", "--to", "P1", "--until", "soon"),
        ("delegations", "--revoke", "x"),
        ("ask", "E1", "finance", "why?"),
        ("answer", "x", "because"),
        ("preferences", "F1", "--quiet", "at night"),
        ("preferences", "F1", "--quiet", "22:00-22:00"),
    )
    for words in misuses:
        case.offboard(*words, code=2)
    assert case.delegations() == 0


def test_the_inbox_has_an_address_for_every_question(case: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    (item,) = case.json("inbox", "--as", "F1")["waiting"]
    assert (item["gate"], item["case_id"], item["approver"]) == ("finance", CASE, "F1")
    assert item["due_at"] == "2190-01-02T10:00:00Z"
    assert item["url"] == f"{URL}/g/{CASE}/finance"
    everybody = case.offboard("inbox")
    assert everybody.count(f"{URL}/g/") == 5
    assert max(len(line) for line in everybody.splitlines()) <= 80
    assert case.offboard("inbox", "--as", "P1") == "Nothing waits.\n"
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "zh")
    assert "待审批人：" in case.offboard("inbox", "--as", "F1")


def test_one_question_and_all_of_them_are_given_to_somebody_else(case: Waiting) -> None:
    one = case.json("delegate", "E1", "finance", "--as", "F1", "--to", "Peer 1")
    assert (one["kind"], one["to_id"], one["gate"]) == ("handed_over", "P1", "finance")
    away = case.json("delegate", "--as", "M1", "--nobody", "--from", "2188-01-01", "--until", "2188-01-02")
    # The days of somebody in Shanghai, the last one whole.
    assert (away["kind"], away["starts_at"], away["ends_at"]) == (
        "absence", "2187-12-31T16:00:00Z", "2188-01-02T16:00:00Z",
    )  # fmt: skip
    listed = case.offboard("delegations")
    assert f"Peer 1 (P1) answers for Office F1 (F1) at finance of {CASE}" in listed
    assert "Wang Wei (M1) is away, 2187-12-31 16:00 to 2188-01-02 16:00 (UTC); others are asked" in listed
    assert "Revoked:" in case.offboard("delegations", "--as", "M1", "--revoke", away["id"])
    assert [each["id"] for each in case.json("delegations")["delegations"]] == [one["id"]]
    moved = case.offboard("reassign", "E1", "finance", "--from", "F1", "--to", "P2", "--as", "H1")
    assert "Peer 2 (P2) is asked in place of Office F1 (F1)" in moved


def test_a_question_and_its_answer_stand_in_the_case(case: Waiting) -> None:
    asked = case.json("ask", "E1", "finance", "Who takes over?", "--as", "F1")
    shown = case.offboard("show", "E1")
    assert "Office F1 (F1) asks about finance: Who takes over?" in shown
    assert f"offboard answer {asked['id']}" in shown
    case.offboard("answer", asked["id"], "Peer 1 does.", "--as", "H2")
    assert "Office H2 (H2) answers: Peer 1 does." in case.offboard("show", "E1")
    assert case.json("show", "E1")["questions"][0]["answer"] == "Peer 1 does."


def test_show_says_who_may_answer_for_whom(case: Waiting) -> None:
    now = row(case.database, "finance")
    seats = tuple(seat.model_copy(update={"delegate": "P1"}) for seat in now.seats)
    new = now.model_copy(update={"round": 2, "seats": seats, "approvers": ("F1", "P1")})
    with case.database.begin() as connection:
        gates.open_round(connection, new)
        gates.end_earlier_rounds(connection, new, gates.SUPERSEDED, at=now.opened_at)
    assert "Office F1 (F1), or Peer 1 (P1) for them" in case.offboard("show", "E1")
    waiting = case.offboard("inbox", "--as", "P1")
    assert "asked: Peer 1 (P1) for Office F1 (F1)" in waiting


def test_a_person_chooses_how_they_are_reached(case: Waiting) -> None:
    assert case.json("preferences", "F1")["channel"] == "mail"
    chosen = case.json("preferences", "F1", "--quiet", "22:00-07:00", "--digest")
    assert (chosen["quiet_from"], chosen["quiet_until"], chosen["digest"]) == ("22:00:00", "07:00:00", True)
    assert "22:00-07:00" in case.offboard("preferences", "F1")
    assert case.json("preferences", "F1", "--quiet", "none")["quiet_from"] is None
    assert case.json("preferences", "F1")["digest"] is True
    # A chat that nobody set up would swallow every question.
    assert "mail" in case.offboard("preferences", "F1", "--channel", "sales", code=2)
    assert case.json("preferences", "F1")["channel"] == "mail"


def test_a_new_plan_needs_the_engine(case: Waiting) -> None:
    case.offboard("replan", "E1", "--exclude", "P1", "--as", "H2", code=1)
    assert "no employee" in case.offboard("replan", "E1", "--exclude", "somebody", code=1)


def test_the_list_shows_the_votes_of_gates_that_ask_several(case: Waiting) -> None:
    with case.database.begin() as connection:
        wide = cases.get(connection, CASE).plan
        gates = tuple(
            each.model_copy(update={"people": 2, "needed": 2}) if each.gate == "finance" else each
            for each in wide.gates
        )
        cases.set_plan(connection, wide.model_copy(update={"gates": gates}))
    assert "finance 0/2, hr, it, legal, sales_manager" in " ".join(case.offboard("list").split())
    decide(case.database)
    assert "finance 1/2, hr" in case.offboard("list")
    (listed,) = case.json("list")["cases"]
    assert listed["gates"][0] == {"gate": "finance", "votes": 1, "needed": 2}
