"""The states of dates and letters as people read them: code -> English words, which are the msgid."""

from collections.abc import Mapping

from models.collection import ConfirmationState, MilestoneState
from reports.words import mark

MILESTONES: Mapping[str, str] = {
    MilestoneState.OPEN: mark("to come"),
    MilestoneState.MET: mark("kept"),
    MilestoneState.MISSED: mark("missed"),
    MilestoneState.VOID: mark("no longer needed"),
}
CONFIRMATIONS: Mapping[str, str] = {
    ConfirmationState.DUE: mark("to be sent"),
    ConfirmationState.SENT: mark("sent, no answer yet"),
    ConfirmationState.CONFIRMED: mark("confirmed"),
    ConfirmationState.DISPUTED: mark("disputed"),
    ConfirmationState.SILENT: mark("no answer in time"),
}
