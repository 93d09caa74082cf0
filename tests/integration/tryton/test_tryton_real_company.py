"""The real company of the public data in a real ERP: the adapter reads what the files say, on every day."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from store.policies import load_policy
from systems.receivables.calls import Calls
from systems.receivables.tryton import TrytonReceivables
from tests.integration.receivables_port.suite import whole
from tests.integration.receivables_port.test_real_company import AS_OF, DAYS, by_account, owed_by_account, rows_of
from tests.servers.environments import Unreachable
from tests.servers.tryton import Tryton
from tests.servers.tryton_fill import real_company


@pytest.fixture(scope="module")
def books(public_data: Path) -> Iterator[Tryton]:
    """Its invoices and payments in a Tryton."""
    try:
        with Tryton(real_company(public_data / "real_company").document()) as server:
            yield server
    except Unreachable as reason:
        pytest.skip(f"the packages of Tryton cannot be fetched from here: {reason}")


def test_the_figures_are_those_of_its_files_and_of_its_own_ledger(books: Tryton, public_data: Path) -> None:
    company, ageing = public_data / "real_company", load_policy("ifrs").ageing
    agents = {row["account"]: row["sales_agent"] for row in rows_of(company / "accounts.csv")}
    source = TrytonReceivables(books.url, books.database, books.key, calls=Calls(4))
    darcel = whole(*(account for account, agent in agents.items() if agent == "Darcel Schlecht"))
    with source.snapshot(darcel, AS_OF) as snapshot:
        lines, items = snapshot.lines(ageing), list(snapshot.items())
    assert sum(line.outstanding for line in lines) == Decimal("1708.77")
    assert sum(line.overdue for line in lines) == Decimal("185.52")
    assert (len(items), sum(item.disputed > 0 for item in items)) == (28, 12)
    for day in DAYS[::2]:  # Tryton takes five seconds for a day of everybody
        with source.snapshot(whole(*agents), day) as snapshot:
            assert by_account(snapshot.lines(ageing)) == owed_by_account(company, day)
            ledger = {key.client: balance for key, balance in snapshot.ledger().items() if balance}
        own = books.balances(day.isoformat())["ledger"]
        assert ledger == {f"our-{code}": Decimal(sums["USD"]) for code, sums in own.items() if Decimal(sums["USD"])}
    source.close()
