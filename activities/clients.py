"""The sales department's report in a departure: what does the leaver hold, and how safe is each client?"""

from datetime import UTC, date, datetime

from temporalio import activity

from activities.beating import beating
from models.base import EmployeeId
from models.case import Branch, BranchRequest
from models.client_risk import assess_book, gaps
from models.clients import BookOfBusiness, ClientSummary
from models.policy import Policy
from store import branches, cases, evidence
from store.database import Database
from store.effects import once
from systems.clients.port import ClientBook


class ClientActivities:
    """Reads clients from `clients`, keeps the result in `database`."""

    def __init__(self, database: Database, clients: ClientBook) -> None:
        self._database = database
        self._clients = clients

    @activity.defn(name="report_clients")
    def report_clients(self, request: BranchRequest) -> ClientSummary:
        """Report under the pinned policy of the case, keep the full result, return counts and its digest.

        Raises Unavailable while the client system does not answer. Repeating changes nothing.
        """
        with beating():
            with self._database.begin() as connection:
                policy = cases.get(connection, request.case_id).policy
            book = report_book(self._clients, request.employee_id, policy, request.as_of)
            return self._keep(request.case_id, book, datetime.now(UTC))

    def _keep(self, case_id: str, book: BookOfBusiness, at: datetime) -> ClientSummary:
        with self._database.begin() as connection:
            summary = ClientSummary(
                count=len(book.clients),
                at_risk=sum(line.at_risk for line in book.clients),
                open_opportunities=len(book.open_opportunities),
                digest=branches.save(connection, case_id, Branch.CLIENTS, book, at=at),
            )
            facts: dict[str, object] = summary.model_dump(mode="json")

            def record() -> tuple[None, dict[str, object]]:
                return None, {"seq": evidence.append(connection, case_id, "clients.reported", facts, at=at).seq}

            key = f"{case_id}/report/{summary.digest}"
            once(connection, key, case_id=case_id, request=facts, at=at, do=record)
        return summary


def report_book(clients: ClientBook, employee_id: EmployeeId, policy: Policy, as_of: date) -> BookOfBusiness:
    """The book of business of one person as of a day, with or without a case."""
    facts = clients.owned_by(employee_id, as_of)
    deals = clients.deals_of(employee_id)
    return BookOfBusiness(
        as_of=as_of,
        clients=assess_book(facts, policy.client_risk, as_of),
        open_opportunities=deals.open,
        won=deals.won,
        lost=deals.lost,
        won_value=deals.won_value,
        won_currency=deals.won_currency,
        gaps=gaps(facts, deals.won_currencies),
    )
