"""What Offboard asks of a directory of access rights, whichever system keeps them."""

from collections.abc import Sequence
from typing import Protocol

from models.access import AccessState, Entitlement


class AccessDirectory(Protocol):
    """One system (or all of them behind one door) in which rights can be seen, suspended and given back.

    Every method raises `Unavailable` when the system does not answer, and `Refused` for a right that it does not know.
    Each change may be repeated: suspending twice leaves the right suspended.
    """

    def rights_of(self, employee_id: str) -> Sequence[Entitlement]:
        """All rights of a person with their present state, ordered by grade, system, id; empty for a stranger."""

    def state_of(self, entitlement_id: str) -> AccessState:
        """The state of one right as the system shows it now, never from memory."""

    def suspend(self, entitlement_id: str) -> None:
        """Take a right away so that it can be given back."""

    def restore(self, entitlement_id: str, state: AccessState) -> None:
        """Put a right into an earlier state."""
