"""What is counted together on a day, and what to say of it."""

from typing import NamedTuple

from models.activity import EventKind


class Channel(NamedTuple):
    """Kinds that are counted together, and what to say of them."""

    kinds: tuple[EventKind, ...]
    unusual: str
    novel: str
    peers: str


CHANNELS = {
    "collected": Channel(
        (EventKind.EXPORT, EventKind.DOWNLOAD, EventKind.PRINT),
        "{records} records were exported, downloaded or printed on {day}; a usual own day: {usual} (robust z {z}).",
        "{records} records were exported, downloaded or printed on {day}; the largest own day before: {largest}.",
        "{records} records were exported, downloaded or printed on {day}; {share} % of peer days stay under {most}.",
    ),
    "mailed": Channel(
        (EventKind.MAIL_OUT,),
        "{records} records or files were mailed out on {day}; a usual own day: {usual} (robust z {z}).",
        "{records} records or files were mailed out on {day}; the largest own day before: {largest}.",
        "{records} records or files were mailed out on {day}; {share} % of peer days stay under {most}.",
    ),
    "copied": Channel(
        (EventKind.SHARE, EventKind.DEVICE),
        "{records} records or files were shared or copied on {day}; a usual own day: {usual} (robust z {z}).",
        "{records} records or files were shared or copied on {day}; the largest own day before: {largest}.",
        "{records} records or files were shared or copied on {day}; {share} % of peer days stay under {most}.",
    ),
    "viewed": Channel(
        (EventKind.BULK_VIEW,),
        "{records} records were viewed in bulk on {day}; a usual own day: {usual} (robust z {z}).",
        "",  # looking is not taking: a large day of it supports, and is no novelty
        "{records} records were viewed in bulk on {day}; {share} % of peer days stay under {most}.",
    ),
}
