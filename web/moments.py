"""Moments on a page: one form for machines, one for the reader."""

from dataclasses import dataclass
from datetime import datetime

from reports.language import Language
from web.words import short_time


@dataclass(frozen=True)
class Time:
    """A moment twice: for machines, and in the reader's zone and words."""

    iso: str
    text: str


def time(moment: datetime, words: Language, zone: str) -> Time:
    """A moment for a `<time>` element."""
    return Time(moment.isoformat(timespec="seconds"), short_time(words, moment, zone))
