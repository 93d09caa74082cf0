"""Reads what the branches stored for a case and shapes it into the parts of a report."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import Connection, select

from models.access import AccessRecord
from models.amounts import tidy
from models.base import ClientId
from models.case import Branch
from models.clients import BookOfBusiness
from models.handover import SuccessorPlan, Transfer
from models.inventory import Inventory
from models.open_items import SOME_UNKNOWN
from models.reasons import Reason, because
from models.receivables import ReceivableAudit
from models.report import CaseReport, ReportAccess, ReportClients, ReportReceivables, ReportTransfer
from models.risk import Domain, DomainScore, DomainStatus
from models.scoring import (
    no_independent_ledger,
    score_access,
    score_clients,
    score_obligations,
    score_receivables,
    unknown,
    unreconciled,
)
from store import branches, tables
from store.silences import Silence

Result = TypeVar("Result", bound=BaseModel)


class CaseResults(NamedTuple):
    """Results of the branches; None stands for a branch that is unknown."""

    receivables: ReceivableAudit | None
    book: BookOfBusiness | None
    plan: SuccessorPlan | None
    access: AccessRecord | None
    inventory: Inventory | None

    @classmethod
    def read(cls, connection: Connection, case_id: str, digests: Mapping[str, str | None]) -> Self:
        """Read the results that `digests` names by branch; a branch that is missing or None is unknown."""

        def stored(branch: Branch, kind: type[Result]) -> Result | None:
            digest = digests.get(branch)
            return branches.load(connection, case_id, branch, digest, kind) if digest else None

        return cls(
            receivables=stored(Branch.RECEIVABLES, ReceivableAudit),
            book=stored(Branch.CLIENTS, BookOfBusiness),
            plan=stored(Branch.SUCCESSORS, SuccessorPlan),
            access=stored(Branch.ACCESS, AccessRecord),
            inventory=stored(Branch.INVENTORY, Inventory),
        )


def last_scores(previous: CaseReport | None) -> dict[Domain, Decimal | None]:
    """The score of each domain in the version before; empty before the first."""
    return {each.domain: each.score for each in previous.domains} if previous else {}


def score_domains(
    results: CaseResults,
    exfiltration: DomainScore,
    last_known: Mapping[Domain, Decimal | None],
    materiality: Decimal,
    *,
    last_day_over: bool,
) -> tuple[DomainScore, ...]:
    """Score every domain. An unknown one takes the score of the previous version along, when there is one."""

    def late(domain: Domain) -> DomainScore:
        return unknown(domain, last_known.get(domain))

    receivables, book, plan, access, inventory = results
    return (
        score_receivables(receivables, materiality) if receivables else late(Domain.RECEIVABLES),
        score_clients(book, plan, last_known.get(Domain.CLIENTS)) if book else late(Domain.CLIENTS),
        exfiltration,
        score_access(access) if access else late(Domain.ACCESS),
        score_obligations(inventory, overdue=last_day_over) if inventory else late(Domain.OBLIGATIONS),
    )


def gaps(
    results: CaseResults, domains: tuple[DomainScore, ...], silent: Iterable[Silence], zone: str
) -> tuple[Reason, ...]:
    """What the report does not know: late branches and since when their systems are silent (in the zone of the case),
    feeds that do not exist, sums that do not agree or prove little, clients that the system of record does not know.
    """
    first = [each.reasons[0] for each in domains if each.status is not DomainStatus.ASSESSED and each.reasons]
    first += [_silent(each, zone) for each in silent]
    money = _of_money(results.receivables) if results.receivables else ()
    return (*first, *money, *(results.book.gaps if results.book else ()))


def _of_money(found: ReceivableAudit) -> tuple[Reason, ...]:
    cannot = found.source.cannot if found.source else ()
    strangers = (each for each in cannot if each.code == SOME_UNKNOWN)
    return (*strangers, *unreconciled(found), *no_independent_ledger(found))


def receivables_part(result: ReceivableAudit | None, fingerprint: str | None) -> ReportReceivables | None:
    """The money, with the digest of its audit; None while it is unknown and when nothing is open."""
    if result is None or result.main is None:
        return None
    beside = {name: part for name, part in result if name not in ("main", "basis", "as_of")}
    return tidy(
        ReportReceivables(
            **dict(result.main), **beside, as_of=result.as_of, basis=result.basis, audit=fingerprint or ""
        )
    )


def clients_part(
    connection: Connection, book: BookOfBusiness | None, plan: SuccessorPlan | None
) -> ReportClients | None:
    """The book of business with a transfer a client and an open deal; None while the book is unknown."""
    if book is None:
        return None
    transfers = plan.transfers if plan else ()
    names = _client_names(connection, book, transfers)
    shown = [(each.kind, ReportTransfer.of(each, names.get(each.client_id or "", ""))) for each in transfers]
    return tidy(
        ReportClients(
            count=len(book.clients),
            at_risk=sum(line.at_risk for line in book.clients),
            open_opportunities=len(book.open_opportunities),
            won=book.won,
            lost=book.lost,
            won_value=book.won_value,
            won_currency=book.won_currency,
            lines=book.clients,
            transfers=tuple(each for kind, each in shown if kind == "client"),
            opportunity_transfers=tuple(each for kind, each in shown if kind != "client"),
            interim_owner=plan.interim_owner if plan else None,
        )
    )


def access_part(record: AccessRecord | None) -> ReportAccess | None:
    """Every step of the lockdown; None while it is unknown."""
    return ReportAccess(steps=record.steps, remaining=record.remaining) if record else None


def people_in(results: CaseResults) -> Iterator[str]:
    """Ids of the people whom the parts mention; some come more than once."""
    if results.plan:
        for transfer in results.plan.transfers:
            yield from (each for each in (transfer.successor, transfer.runner_up) if each)
        if results.plan.interim_owner:
            yield results.plan.interim_owner
    if results.book:
        for line in results.book.clients:
            owners = (line.facts.client.owner_id, line.facts.client.interim_owner_id)
            yield from (each for each in owners if each)


def _silent(each: Silence, zone: str) -> Reason:
    since = each.since.astimezone(ZoneInfo(zone))
    return because(
        "{system} has not answered since {day} {time} ({zone}).",
        system=each.system,
        day=since.date().isoformat(),
        time=f"{since:%H:%M}",
        zone=zone,
    )


def _client_names(connection: Connection, book: BookOfBusiness, transfers: tuple[Transfer, ...]) -> dict[ClientId, str]:
    """Names of the clients in the transfers: from the book, else (deals on other people's clients) from our tables."""
    known = {line.facts.client.id: line.facts.client.name for line in book.clients}
    missing = {each.client_id for each in transfers if each.client_id} - set(known)
    if not missing:
        return known
    clients = tables.clients
    rows = connection.execute(select(clients.c.id, clients.c.name).where(clients.c.id.in_(missing)))
    return known | {row.id: row.name for row in rows}
