"""The finance department's hand in a departure: what do the leaver's clients owe, and how safe is it?"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection
from temporalio import activity

from activities.beating import beating
from models.amounts import ZERO
from models.case import Branch, BranchRequest
from models.policy import Policy
from models.receivable_audit import audit
from models.receivables import CurrencyAudit, ReceivableAudit, ReceivableSummary
from store import branches, cases, evidence
from store.database import Database
from store.effects import once
from systems.receivables.port import ReceivableSource


class ReceivableActivities:
    """Reads receivables from `receivables`, keeps the result in `database`."""

    def __init__(self, database: Database, receivables: ReceivableSource) -> None:
        self._database = database
        self._receivables = receivables

    @activity.defn(name="audit_receivables")
    def audit_receivables(self, request: BranchRequest) -> ReceivableSummary:
        """Audit under the pinned policy of the case, keep the full result, return totals and its digest.

        Raises `Unavailable` while the receivables system does not answer. Repeating changes nothing.
        """
        with beating():
            with self._database.begin() as connection:
                policy = cases.get(connection, request.case_id).policy
            result = audit_owner(self._receivables, request.employee_id, policy, request.as_of)
            with self._database.begin() as connection:
                digest = _keep(connection, request.case_id, result, datetime.now(UTC))
        return _summary(result, digest)


def audit_owner(source: ReceivableSource, owner_id: str, policy: Policy, as_of: date) -> ReceivableAudit:
    """Audit what the clients of one salesperson owe as of a date, with or without a case."""
    position = source.position(owner_id, as_of)
    return audit(position.open_items, position.ledger_balances, policy.ageing, as_of)


def _keep(connection: Connection, case_id: str, result: ReceivableAudit, at: datetime) -> str:
    digest = branches.save(connection, case_id, Branch.RECEIVABLES, result, at=at)
    facts = _facts(result, digest)

    def record() -> tuple[None, dict[str, Any]]:
        entry = evidence.append(connection, case_id, "receivables.audited", facts, at=at)
        return None, {"seq": entry.seq}

    once(connection, f"{case_id}/audit/{digest}", case_id=case_id, request=facts, at=at, do=record)
    return digest


def _facts(result: ReceivableAudit, digest: str) -> dict[str, object]:
    found = [result.main, *result.others] if result.main else []
    return {
        "digest": digest,
        "as_of": result.as_of.isoformat(),
        "basis": result.basis.value,
        "currencies": [_currency_facts(each) for each in found],
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
        reconciled=all(each.reconciled for each in (main, *result.others) if each),
        digest=digest,
    )
