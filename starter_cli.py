"""The `offboard` command: its verbs stand in `commands/`, each calls one function.

Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 refused or failed, 2 bad usage.
"""

import os
import sys

import typer

from commands import alerts, approvals, branches, cases, collection, delegating, models, scans, stack
from commands.plumbing import _, spoken, told

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Durable offboarding for sales teams: money, clients, access and risk in one case.")
    + "\n\n"
    + _("Start with: offboard demo. With your own data: offboard up, offboard import DIR, offboard start EMPLOYEE ..."),
)
for part in (stack, cases, approvals, delegating, branches, collection, scans, alerts, models):
    app.add_typer(part.app)


@app.callback()
def _speak() -> None:
    # LANG and LC_ALL of a system may name any language and fall back to English; this one was chosen for us.
    if tag := os.environ.get("OFFBOARD_LANGUAGE"):
        spoken(tag, "OFFBOARD_LANGUAGE")


def main() -> None:
    """Entry of `offboard`: whatever goes wrong becomes one message and exit code 1, or 2 for misuse."""
    if unreadable := next((word for word in sys.argv[1:] if not _is_text(word)), None):
        shown = unreadable.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        typer.echo(_("this is no UTF-8 text: {word}. Nothing was changed.").format(word=shown), err=True)
        sys.exit(2)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        if os.environ.get("OFFBOARD_DEBUG"):
            raise
        typer.echo(_("refused: ") + _told(failure), err=True)
        sys.exit(1)


def _is_text(word: str) -> bool:
    """False for bytes of another encoding, which neither our database nor the engine takes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in word)


def _told(failure: Exception) -> str:
    from models.errors import OffboardError  # noqa: PLC0415  (only a failure needs it)

    if isinstance(failure, OffboardError):
        return told(failure)
    first = (str(failure).splitlines() or [""])[0]
    return f"{type(failure).__name__}: {first[:300]} " + _("(OFFBOARD_DEBUG=1 shows where)")


if __name__ == "__main__":
    main()
