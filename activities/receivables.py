"""The finance department's hand in a departure: what do the leaver's clients owe, and how safe is it?"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection
from temporalio import activity

from activities.beating import beating
from activities.receivable_facts import Books, audit_snapshot, books_of
from activities.receivable_past import past_of
from models.amounts import ZERO
from models.case import Branch, BranchRequest
from models.errors import Unavailable
from models.policy import Policy
from models.receivables import CurrencyAudit, ReceivableAudit, ReceivableSummary
from store import audited_items, branches, cases, evidence, silences
from store.database import Database
from store.effects import once
from systems.receivables.port import ReceivableSource, Snapshot

# When a system was read does not change what was found: the same figures have the same digest. Nor do these numbers:
# where they differ, a sentence of `cannot` says it.
READ_TIME = {"source": {"read_at", "asked", "known"}}


class ReceivableActivities:
    """Reads receivables from `receivables`, keeps the result in `database`."""

    def __init__(self, database: Database, receivables: ReceivableSource) -> None:
        self._database = database
        self._receivables = receivables

    @activity.defn(name="audit_receivables")
    def audit_receivables(self, request: BranchRequest) -> ReceivableSummary:
        """Audit under the pinned policy of the case, keep the full result and its items, return totals and its digest.

        Raises `Unavailable` while the receivables system does not answer or knows none of the clients, and writes down
        since when. Repeating changes nothing.
        """
        with beating():
            with self._database.begin() as connection:
                policy = cases.get(connection, request.case_id).policy
                books = books_of(connection, request.employee_id, policy, request.as_of, at=datetime.now(UTC))
            try:
                return self._audit(request, books, policy)
            except Unavailable as silent:
                self._note(request.case_id, silent)
                raise

    def _audit(self, request: BranchRequest, books: Books, policy: Policy) -> ReceivableSummary:
        past = past_of(self._receivables, books.portions, policy.ageing, request.as_of)
        with self._receivables.snapshot(books.portions, request.as_of) as snapshot:
            result = audit_snapshot(snapshot, books, past, policy, request.as_of)
            # Figures, items and proof become true together, in one transaction: whatever dies leaves nothing half.
            with self._database.begin(patient=True) as connection:
                digest = _keep(connection, request.case_id, result, snapshot, datetime.now(UTC))
        return _summary(result, digest)

    def _note(self, case_id: str, silent: Unavailable) -> None:
        system, reason = silent.detail.get("system", self._receivables.system), silent.detail.get("reason", "")
        if system == "database":
            return  # ours: it cannot write down that it is silent
        with self._database.begin() as connection:
            silences.begin(connection, case_id, Branch.RECEIVABLES, system, reason, at=datetime.now(UTC))


def audit_owner(source: ReceivableSource, books: Books, policy: Policy, as_of: date) -> ReceivableAudit:
    """Audit what the clients of one salesperson owe as of a day, without a case. `books` is what we know of them.

    Raises `Unavailable` as the port does, and when the system knows none of the clients.
    """
    past = past_of(source, books.portions, policy.ageing, as_of)
    with source.snapshot(books.portions, as_of) as snapshot:
        return audit_snapshot(snapshot, books, past, policy, as_of)


def _keep(connection: Connection, case_id: str, result: ReceivableAudit, snapshot: Snapshot, at: datetime) -> str:
    digest = branches.save(connection, case_id, Branch.RECEIVABLES, result, at=at, apart=READ_TIME)
    silences.end(connection, case_id, Branch.RECEIVABLES)
    found = _facts(result, digest)

    def record() -> tuple[None, dict[str, Any]]:
        items = audited_items.save(connection, case_id, digest, snapshot.items())
        entry = evidence.append(connection, case_id, "receivables.audited", found | _read(result, items), at=at)
        return None, {"seq": entry.seq}

    once(connection, f"{case_id}/audit/{digest}", case_id=case_id, request=found, at=at, do=record)
    return digest


def _read(result: ReceivableAudit, items: str) -> dict[str, object]:
    """Where and when the figures were read, and the digest of the open items behind them."""
    source = result.source
    return {
        "system": source.system if source else "",
        "read_at": source.read_at.isoformat() if source else "",
        "items": items,
    }


def _facts(result: ReceivableAudit, digest: str) -> dict[str, object]:
    return {
        "digest": digest,
        "as_of": result.as_of.isoformat(),
        "basis": result.basis.value,
        "currencies": [_currency_facts(each) for each in result.currencies],
    }


def _currency_facts(found: CurrencyAudit) -> dict[str, object]:
    return {
        "currency": found.currency,
        "open_items": found.open_items,
        "disputed_items": found.disputed_items,
        "total": str(found.total),
        "overdue": str(found.overdue),
        "expected_credit_loss": str(found.expected_credit_loss),
        "reconciled": found.reconciled,
    }


def _summary(result: ReceivableAudit, digest: str) -> ReceivableSummary:
    main = result.main
    return ReceivableSummary(
        currency=main.currency if main else None,
        total=main.total if main else ZERO,
        overdue=main.overdue if main else ZERO,
        expected_credit_loss=main.expected_credit_loss if main else ZERO,
        open_items=main.open_items if main else 0,
        reconciled=all(each.reconciled for each in result.currencies),
        digest=digest,
    )
