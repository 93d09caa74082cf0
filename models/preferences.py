"""How a person wants to be reached, and when a message may leave. Pure: every time is given."""

from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import model_validator

from models.base import EmployeeId, Label, Value

MAIL = "mail"
DIGEST_AT = time(9)  # in the zone of the reader: the start of a working day


class Preferences(Value):
    """What a person chose; the defaults are those of somebody who chose nothing: a mail for everything, at once.

    `channel` is `mail` or a name in the channels file. Between `quiet_from` and `quiet_until`, in the zone of the
    person, nothing ordinary is sent; that may pass midnight. With `digest` what is ordinary waits for one mail a day.
    """

    employee_id: EmployeeId
    channel: Label = MAIL
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours need both a beginning and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet hours must end at another time than they begin")
        return self


def leaves_at(chosen: Preferences, zone: str, queued_at: datetime, due_at: datetime | None, now: datetime) -> datetime:
    """The earliest moment at which an ordinary message leaves; in the past or `now` when it may leave at once.

    `due_at` is the deadline of what it asks, None for news. Half of the time to the deadline is never slept through.
    """
    here = ZoneInfo(zone)
    moment = _next(DIGEST_AT, queued_at, here) if chosen.digest else queued_at
    moment = quiet_until(chosen, here, max(moment, now))
    if due_at is None:
        return moment
    return min(moment, queued_at + max(due_at - queued_at, timedelta(0)) / 2)


def quiet_until(chosen: Preferences, here: ZoneInfo, moment: datetime) -> datetime:
    """The end of the quiet hours that `moment` falls into; `moment` itself outside of them."""
    if chosen.quiet_from is None or chosen.quiet_until is None:
        return moment
    clock, begins, ends = moment.astimezone(here).time(), chosen.quiet_from, chosen.quiet_until
    quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    return _next(ends, moment, here) if quiet else moment


def _next(clock: time, after: datetime, here: ZoneInfo) -> datetime:
    """The first time after `after` at which the clocks of a place show `clock`."""
    day = after.astimezone(here).date()
    today = datetime.combine(day, clock, here)
    # Compared in UTC: two times of one zone are compared by what their clocks show, which is wrong when those change.
    utc = ZoneInfo("UTC")
    if today.astimezone(utc) > after.astimezone(utc):
        return today.astimezone(utc)
    return datetime.combine(day + timedelta(days=1), clock, here).astimezone(utc)
