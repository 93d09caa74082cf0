"""What became of a case, without everything that only says when: to be compared with a case that nothing disturbed."""

import mailbox
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

from models.case import Phase
from services.branches import verify_evidence
from store import cases, evidence, reports
from store.database import Database
from store.tables import clients, employees, entitlements, invoices, opportunities, outbox, tasks

# Moments, what is computed from moments, and how often a report was made on the way to the last one.
# The follow-up of the money is a workflow of its own: whether it has looked before the last report is a matter of time.
FOLLOWED_UP = {"open_now", "ended_at"}
WHEN = FOLLOWED_UP | {
    "at",
    "made_at",
    "read_at",
    "started_at",
    "due_at",
    "digest",
    "head",
    "entries",
    "round",
    "changes",
}

OWNERSHIP = text("""
SELECT client_id, owner_id, interim, case_id, since, until,
    lead(since) OVER (PARTITION BY client_id ORDER BY since, id) AS next_since
FROM client_ownership ORDER BY client_id, since, id
""")


@dataclass
class Outcome:
    """One closed case. `attempts` is the highest attempt of each activity, `troubles` are failed workflow tasks."""

    phase: Phase
    report: dict[str, Any]
    evidence: Counter[str]
    chain_holds: bool
    calls: Counter[str] = field(default_factory=Counter)
    attempts: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    versions: int = 0
    finished: bool = False


async def outcome(database: Database, client: Client, case_id: str) -> Outcome:
    """Read what is on record about a case, and its history."""
    chain = verify_evidence(database, case_id)
    with database.begin() as connection:
        report = reports.load(connection, case_id)
        found = Outcome(
            phase=cases.get(connection, case_id).phase,
            report=_timeless(report.model_dump(mode="json", exclude={"version"})),
            evidence=Counter(entry.kind for entry in evidence.read(connection, case_id)),
            chain_holds=chain.ok,
            versions=report.version,
        )
    handle = client.get_workflow_handle(case_id)
    found.finished = (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
    await _read_history(found, client, case_id)
    return found


def comparable(one: Outcome, other: Outcome) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both last reports, with the versions that were voted on numbered alike.

    A branch that came late, because a server was killed or slow, makes one version more, and who votes after it votes
    on that version. Only where the numbers of versions differ, votes on the surplus ones count as votes on the last
    that both have; the newest of each is the final report, on which nobody votes.
    """
    if one.versions == other.versions:
        return one.report, other.report
    last = min(one.versions, other.versions) - 1
    return _numbered_up_to(last, one.report), _numbered_up_to(last, other.report)


def _numbered_up_to(last: int, report: dict[str, Any]) -> dict[str, Any]:
    def up_to(version: int | None) -> int | None:
        return min(version, last) if version else version

    gates = [
        gate
        | {"carried_over_from": up_to(gate["carried_over_from"])}
        | {"votes": [vote | {"version": up_to(vote["version"])} for vote in gate["votes"]]}
        for gate in report["approvals"]
    ]
    return report | {"approvals": gates}


async def _read_history(found: Outcome, client: Client, case_id: str) -> None:
    scheduled: dict[int, str] = {}
    history = await client.get_workflow_handle(case_id).fetch_history()
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            kind = event.activity_task_scheduled_event_attributes.activity_type.name
            scheduled[event.event_id] = kind
            found.calls[kind] += 1
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            started = event.activity_task_started_event_attributes
            kind = scheduled[started.scheduled_event_id]
            found.attempts[kind] = max(found.attempts.get(kind, 0), started.attempt)
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            found.troubles.append(str(event.workflow_task_failed_event_attributes))


def _timeless(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _timeless(value) for name, value in part.items() if name not in WHEN}
    return [_timeless(each) for each in part] if isinstance(part, list) else part


def books(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The company after all cases: who owns, collects, may and has to do what."""
    wanted = {
        "employees": select(employees.c.id, employees.c.status),
        "clients": select(clients.c.id, clients.c.owner_id, clients.c.interim_owner_id),
        "deals": select(opportunities.c.id, opportunities.c.owner_id, opportunities.c.status),
        "items": select(invoices.c.id, invoices.c.collector_id),
        "rights": select(entitlements.c.id, entitlements.c.state),
        "tasks": select(tasks.c.id, tasks.c.kind, tasks.c.subject, tasks.c.owner_id, tasks.c.outcome),
    }
    with database.begin() as connection:
        return {
            name: [tuple(row) for row in connection.execute(query.order_by(query.selected_columns[0]))]
            for name, query in wanted.items()
        }


def ownership(database: Database) -> dict[str, list[tuple[str, bool, str | None]]]:
    """Owner after owner of every client. Fails when two terms do not touch end to end, or none is open."""
    found: dict[str, list[tuple[str, bool, str | None]]] = {}
    with database.begin() as connection:
        for row in connection.execute(OWNERSHIP):
            assert row.until == row.next_since, f"{row.client_id}: {row.until} is followed by {row.next_since}"
            found.setdefault(row.client_id, []).append((row.owner_id, row.interim, row.case_id))
    return found


def letters(home: Path) -> Counter[str]:
    """How often each letter lies in the mail folder, by its Message-ID."""
    box = mailbox.Maildir(home / "mail", create=False)
    return Counter(str(letter["Message-ID"]) for letter in box)


def letters_due(database: Database) -> tuple[int, int]:
    """How many letters our books hold, and how many of them have not left."""
    with database.begin() as connection:
        rows = connection.execute(select(outbox.c.sent_at)).scalars().all()
    return len(rows), sum(sent is None for sent in rows)
