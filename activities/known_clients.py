"""What may be believed of a read: a system that knows none of the clients asked for has told nothing."""

from models.open_items import SOME_UNKNOWN, SourceNote
from models.reasons import because
from systems.receivables.failures import unknown_clients


def check_known(note: SourceNote) -> None:
    """Raises Unavailable when clients were asked for and the system knows none: another company, or other keys."""
    if note.knows_nobody:
        raise unknown_clients(note.system, note.asked)


def believed(note: SourceNote) -> SourceNote:
    """The note with the number of clients that the system does not know among what it cannot tell.

    Raises Unavailable as `check_known` does.
    """
    check_known(note)
    unknown = note.asked - note.known
    if not unknown:
        return note
    said = because(SOME_UNKNOWN, system=note.system, unknown=unknown, asked=note.asked)
    return note.model_copy(update={"cannot": (*note.cannot, said)})
