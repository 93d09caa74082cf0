"""A chain of evidence that was cut or written anew is found out by the reports."""

import pytest
from sqlalchemy import text

from models.evidence import ChainFault
from store import evidence
from tests.integration.assessment.stored_case import CASE, NOON, Case

CUT = "DELETE FROM evidence WHERE seq > {kept}"
HEAD = "UPDATE evidence_heads SET entries = {kept}, head = (SELECT hash FROM evidence WHERE seq = {kept})"
NOTHING = "DELETE FROM evidence; DELETE FROM evidence_heads"


@pytest.mark.parametrize(
    ("tampering", "seq", "fault"),
    [
        (f"{CUT}; {HEAD}".format(kept=3), 4, "truncated"),  # the last report was made on 3 entries and is one more
        (f"{CUT}; {HEAD}".format(kept=1), 2, "truncated"),
        (NOTHING, 1, "truncated"),
    ],
)
def test_a_chain_that_was_cut_with_its_head_is_found_out_by_the_reports(
    assessed: Case, tampering: str, seq: int, fault: str
) -> None:
    for _ in range(4):
        assessed.merge()
    with assessed.database.begin() as connection:
        assert evidence.verify(connection, CASE) == (4, None)
        connection.execute(text("ALTER TABLE evidence DISABLE TRIGGER ALL"))
        for statement in tampering.split(";"):
            connection.execute(text(statement))
        _, found = evidence.verify(connection, CASE)
    assert found is not None
    assert (found.seq, found.fault) == (seq, fault)


def test_a_chain_written_anew_does_not_fit_the_reports(assessed: Case) -> None:
    assessed.merge()
    assessed.merge()
    with assessed.database.begin() as connection:
        connection.execute(text("ALTER TABLE evidence DISABLE TRIGGER ALL"))
        connection.execute(text("DELETE FROM evidence"))
        connection.execute(text("DELETE FROM evidence_heads"))
        for number in range(2):
            evidence.append(connection, CASE, "report.made", {"version": number}, at=NOON)
        assert evidence.verify(connection, CASE) == (2, ChainFault(seq=1, fault="altered"))


def test_a_case_without_any_entry_is_truncated(case: Case) -> None:
    with case.database.begin() as connection:
        assert evidence.verify(connection, CASE) == (0, ChainFault(seq=1, fault="truncated"))
        assert evidence.verify(connection, "offboarding-nobody") == (0, None)
