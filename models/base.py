"""The two kinds of pydantic model that everything else is built from."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Value(BaseModel):
    """An immutable value. Unknown fields are refused: a typo in a policy or a request must not pass unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(BaseModel):
    """What travels through workflow history. Unknown fields are ignored so that old histories survive new code."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone; write it as 2026-11-24T09:00:00Z")
    return moment


# Ids are opaque: never a name of a person or a client.
Moment = Annotated[datetime, AfterValidator(_aware)]
EmployeeId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
# What travels into summaries, keys and JSON of other programs: short, and without control characters.
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
CaseId = Annotated[str, StringConstraints(pattern=r"^offboarding-[^\s/\x00-\x1f\x7f]{1,64}$")]
AlertId = Annotated[str, StringConstraints(pattern=r"^alert-[A-Z0-9]{4}-[A-Z0-9]{4}-\d{8}$")]
# A notice about a prediction.
TalkId = Annotated[str, StringConstraints(pattern=r"^talk-[A-Z0-9]{4}-[A-Z0-9]{4}-\d{8}$")]
# What has an evidence chain of its own: a case, an alert, the watchlist.
ChainId = Annotated[
    str,
    StringConstraints(
        pattern=r"^(offboarding-[^\s/\x00-\x1f\x7f]{1,64}|alert-[A-Z0-9]{4}-[A-Z0-9]{4}-\d{8}|watchlist)$"
    ),
]
