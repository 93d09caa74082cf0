"""Balance confirmations as files: one PDF a client and currency that is still to answer."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from models.base import CaseId, Value
from models.collection import BalanceConfirmation, ConfirmationState
from models.errors import Refused
from models.open_items import OpenItem
from reports.confirmation_letter import LetterFacts, render_letter
from store import audited_items, cases, collection, confirmations
from store.cases import CaseRow
from store.database import Database
from store.tables import clients, contacts

SIGNS = re.compile(r"[^\w-]")  # what a name of a file does without


class Printed(Value):
    """The letters that were written to a folder, and the accounts that they are about."""

    case_id: CaseId
    files: tuple[str, ...]


def print_letters(database: Database, case_id: str, folder: Path) -> Printed:
    """Write one PDF a client and currency that is to confirm a balance, in the client's language.

    Letters that were answered are left out. Raises UnknownCase, and Refused where nothing was approved and handed over
    yet, or the folder cannot be written.
    """
    with database.begin() as connection:
        case = cases.get(connection, case_id)
        facts = list(_letters(connection, case))
    if not facts:
        raise Refused(
            "no letter is due in case {case}: they are made when the handover is done, for clients that owe enough",
            case=case_id,
        )
    names = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in facts:
            path = folder / f"{each.reference}.pdf"
            path.write_bytes(render_letter(each))
            names.append(str(path))
    except OSError as refused:
        raise Refused("{path}: {answer}", path=folder, answer=refused.strerror) from refused
    return Printed(case_id=case_id, files=tuple(names))


def _letters(connection: Connection, case: CaseRow) -> Iterator[LetterFacts]:
    """Every letter that waits to be sent or answered, with the items behind it."""
    open_letters = [
        each
        for each in confirmations.of_case(connection, case.id)
        if each.state not in (ConfirmationState.CONFIRMED, ConfirmationState.DISPUTED)
    ]
    found = collection.newest_audit(connection, case.id)
    if not open_letters or found is None:
        return
    wanted = {(each.client, each.currency) for each in open_letters}
    items: dict[tuple[str, str], list[OpenItem]] = {}
    for item in audited_items.read(connection, case.id, found[0]):
        if (item.client_id, item.currency) in wanted:
            items.setdefault((item.client_id, item.currency), []).append(item)
    for each in open_letters:
        yield _facts(connection, case, each, items.get((each.client, each.currency), []))


def file_part(client: str) -> str:
    """The id of a client as part of a file name; two ids never give the same, or one letter would replace the other."""
    safe = SIGNS.sub("_", client)
    return safe if safe == client else f"{safe}-{hashlib.sha256(client.encode()).hexdigest()[:8]}"


def _facts(connection: Connection, case: CaseRow, letter: BalanceConfirmation, items: list[OpenItem]) -> LetterFacts:
    row = connection.execute(select(clients).where(clients.c.id == letter.client)).mappings().one()
    contact = connection.execute(
        select(contacts.c.name).where(contacts.c.client_id == letter.client).order_by(contacts.c.id).limit(1)
    ).scalar_one_or_none()
    country = row["country"] or case.policy.working_hours.default_country
    language = row["language"] or ("zh-CN" if country == "CN" else "en")
    return LetterFacts(
        # The client reads it: nothing in it may tell that somebody is leaving.
        reference=f"{letter.as_of:%Y%m%d}-{file_part(letter.client)}-{letter.currency}",
        language=language,
        client=row["name"],
        contact=contact or "",
        as_of=letter.as_of,
        amount=letter.amount,
        currency=letter.currency,
        answer_days=case.policy.collection.answer_working_days,
        items=tuple(items),
    )
