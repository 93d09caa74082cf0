"""The approvals department at work on one case."""

import pytest

from activities.approvals import ApprovalActivities
from store.database import Database
from tests.approval_case import Collecting, start_case
from tests.integration.gates.approvals import SECRET, URL


@pytest.fixture
def mailer() -> Collecting:
    """A mail system that works until it is told not to."""
    return Collecting()


@pytest.fixture
def desk(database: Database, mailer: Collecting) -> ApprovalActivities:
    """The approvals department at work on Li Na's case."""
    start_case(database)
    return ApprovalActivities(database, mailer, SECRET, URL)
