"""What an audit knows beside open items: who holds which part, what our own books say, and what the past says."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from activities.known_clients import believed
from activities.receivable_past import Past, windows_of, with_earlier
from early_warning.late_payment import forecast
from early_warning.late_payment_registry import promoted
from models.ageing import AgeingPolicy, RatesFrom
from models.base import EmployeeId
from models.commission import CLAWBACK_AGREEMENT, EarnedCommission, exposure
from models.loss_history import observed_rates
from models.open_items import OpenItem, Portions
from models.policy import Policy
from models.receivable_audit import AuditFacts, audit
from models.receivables import CommissionExposure, RateTable, ReceivableAudit
from store import debtors, loss_experience, people
from store.debtors import DebtorFacts
from store.receivable_book import portions_of, portions_of_all
from systems.receivables.port import Snapshot


class Commissions(NamedTuple):
    """What a leaver has earned, where they work, and whether they signed that it may be claimed back."""

    earned: tuple[EarnedCommission, ...] = ()
    country: str | None = None
    signed: bool = False


class Books(NamedTuple):
    """What our database says about one salesperson's clients.

    `observed` are loss rates of the company's past; `model` forecasts when clients pay, None without one.
    """

    portions: Portions
    debtors: DebtorFacts = DebtorFacts({}, {}, ())
    observed: tuple[RateTable, ...] = ()
    commissions: Commissions = Commissions()
    model: bytes | None = None

    def facts(self) -> AuditFacts:
        """What an audit can know without a look at items and at the past."""
        return AuditFacts(
            segments=self.debtors.segments,
            singly=self.debtors.singly,
            portions=self.portions,
            observed=self.observed,
            quotes=self.debtors.quotes,
        )


def books_of(
    connection: Connection,
    employee_id: EmployeeId,
    policy: Policy,
    as_of: date,
    portions: Portions | None = None,
    *,
    at: datetime | None = None,
) -> Books:
    """Read our side of an audit in one transaction.

    `portions` are given where they are not those of today: after a handover the clients are somebody else's.
    With `at`, which is now, what had to be worked out of the past is kept for the next; else nothing is written.
    """
    portions = portions_of(connection, employee_id) if portions is None else portions
    return Books(
        portions=portions,
        debtors=debtors.facts_of(connection, portions, as_of),
        observed=loss_experience.rates_of(connection, policy.ageing, as_of, at),
        commissions=Commissions(
            earned=debtors.commissions_of(connection, employee_id, as_of),
            country=people.get(connection, employee_id).country or None,
            signed=debtors.has_signed(connection, employee_id, CLAWBACK_AGREEMENT, as_of),
        ),
        model=promoted(connection),
    )


def books_of_all(connection: Connection, policy: Policy, as_of: date) -> dict[EmployeeId, Books]:
    """The same of everybody who has clients, without what is looked at for one person alone: commission and forecast.

    Rates of the past are read only where they make the loss.
    """
    held = portions_of_all(connection)
    every = debtors.facts_of(connection, {client for portions in held.values() for client in portions}, as_of)
    past = policy.ageing.rates is RatesFrom.HISTORY
    observed = loss_experience.rates_of(connection, policy.ageing, as_of) if past else ()
    return {employee: Books(portions, every, observed) for employee, portions in held.items()}


def audit_snapshot(snapshot: Snapshot, books: Books, past: Past, policy: Policy, as_of: date) -> ReceivableAudit:
    """Audit what a snapshot holds, with everything that our books and the past say beside it.

    Raises Unavailable when the system knows none of the clients: that nothing is open there says nothing.
    """
    note = believed(snapshot.source)
    lines, ledger = snapshot.lines(policy.ageing), snapshot.ledger()
    open_in = {line.currency for line in lines}
    facts = books.facts()._replace(
        observed=_rates_beside(open_in, books.observed, policy.ageing, as_of),
        windows=windows_of(past, books.portions, as_of),
        forecast=forecast(snapshot.items(), past.invoices, as_of, books.model) if past.invoices else None,
        commission=_exposure(snapshot.items(), books.commissions, policy, as_of) if books.commissions.earned else None,
    )
    more = tuple(each for each in past.cannot if each not in note.cannot)
    note = note.model_copy(update={"cannot": note.cannot + more})
    result = audit(lines, ledger, facts, policy.ageing, as_of, source=note)
    return with_earlier(result, past, books.portions)


def _rates_beside(
    currencies: set[str], observed: tuple[RateTable, ...], ageing: AgeingPolicy, as_of: date
) -> tuple[RateTable, ...]:
    """A table for every currency that is open. One without a past says so, with the rates of the policy beside it."""
    known = {table.currency: table for table in observed}
    until = loss_experience.last_day_before(as_of)
    return tuple(known.get(each) or observed_rates((), ageing, each, until) for each in sorted(currencies))


def _exposure(items: Iterable[OpenItem], known: Commissions, policy: Policy, as_of: date) -> CommissionExposure:
    unpaid = {item.document for item in items if item.outstanding > 0}
    return exposure(known.earned, unpaid, policy.commission, country=known.country, signed=known.signed, as_of=as_of)
