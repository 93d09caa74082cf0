"""Every error that a person or a caller can meet.

    OffboardError                an ApplicationError: `type` is the class name, so it survives the wire
    ├── Refused                  the request is understood and must not be done; never retried
    │   ├── UnknownEmployee      nobody has that id or name
    │   ├── UnknownCase          there is no such case
    │   ├── NotAllowed           separation of duties, own case, no right
    │   ├── BadDates             the dates of a departure contradict each other
    │   ├── CaseConflict         a case is open already, or closed already
    │   ├── PolicyError          a policy file is wrong, or asks for what law forbids
    │   ├── DecisionRefused      a decision that cannot count (late, withdrawn gate, old report, not an approver)
    │   ├── NobodyToAsk          no active person may be asked for a gate
    │   ├── LinkInvalid          a link that we did not make, or that was changed on its way
    │   ├── LinkExpired          a link of ours whose time is long over
    │   ├── ModelRefused         a risk model that is missing, damaged or of another version
    │   └── ImportRefused        a file with bad rows; nothing was written
    └── Unavailable              a system of record does not answer; retried

Branch on the class or on `.type`, never on text. Messages are for people: what happened, what was kept, what to do.
"""

from typing import ClassVar

from temporalio.exceptions import ApplicationError

MESSAGE_LIMIT = 2000  # characters; an error must never burst the 2 MB payload limit of the engine


class OffboardError(ApplicationError):
    """Root of the tree. `detail` holds machine-readable facts (ids, codes), never names."""

    retryable: ClassVar[bool] = False
    detail: dict[str, str]

    def __init__(self, message: str, **detail: str) -> None:
        self.detail = detail
        super().__init__(
            message[:MESSAGE_LIMIT], detail, type=type(self).__name__, non_retryable=not type(self).retryable
        )


class Refused(OffboardError):
    """Understood, and must not be done."""


class UnknownEmployee(Refused):
    """Nobody has that id or name."""


class UnknownCase(Refused):
    """There is no such case, or the person never had one."""


class NotAllowed(Refused):
    """Separation of duties, one's own case, or a missing right."""


class BadDates(Refused):
    """The dates of a departure contradict each other or the calendar."""


class CaseConflict(Refused):
    """A case is already open, already closed, or in a phase that does not allow this."""


class PolicyError(Refused):
    """A policy file is malformed or asks for what law forbids."""


class DecisionRefused(Refused):
    """A decision that cannot count; `detail["reason"]` is a `models.approvals.Refusal`."""


class NobodyToAsk(Refused):
    """No active person may be asked for a gate; `detail["role"]` is the role that is missing."""


class LinkInvalid(Refused):
    """A link that we did not make, or that was changed on its way. Both look the same from outside."""


class LinkExpired(Refused):
    """A link of ours whose time is long over."""


class ModelRefused(Refused):
    """A risk model that is missing, damaged or made for other features; nobody is scored with it."""


class ImportRefused(Refused):
    """A file with bad rows. Nothing was written."""


class Unavailable(OffboardError):
    """A system of record does not answer, or answers garbage. Worth another try."""

    retryable = True
