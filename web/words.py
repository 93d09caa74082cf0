"""Words and times of the pages that are not plain sentences: language, titles, deadlines, what is left."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_timezone_name

from models.people import Role
from reports.language import LANGUAGES, Language, language
from reports.words import GATES, LEVELS
from store.gates import GateRow

ROLES = {
    Role.SALESPERSON: "salesperson",
    Role.SALES_MANAGER: "sales manager",
    Role.HRBP: "HR partner",
    Role.FINANCE_REVIEWER: "finance reviewer",
    Role.IT_ADMIN: "IT administrator",
    Role.LEGAL_COUNSEL: "legal counsel",
    Role.OTHER: "colleague",
}


def choose(asked: str | None, recipient: str | None, accept: str | None) -> Language:
    """The language of a page: what the reader asked for, else the recipient's, else the browser's, else English."""
    for tag in (asked, recipient):
        if tag:
            return language(tag)
    wanted = (accept or "").split(",")[0].split(";")[0].strip()
    return language(wanted or LANGUAGES[0])


def gate_name(words: Language, gate: str) -> str:
    """Name of a gate; one that only the company's own policy knows is shown as written there."""
    return words.text(GATES[gate]) if gate in GATES else gate


def decider(row: GateRow, names: Mapping[str, str], words: Language) -> str:
    """Who ended a round: `A`, or `B for A` where B answered in the place of A; empty when nobody did."""
    by = row.decided_by or ""
    own = any(seat.principal == by for seat in row.seats)
    principal = by if own else next((seat.principal for seat in row.seats if seat.delegate == by), by)
    if principal == by:
        return names.get(by, "")
    return words.text("{person} for {principal}", person=names.get(by, by), principal=names.get(principal, principal))


def level_name(words: Language, level: str) -> str:
    """Name of a level of risk."""
    return words.text(LEVELS[level])


def short_time(words: Language, moment: datetime, zone: str) -> str:
    """Weekday, date, time and zone in words, for example `Thu, Nov 26 18:00 (China Standard Time)`."""
    local = moment.astimezone(ZoneInfo(zone))
    # Some locales have no skeleton for weekday, date and hour together, so the hour is written apart.
    day = format_skeleton("MMMEd", local, tzinfo=local.tzinfo, locale=words.locale)
    return f"{day} {local:%H:%M} ({get_timezone_name(local, locale=words.locale)})"


def time_left(words: Language, left: timedelta) -> str:
    """What is left, in the two largest units, rounded down: never more than there is."""
    minutes = max(0, int(left.total_seconds() // 60))
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return words.text("{days} d {hours} h left", days=days, hours=hours)
    if hours:
        return words.text("{hours} h {minutes} min left", hours=hours, minutes=minutes % 60)
    return words.text("{minutes} min left", minutes=minutes)
