"""The `offboard` command: its verbs stand in `commands/`, each calls one function.

Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 refused or failed, 2 bad usage.
"""

import sys

import typer

from commands import branches, cases, scans, stack
from commands.plumbing import _

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Durable offboarding for sales teams: money, clients, access and risk in one case.")
    + "\n\n"
    + _("Start with: offboard demo. With your own data: offboard up, offboard import DIR, offboard start EMPLOYEE ..."),
)
for part in (stack, cases, branches, scans):
    app.add_typer(part.app)


def main() -> None:
    """Entry of `offboard`: typed errors become one message and exit code 1."""
    try:
        app()
    except Exception as failure:
        if not hasattr(failure, "detail"):  # ours carry it; anything else is a defect and shows its traceback
            raise
        typer.echo(_("refused: ") + str(getattr(failure, "message", failure)), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
