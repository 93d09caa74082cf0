"""Text of people as it may be shown: nothing in a name, a note or a question turns around what stands beside it."""

# The signs that set the direction of text, and all control characters but tab and line feed.
TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F)
_CONTROLS = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))
_DROPPED = dict.fromkeys((*TURNING, *_CONTROLS))


def plain(shown: object) -> object:
    """A value as a page shows it. For `finalize` of Jinja: text loses those signs, all else stays what it is."""
    return shown.translate(_DROPPED) if isinstance(shown, str) else shown
