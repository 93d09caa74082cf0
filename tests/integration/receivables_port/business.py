"""What happened between a company and its clients, in words of receivables: what every adapter is filled from."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self

Instalment = tuple[date, str]


@dataclass(frozen=True)
class Invoice:
    """A claim. Instalments add up to the amount; `disputed_amount` None means everything that is open."""

    number: str
    client: str
    amount: str
    on: date
    due: date
    currency: str
    instalments: tuple[Instalment, ...] = ()
    disputed_on: date | None = None
    disputed_amount: str | None = None


@dataclass(frozen=True)
class Credit:
    """A credit note with a positive amount, for an invoice or for nothing in particular."""

    number: str
    client: str
    amount: str
    on: date
    currency: str
    invoice: str | None


@dataclass(frozen=True)
class Money:
    """Money in, or written off: on an invoice, or on account of a client."""

    number: str
    client: str
    invoice: str | None
    amount: str
    on: date
    currency: str
    written_off: bool = False


@dataclass
class Business:
    """A builder. Every method returns the business, so that a story reads in one breath."""

    clients: list[str] = field(default_factory=list)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    credits: list[Credit] = field(default_factory=list)
    money: list[Money] = field(default_factory=list)

    def client(self, *keys: str) -> Self:
        """Clients that may owe nothing; those of invoices come by themselves."""
        self.clients += [key for key in keys if key not in self.clients]
        return self

    def invoice(
        self,
        number: str,
        client: str,
        amount: str,
        on: date,
        due: date | None = None,
        *,
        currency: str = "USD",
        instalments: tuple[Instalment, ...] = (),
    ) -> Self:
        """An invoice, due on its last instalment or at once unless `due` says otherwise."""
        self.client(client)
        last = instalments[-1][0] if instalments else on
        self.invoices[number] = Invoice(number, client, amount, on, due or last, currency, instalments)
        return self

    def disputed(self, invoice: str, on: date, amount: str | None = None) -> Self:
        """The client disputes an invoice, or an amount of it."""
        self.invoices[invoice] = replace(self.invoices[invoice], disputed_on=on, disputed_amount=amount)
        return self

    def paid(self, invoice: str, amount: str, on: date, *, written_off: bool = False) -> Self:
        """Money on an invoice, in its currency."""
        what = self.invoices[invoice]
        self.money.append(Money(self._next(), what.client, invoice, amount, on, what.currency, written_off))
        return self

    def on_account(self, client: str, amount: str, on: date, currency: str = "USD") -> Self:
        """Money of a client for no invoice yet."""
        self.client(client)
        self.money.append(Money(self._next(), client, None, amount, on, currency))
        return self

    def credited(
        self, number: str, client: str, amount: str, on: date, *, invoice: str | None = None, currency: str = "USD"
    ) -> Self:
        """A credit note."""
        self.client(client)
        self.credits.append(Credit(number, client, amount, on, currency, invoice))
        return self

    def _next(self) -> str:
        return f"P{len(self.money) + 1:05d}"
