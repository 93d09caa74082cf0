"""How the bytes of a file are to be read: UTF-8 with or without a mark, else GB18030 (which holds GBK and GB2312)."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

UTF8 = "utf-8-sig"
GB18030 = "gb18030"


@dataclass(frozen=True)
class Bytes:
    """What a scan of the file says. `dirty`: some cell holds a NUL byte or bytes that are no text."""

    encoding: str
    dirty: bool

    @property
    def label(self) -> str:
        """The encoding as people call it."""
        return "UTF-8" if self.encoding == UTF8 else "GB18030"


def scan(path: Path) -> Bytes:
    """Decide on the encoding in one pass, line by line.

    A file that is not all UTF-8 is GB18030 when most of its lines beyond ASCII say so: one broken byte in a
    UTF-8 file must be named, not turn every other name into nonsense.
    """
    good: Counter[str] = Counter()
    beyond = 0
    nul = False
    with path.open("rb") as lines:
        for line in lines:
            nul = nul or b"\0" in line
            if line.isascii():
                continue
            beyond += 1
            for encoding in (UTF8, GB18030):
                good[encoding] += _decodes(line, encoding)
    encoding = UTF8
    if good[UTF8] < beyond and good[UTF8] * 2 < beyond and good[GB18030] > good[UTF8]:
        encoding = GB18030
    return Bytes(encoding, nul or good[encoding] < beyond)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
