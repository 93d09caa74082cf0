"""Verbs for the money after a departure: who collects what, letters to clients, and what they answered."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.plumbing import Case, Json, Store, _, case_id_of, misuse, run, say, settings

if TYPE_CHECKING:
    from services.collection import Recorded
    from store.database import Database

app = typer.Typer()
collection_app = typer.Typer(no_args_is_help=True, help=_("What clients owe after a departure, followed up."))
app.add_typer(collection_app, name="collection")

Debtor = Annotated[str, typer.Argument(metavar="CLIENT", help=_("Client id or exact name."))]
By = Annotated[str, typer.Option("--as", metavar="PERSON", help=_("Who acts: employee id or exact name."))]
In = Annotated[str | None, typer.Option("--currency", help=_("Where a client has letters in several currencies."))]
Note = Annotated[str, typer.Option("--note", help=_("Kept with the letter."))]


@collection_app.command("show", help=_("Clearing plans with their dates, letters, commission held, and the figures."))
def collection_show(case: Case, json: Json = False) -> None:
    from services.collection import show

    with Store() as store:
        say(show(store, case_id_of(store, case)), json, "collection", store)


@collection_app.command("letters", help=_("Print the balance confirmations that were not answered yet, as PDF."))
def collection_letters(
    case: Case,
    output: Annotated[Path, typer.Option("--output", "-o", help=_("Folder for the files."))],
    json: Json = False,
) -> None:
    from services.collection_letters import print_letters

    with Store() as store:
        say(print_letters(store, case_id_of(store, case), output), json, "letters")


@collection_app.command("sent", help=_("A balance confirmation went to the client today."))
def collection_sent(case: Case, client: Debtor, by: By, currency: In = None, json: Json = False) -> None:
    from services.collection import mark_sent

    _record(case, json, lambda store, case_id: mark_sent(store, case_id, client, by, currency))


@collection_app.command("confirmed", help=_("The client answered that the balance is right."))
def collection_confirmed(
    case: Case, client: Debtor, by: By, note: Note = "", currency: In = None, json: Json = False
) -> None:
    from services.collection import record_answer

    def act(store: "Database", case_id: str) -> "Recorded":
        return record_answer(store, case_id, client, by, admitted=None, note=note, currency=currency)

    _record(case, json, act)


@collection_app.command("disputed", help=_("The client answered that they owe another amount."))
def collection_disputed(
    case: Case,
    client: Debtor,
    by: By,
    amount: Annotated[str, typer.Option("--amount", help=_("What the client says to owe, such as 1200.50."))],
    note: Note = "",
    currency: In = None,
    json: Json = False,
) -> None:
    from services.collection import record_answer
    from systems.receivables.answers import amount_of

    admitted = amount_of(amount)
    if admitted is None:
        misuse(_("an amount is written as 1200.50"))

    def act(store: "Database", case_id: str) -> "Recorded":
        return record_answer(store, case_id, client, by, admitted=admitted, note=note, currency=currency)

    _record(case, json, act)


def _record(case: str, json: bool, act: "Callable[[Database, str], Recorded]") -> None:
    from connections import connect_temporal
    from models.errors import Unavailable
    from services.collection import look_again

    with Store() as store:
        case_id = case_id_of(store, case)
        done = act(store, case_id)

        async def tell() -> None:
            try:
                await look_again(await connect_temporal(settings()), case_id)
            except Unavailable:
                return  # it is in our books: the follow-up reads it within a working day

        run(tell())
        say(done, json, "letter", store)
