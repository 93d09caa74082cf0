"""How the export rights of an alert are described: true of what was decided, in both languages."""

import pytest

from models.warning import AlertState, ProtectionState
from reports.alert_words import protection_words
from reports.language import language


@pytest.mark.parametrize("protection", ProtectionState)
@pytest.mark.parametrize("alert", AlertState)
def test_every_state_is_said_in_both_languages(protection: ProtectionState, alert: AlertState) -> None:
    sentence = protection_words(protection, alert)
    assert language("zh").text(sentence, until="") != language("en").text(sentence, until="")


def test_a_confirmed_alert_holds_until_it_is_resolved_and_has_no_other_end() -> None:
    confirmed = protection_words(ProtectionState.SUSPENDED, AlertState.CONFIRMED)
    assert "until the alert is resolved" in confirmed
    assert "{until}" not in confirmed
    waiting = protection_words(ProtectionState.SUSPENDED, AlertState.NEEDS_REVIEW)
    assert "until {until}, unless somebody confirms" in waiting
