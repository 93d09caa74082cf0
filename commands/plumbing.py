"""What every verb needs: words in the reader's language, the store, answers, and how misuse ends.

Imports stand inside the functions so that `offboard --help` is quick.
"""

import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from models.case import CaseProgress
    from models.errors import OffboardError
    from settings import Settings
    from store.database import Database

Answer = TypeVar("Answer")


LANGUAGES = ("en", "zh")  # all of them, by the first part of a tag: zh is also zh-CN and zh_CN.UTF-8


def reader() -> str:
    """The language tag that the environment asks for."""
    return os.environ.get("OFFBOARD_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"


def spoken(tag: str, named: str) -> str:
    """A language tag that was asked for by name (an option, a setting); misuse when we have no such language."""
    if re.split(r"[-_.@]", tag.lower())[0] not in LANGUAGES:
        misuse(
            _("{named}: there is no language {tag}; choose one of {languages}").format(
                named=named, tag=tag, languages=", ".join(LANGUAGES)
            )
        )
    return tag


def _(text: str) -> str:
    """The text in the user's language; English costs no import."""
    if not reader().lower().startswith("zh"):
        return text
    from reports.language import language

    return language("zh").words.gettext(text)


Json = Annotated[bool, typer.Option("--json", help=_("Print JSON."))]
Case = Annotated[str, typer.Argument(metavar="CASE", help=_("Case id, employee id or exact name."))]
Chain = Annotated[
    str, typer.Argument(metavar="CASE", help=_("Case id, employee id or exact name; an alert id; or watchlist."))
]
Person = Annotated[str, typer.Argument(metavar="EMPLOYEE", help=_("Employee id or exact name."))]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help=_("Audit date; default today."))]
PolicyName = Annotated[str, typer.Option("--policy", help=_("Name of a policy file."))]
As = Annotated[str | None, typer.Option("--as", metavar="PERSON", help=_("Who acts: employee id or exact name."))]


class Store:
    """Our database for the length of one verb."""

    def __enter__(self) -> "Database":
        from connections import open_database

        self._database = open_database(settings())
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


def settings() -> "Settings":
    """The settings of this environment."""
    from settings import Settings

    return Settings()


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run one coroutine to its end."""
    import asyncio

    return asyncio.run(work)


def case_id_of(store: "Database", key: str) -> str:
    """The case that a case id, employee id or exact name means. Raises UnknownCase."""
    from store import cases

    with store.begin() as connection:
        return cases.resolve(connection, key)


def chain_id_of(store: "Database", key: str) -> str:
    """The evidence chain that an alert id, `watchlist`, or what means a case stands for. Raises UnknownCase."""
    from store import alerts, watchlist

    if key == watchlist.CHAIN:
        return key
    with store.begin() as connection:
        known = alerts.exists(connection, key)
    return key if known else case_id_of(store, key)


def person_id_of(store: "Database", key: str | None) -> str:
    """The id of the person that an id or exact name means. Raises UnknownEmployee."""
    from store import people

    with store.begin() as connection:
        return people.find(connection, key or "").id


def on_case(store: "Database", case: str, act: Callable[[Any, str], Coroutine[Any, Any, Answer]]) -> Answer:
    """Do something with a case through Temporal and give back the answer."""
    from connections import connect_temporal

    case_id = case_id_of(store, case)

    async def go() -> Answer:
        return await act(await connect_temporal(settings()), case_id)

    return run(go())


def progress_of_case(store: "Database", case: str) -> "CaseProgress":
    """Where a case stands, live or as our books know it."""
    from connections import connect_temporal
    from models.errors import Unavailable
    from services.cases import progress_or_last_known

    case_id = case_id_of(store, case)

    async def go() -> "CaseProgress":
        try:
            client = await connect_temporal(settings())
        except Unavailable:
            client = None  # our books still know the case
        return await progress_or_last_known(client, store, case_id)

    return run(go())


def say(answer: Any, json: bool, view: str, store: "Database | None" = None, tag: str = "") -> None:
    """Print the answer of a verb, for a person or as JSON. With `store`, people read names beside the ids.

    `tag` is a language that was asked for; without one it is the reader's.
    """
    from reports.terminal import plain, show_answer, to_json
    from reports.terminal_words import names_in

    if json:
        typer.echo(to_json(answer))
        return
    names = None
    if store is not None:
        with store.begin() as connection:
            names = names_in(connection, plain(answer))
    show_answer(view, answer, tag or reader(), names)


def progress_line(json: bool) -> Callable[[str], None]:
    """Prints a line of progress to stderr; silent with --json."""
    return lambda line: None if json else typer.echo(line, err=True)


@contextmanager
def rows_line(json: bool) -> Iterator[Callable[[str, int], None] | None]:
    """Counts rows on one line of stderr, as they are read; None with --json and where nobody watches."""
    if json or not sys.stderr.isatty():
        yield None
        return
    clear = "\r\033[K"
    try:
        yield lambda table, rows: typer.echo(f"{clear}{_(table)}: {rows:,}", err=True, nl=False)
    finally:
        typer.echo(clear, err=True, nl=False)


def write_out(content: bytes, output: Path | None) -> None:
    """Write bytes to a file, or to stdout."""
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        try:
            output.write_bytes(content)
        except OSError as refused:
            fail(f"{output}: {refused.strerror}")
        typer.echo(str(output), err=True)


def choice(kinds: Any, text: str, option: str) -> Any:
    """The member of a closed set that was typed; misuse otherwise."""
    try:
        return kinds(text)
    except ValueError:
        misuse(f"{option}: {', '.join(kinds)}")


def moment_of(text: str | None) -> datetime | None:
    """A time that was typed, with its zone; misuse otherwise."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        misuse(_("a time is written as 2026-12-24T18:00:00+08:00"))
    if moment and not moment.tzinfo:
        misuse(_("a time needs a zone, as in 2026-12-24T18:00:00+08:00"))
    return moment


def misuse(message: str) -> NoReturn:
    """End with exit code 2 and say what was wrong."""
    raise typer.BadParameter(message)


def told(failure: "OffboardError") -> str:
    """What an error says, in the reader's language."""
    from models.errors import DecisionRefused
    from reports.language import language
    from reports.terminal_cases import REFUSALS

    words = language(reader())
    if isinstance(failure, DecisionRefused) and (why := REFUSALS.get(failure.detail.get("reason", ""))):
        return words.error(failure, reason=why)
    return words.error(failure)


def fail(message: str) -> None:
    """End with exit code 1 and say what was refused."""
    typer.echo(_("refused: ") + message, err=True)
    raise typer.Exit(1)
