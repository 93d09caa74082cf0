"""`offboard doctor` names messages that cannot leave and chats that refuse."""

from datetime import UTC, datetime, timedelta

from embedded.message_checks import check_messages
from tests.integration.mails.crowd import Crowd


def test_all_is_well_while_messages_leave_or_wait_for_a_second_try(crowd: Crowd) -> None:
    assert [finding.ok for finding in check_messages(crowd.database)] == [True]
    crowd.mailer.refused = {"f1@example.com"}
    crowd.asks()
    crowd.send_all()
    assert [finding.ok for finding in check_messages(crowd.database)] == [True]


def test_a_message_that_fails_again_and_again_is_named_with_its_reason(crowd: Crowd) -> None:
    crowd.mailer.refused = {"f1@example.com"}
    crowd.asks()
    for _ in range(3):
        crowd.later(hours=1).send_all()
    [finding] = check_messages(crowd.database)
    assert finding.problem is not None
    assert finding.problem.params == {"number": "1", "error": "the mail server refused this recipient"}


def test_a_chat_that_is_passed_by_is_named_for_a_day(crowd: Crowd) -> None:
    crowd.prefers(channel="gone")
    crowd.now = datetime.now(UTC)
    crowd.asks(due_at=crowd.now + timedelta(days=3))
    crowd.send_all()
    [finding] = check_messages(crowd.database, crowd.now)
    assert finding.problem is not None
    assert "the channel gone is not in the channels file" in finding.problem.params["error"]
    assert [each.ok for each in check_messages(crowd.database, crowd.now + timedelta(days=2))] == [True]
