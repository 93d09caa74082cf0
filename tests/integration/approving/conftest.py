"""Li Na's case with every gate open, and the command on it; no engine answers."""

from pathlib import Path

import pytest

from activities.approvals import ApprovalActivities
from store.database import Database
from tests.approval_case import Collecting, opening, start_case
from tests.integration.approving.waiting import FAR, Waiting
from tests.integration.gates.approvals import SECRET, URL


@pytest.fixture
def case(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """Started by H2; M1, F1, H1, I1 and L1 are asked, P1 to P3 are colleagues."""
    start_case(database)
    desk = ApprovalActivities(database, Collecting(), SECRET, URL)
    desk.open_gates(opening("sales_manager", "finance", "hr", "it", "legal", due_at=FAR))
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", database.url)
    monkeypatch.setenv("OFFBOARD_HOME", str(tmp_path))
    monkeypatch.setenv("OFFBOARD_LINK_SECRET", SECRET * 3)
    monkeypatch.setenv("OFFBOARD_PUBLIC_URL", URL)
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "en")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    return Waiting(database)
