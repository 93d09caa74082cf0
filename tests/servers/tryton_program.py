"""Run by Python of Tryton's own environment: makes a database, fills its books, and reads them by Tryton's own means.

Tryton is GPL-3+. It runs as separate programs: `trytond`, which tests and adapters talk to over HTTP, and this one,
which works on the same database from the inside, because posting hundreds of invoices through the network takes
minutes. Nothing that is shipped imports this file or its parts: `tryton_company`, `tryton_books`, `tryton_entries`,
`tryton_settling` and `tryton_balances`.

    tryton_program.py FOLDER DATABASE

reads one JSON job a line and answers with one JSON line: `set_up`, `fill` with a `document`, `balances` with a day.
"""

import json
import os
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import Any

folder, name = Path(sys.argv[1]).resolve(), sys.argv[2]
os.environ |= {  # read at the first import
    "TRYTOND_DATABASE__URI": "sqlite://",
    "TRYTOND_DATABASE__PATH": str(folder),
    "TRYTOND_CACHE__RECORD": "100000",  # of 2,000, the default, bulk work would read most again and again
}

from tryton_balances import balances  # noqa: E402
from tryton_books import Books  # noqa: E402
from tryton_company import found_company, in_transaction, make_database  # noqa: E402
from tryton_entries import Entries  # noqa: E402
from trytond.model import ModelStorage  # noqa: E402
from trytond.pool import Pool  # noqa: E402


def set_up(_: dict[str, Any]) -> Any:
    """A new database. Answers with the password of the administrator and two keys."""
    make_database(folder, name)
    return found_company(name)


def fill(job: dict[str, Any]) -> Any:
    """Enter a document. Answers with id and number of each invoice by its reference."""
    _load()

    def enter() -> Any:
        books = Books()
        books.start(job["document"])
        return Entries(books).enter(job["document"])

    return in_transaction(name, {"company": 1, "_skip_warnings": True}, enter, "account_journal_period")


def tell_balances(job: dict[str, Any]) -> Any:
    """What `balances` finds on the server at `url`."""
    return balances(f"{job['url']}/{name}/rpc/", job["password"], date.fromisoformat(job["as_of"]))


def _load() -> None:
    if name in Pool.database_list():
        return
    Pool.start()
    Pool(name).init()

    def only_rules_of_business(model: Any, records: Any, field_names: Any = None) -> None:
        model.validate(records)
        model.validate_fields(records, field_names)

    # What a form could not have offered is not checked again for every field: two thirds of the time. That a settlement
    # is balanced, a payment not too large and an account the right one still is.
    ModelStorage._validate = classmethod(only_rules_of_business)


def main() -> None:
    """Do jobs until the input ends. A job that fails is answered with what went wrong."""
    jobs = {"set_up": set_up, "fill": fill, "balances": tell_balances}
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = {"done": jobs[job["do"]](job)}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
