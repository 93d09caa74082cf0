"""What every adapter of the receivables port must do: one suite, which each adapter's tests inherit.

    class TestMyErp(PortSuite):
        @pytest.fixture
        def system(self) -> Iterator[System]:
            yield MyErpInATest(...)

Nothing in here knows an adapter. What a system cannot tell is named in `System.blind`; its `SourceNote` must say
so too.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

import pytest

from models.exposure import lines_of
from models.open_items import ItemKind, OpenItem, Portion, Portions
from store.policies import load_policy
from systems.receivables.port import ReceivableSource
from tests.integration.receivables_port.business import Business, Invoice
from tests.integration.receivables_port.plain_ledger import Open, balances, open_items, part, settled_on
from tests.integration.receivables_port.stories import LAST_DAY, every_kind, random_business

POLICIES = ("ifrs", "prc")


class System(Protocol):
    """A real system with an adapter before it, as a test sees it.

    `blind` names what it cannot tell: "disputes", "dispute_dates", "disputed_amounts", "history".
    """

    blind: frozenset[str]

    def filled(self, business: Business, as_of: date) -> ReceivableSource:
        """An adapter that reads a system in which all of this happened, on that day or later."""
        ...

    def number(self, document: str) -> str:
        """Our number of a document that the system may call otherwise."""
        ...


def whole(*clients: str) -> dict[str, Portion]:
    """All of some clients. In our book they have other ids than in the system."""
    return {f"our-{key}": Portion(key=key) for key in clients}


def read(system: System, business: Business, as_of: date, clients: Portions | None = None) -> list[Open]:
    """What the adapter says is open, as the plain ledger writes it; it must come in the order of the port."""
    asked = whole(*business.clients) if clients is None else clients
    with system.filled(business, as_of).snapshot(asked, as_of) as snapshot:
        items = list(snapshot.items())
    assert items == sorted(items, key=lambda item: (item.client_id, item.due_on, item.document, item.instalment))
    return sorted(as_open(system, item) for item in items)


def as_open(system: System, item: OpenItem) -> Open:
    """An item of the port as the plain ledger writes it, with the part of the person who was asked about."""
    client = item.client_id.removeprefix("our-")
    return Open(
        client, item.due_on, system.number(item.document), item.instalment, item.kind.value, item.issued_on,
        item.amount, item.outstanding, item.disputed, item.currency,
    )  # fmt: skip


def seen(system: System, business: Business, as_of: date) -> list[Open]:
    """The plain ledger's answer as far as the system can tell it."""
    known = {name: replace(one, **_told(system, one)) for name, one in business.invoices.items()}
    return open_items(replace(business, invoices=known), as_of)


def _told(system: System, invoice: Invoice) -> dict[str, Any]:
    """What the system knows of a dispute otherwise than it was."""
    if invoice.disputed_on is None or "disputes" in system.blind:
        return {"disputed_on": None}
    since = {"disputed_on": invoice.on} if "dispute_dates" in system.blind else {}
    return since | ({"disputed_amount": None} if "disputed_amounts" in system.blind else {})


class PortSuite:
    """Inherit, and give a fixture `system`."""

    @pytest.fixture
    def system(self) -> System:
        """The system of this adapter."""
        raise NotImplementedError

    @pytest.mark.parametrize("days_before", [0, 1, 20, 45, 400])
    def test_every_kind_of_item_is_open_as_accountants_see_it(self, system: System, days_before: int) -> None:
        business, as_of = every_kind(), LAST_DAY - timedelta(days=days_before)
        assert read(system, business, as_of) == seen(system, business, as_of)

    def test_the_ledger_is_counted_on_its_own_and_agrees_with_the_items(self, system: System) -> None:
        business = every_kind()
        with system.filled(business, LAST_DAY).snapshot(whole(*business.clients), LAST_DAY) as snapshot:
            ledger = dict(snapshot.ledger())
            items = list(snapshot.items())
        assert {
            (key.client.removeprefix("our-"), key.currency): balance for key, balance in ledger.items() if balance
        } == (balances(business, LAST_DAY))
        for key, balance in ledger.items():
            assert sum(each.whole for each in items if (each.client_id, each.currency) == key) == balance

    @pytest.mark.parametrize("policy", POLICIES)
    def test_lines_are_the_items_added_up(self, system: System, policy: str) -> None:
        business, ageing = every_kind(), load_policy(policy).ageing
        with system.filled(business, LAST_DAY).snapshot(whole(*business.clients), LAST_DAY) as snapshot:
            assert list(snapshot.lines(ageing)) == lines_of(snapshot.items(), ageing, LAST_DAY)

    def test_a_random_year_is_read_as_it_was_on_every_day(self, system: System) -> None:
        business = random_business(seed=5)
        for as_of in (LAST_DAY - timedelta(days=200), LAST_DAY - timedelta(days=77), LAST_DAY):
            assert read(system, business, as_of) == seen(system, business, as_of)

    def test_only_the_clients_that_were_asked_for_are_told(self, system: System) -> None:
        business = every_kind()
        found = read(system, business, LAST_DAY, whole("CREDITED", "NOBODY"))
        assert found == [item for item in seen(system, business, LAST_DAY) if item.client == "CREDITED"]
        with system.filled(business, LAST_DAY).snapshot(whole("NOBODY"), LAST_DAY) as snapshot:
            assert (list(snapshot.items()), dict(snapshot.ledger())) == ([], {})
        with system.filled(business, LAST_DAY).snapshot({}, LAST_DAY) as snapshot:
            assert (list(snapshot.items()), dict(snapshot.ledger())) == ([], {})

    def test_parts_of_a_shared_client_add_up_to_the_whole_to_the_cent(self, system: System) -> None:
        business = every_kind()
        limits = ("0", "0.3333", "0.5", "1")
        source, told = system.filled(business, LAST_DAY), []
        for low, high in pairwise(limits):
            asked = {f"our-{key}": Portion(key=key, low=Decimal(low), high=Decimal(high)) for key in business.clients}
            with source.snapshot(asked, LAST_DAY) as snapshot:
                items = list(snapshot.items())
            told.append(items)
            for item in items:
                assert item.outstanding == part(item.whole, low, high)
        for parts in zip(*told, strict=True):
            assert sum(item.outstanding for item in parts) == parts[0].whole
        assert [as_open(system, item).left for item in told[0]] != [
            item.left for item in open_items(business, LAST_DAY)
        ]

    def test_credits_age_from_their_own_day_and_nothing_negative_is_disputed(self, system: System) -> None:
        business = every_kind()
        with system.filled(business, LAST_DAY).snapshot(whole(*business.clients), LAST_DAY) as snapshot:
            items = list(snapshot.items())
        owed = [item for item in items if item.kind is not ItemKind.INVOICE]
        assert len(owed) >= 2
        assert all(item.due_on == item.issued_on and item.whole < 0 for item in owed)
        assert all(item.disputed == 0 for item in items if item.whole < 0)

    def test_the_past_is_told_with_the_day_on_which_each_invoice_was_settled(self, system: System) -> None:
        business, since = every_kind(), date(2026, 9, 1)
        source = system.filled(business, LAST_DAY)
        told = {
            system.number(each.document): each for each in source.history(LAST_DAY, since, whole(*business.clients))
        }
        if "history" in system.blind:
            assert told == {}
            return
        asked = [one for one in business.invoices.values() if since <= one.on <= LAST_DAY]
        assert set(told) == {invoice.number for invoice in asked}
        for invoice in asked:
            assert told[invoice.number].settled_on == settled_on(business, invoice.number, LAST_DAY), invoice.number
            assert told[invoice.number].amount == Decimal(invoice.amount)
            assert told[invoice.number].due_on == invoice.due
            assert told[invoice.number].client_id == f"our-{invoice.client}"
        assert len(list(source.history(LAST_DAY, since))) == len(asked)
        assert [*source.history(LAST_DAY, since, {})] == []

    def test_it_says_where_and_when_it_read_and_what_it_cannot_tell(self, system: System) -> None:
        before = datetime.now(UTC)
        source = system.filled(every_kind(), LAST_DAY)
        with source.snapshot(whole("PLAIN"), LAST_DAY) as snapshot:
            note = snapshot.source
        assert note.system == source.system
        assert before <= note.read_at <= datetime.now(UTC)
        assert not system.blind or note.cannot
        assert (note.asked, note.known) == (1, 1)
        check = source.check()
        assert check.can
        assert not check.broken

    @pytest.mark.parametrize(
        ("clients", "known"),
        [(("LOST", "OWES-NOTHING"), 2), (("PLAIN", "NOBODY", "OWES-NOTHING"), 2), (("NOBODY", "NO-ONE"), 0), ((), 0)],
        ids=lambda value: "+".join(value) if isinstance(value, tuple) else str(value),
    )
    def test_a_client_that_owes_nothing_is_known_and_a_stranger_is_not(
        self, system: System, clients: tuple[str, ...], known: int
    ) -> None:
        with system.filled(every_kind(), LAST_DAY).snapshot(whole(*clients), LAST_DAY) as snapshot:
            note = snapshot.source
        assert (note.asked, note.known) == (len(clients), known)
        assert note.knows_nobody == (known < len(clients) and known == 0)
