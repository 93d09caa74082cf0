"""When clients are expected to pay what is open: by a model where it beats their past, else by their past alone."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from models.base import ClientId, Value
from models.reasons import Reason


class ForecastMethod(StrEnum):
    """`model`: trained on the company's own invoices, better than the past late rate there; else `past_late_rate`."""

    MODEL = "model"
    PAST_LATE_RATE = "past_late_rate"


class ClientForecast(Value):
    """What one client is expected to pay in one currency: money in within 30, 60 and 90 days of the day asked.

    `open` is what the client owes, credits left out. `late_probability` and `expected_days_late` are weighted by
    amount: the chance that money comes after its due date, and the days after it, those that have passed among them.
    `observations` are settled invoices known.
    """

    client: ClientId
    currency: str
    open: Decimal
    expected_days_late: Decimal
    cash_30: Decimal
    cash_60: Decimal
    cash_90: Decimal
    late_probability: Decimal
    observations: int
    reasons: tuple[Reason, ...] = ()

    @property
    def money_days(self) -> Decimal:
        """Money x days that it comes too late: what waiting for this client costs, before any rate of interest."""
        return self.open * self.expected_days_late


class CurrencyForecast(Value):
    """What is expected of all clients together in one currency."""

    currency: str
    open: Decimal
    cash_30: Decimal
    cash_60: Decimal
    cash_90: Decimal


class PaymentForecast(Value):
    """The forecast of a whole book; credits take no part. `clients` come in the order of work, currency by currency.

    The currency with most clients comes first. `totals` hold one entry a currency. No clients and a reason: there is
    too little history to say anything, which is not zero.
    """

    as_of: date
    method: ForecastMethod
    model_version: str | None = None
    clients: tuple[ClientForecast, ...] = ()
    totals: tuple[CurrencyForecast, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def order_of_work(self, currency: str) -> tuple[ClientForecast, ...]:
        """Whom to call first: by money x expected days late. Amounts of two currencies are never compared."""
        found = (each for each in self.clients if each.currency == currency)
        return tuple(sorted(found, key=lambda each: (-each.money_days, each.client)))
