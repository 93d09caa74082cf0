"""What a person reads in a terminal: tables on a terminal, plain lines in a pipe, both languages."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from models.case import ENDED, CaseProgress
from reports.plain import plain as without_signs
from reports.terminal_cases import headline
from reports.terminal_tables import facts, width_needed
from reports.terminal_views import VIEWS
from reports.terminal_words import Names, words_in


def to_json(answer: Any) -> str:
    """The answer of a verb as JSON; money and ratios are strings."""
    return json.dumps(plain(answer), ensure_ascii=False, indent=2, default=str)


def show_answer(view: str, answer: Any, tag: str, names: Names | None = None) -> None:
    """Print the answer of a verb for a person; `names` are those of the ids in it."""
    words = words_in(tag, names)
    # In a pipe nothing is wrapped, so that a line stays a line for the next program.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 500)
    width = console.width
    for block in VIEWS.get(view, facts)(_shown(plain(answer)), words):
        console.width = max(width, width_needed(block)) if isinstance(block, Table) else width
        console.print(block, markup=False)


def follow(look: Callable[[], CaseProgress], tag: str, *, as_json: bool, every: float = 1.0) -> None:
    """Print every change of a case until it ends. Ctrl-C detaches; the case goes on."""
    words, last, case_id = words_in(tag), "", ""
    try:
        while True:
            progress = look()
            case_id = progress.case_id
            line = progress.model_dump_json() if as_json else headline(progress.model_dump(mode="json"), words)
            if line != last:
                print(line, flush=True)  # noqa: T201
                last = line
            if progress.phase in ENDED:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        left = words.text("No longer watching. The case goes on: offboard watch {case}", case=case_id)
        print(left, file=sys.stderr)  # noqa: T201


def plain(answer: Any) -> Any:
    """An answer as plain JSON: what the views and `names_in` read."""
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json")
    if isinstance(answer, Mapping):
        return {str(key): plain(value) for key, value in answer.items()}
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
        return [plain(value) for value in answer]
    return answer


def _shown(answer: Any) -> Any:
    """Plain JSON without signs that would turn text around or steer the terminal."""
    if isinstance(answer, dict):
        return {key: _shown(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_shown(value) for value in answer]
    return without_signs(answer)
