"""Every error that a person or a caller can meet.

    OffboardError                an ApplicationError: `type` is the class name, so it survives the wire
    ├── Refused                  the request is understood and must not be done; never retried
    │   ├── UnknownEmployee      nobody has that id or name
    │   ├── UnknownCase          there is no such case
    │   ├── UnknownAlert         there is no such alert
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
The sentence travels with its facts, so that every reader is told in their own language (`reports.language`).
"""

from collections.abc import Mapping
from typing import ClassVar

from temporalio.exceptions import ApplicationError

MESSAGE_LIMIT = 2000  # characters; an error must never burst the 2 MB payload limit of the engine
# The placeholders that hold a sentence or a word of the catalogues. All others hold facts, which read alike everywhere.
WORDS = frozenset({"advice", "phase", "reason", "what"})


class OffboardError(ApplicationError):
    """Root of the tree. `template` is an English sentence of the catalogues whose `{placeholders}` `detail` fills.

    `detail` may hold more facts for machines (ids, codes), never names. The message is the filled English sentence.
    """

    retryable: ClassVar[bool] = False
    template: str
    detail: dict[str, str]

    def __init__(self, template: str, /, **detail: object) -> None:
        self.template = template
        self.detail = {name: str(value)[:MESSAGE_LIMIT] for name, value in detail.items()}
        super().__init__(
            filled(template, self.detail),
            self.detail,
            template,
            type=type(self).__name__,
            non_retryable=not type(self).retryable,
        )


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"  # an error about the error would hide what happened


def filled(template: str, facts: Mapping[str, str]) -> str:
    """The sentence with its facts, cut to MESSAGE_LIMIT. Never fails: what is missing stays as it stands there."""
    try:
        return template.format_map(_Facts(facts))[:MESSAGE_LIMIT]
    except (ValueError, IndexError, AttributeError, TypeError):  # not one of our sentences: a stray brace
        return template[:MESSAGE_LIMIT]


def again(kind: "type[OffboardError]", failure: ApplicationError) -> "OffboardError":
    """An error of ours as it was before it went over the wire; one without a template keeps its English message."""
    match tuple(failure.details):
        case ({**detail}, str(template)):
            return kind(template, **{str(name): fact for name, fact in detail.items()})
    return kind("{answer}", answer=failure.message)


class Refused(OffboardError):
    """Understood, and must not be done."""


class UnknownEmployee(Refused):
    """Nobody has that id or name."""


class UnknownCase(Refused):
    """There is no such case, or the person never had one."""


class UnknownAlert(Refused):
    """There is no such alert."""


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
