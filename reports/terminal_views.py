"""The view of each kind of answer: from plain JSON to tables and sentences in the reader's language."""

from collections.abc import Callable
from typing import Any

from reports.terminal_alerts import (
    show_alert,
    show_alert_decided,
    show_alerts,
    show_effectiveness,
    show_revealed,
    show_watchlist,
)
from reports.terminal_approvals import (
    show_delegation,
    show_delegations,
    show_inbox,
    show_preferences,
    show_question,
)
from reports.terminal_audit import show_audit
from reports.terminal_audits import show_audits
from reports.terminal_branches import show_access, show_evidence, show_handover
from reports.terminal_cases import show_cases, show_decision, show_progress, show_started, show_timeline
from reports.terminal_collection import show_collection, show_letter, show_letters
from reports.terminal_explanation import show_explanation
from reports.terminal_late_payment import show_payment_card, show_payment_evaluation, show_payment_training
from reports.terminal_models import show_card, show_evaluation, show_training
from reports.terminal_preview import show_preview
from reports.terminal_scans import show_backfill, show_scan, show_scan_run, show_schedule
from reports.terminal_scores import show_score
from reports.terminal_stack import show_demo, show_findings, show_import, show_sample, show_stack, show_system
from reports.terminal_tables import Blocks
from reports.terminal_words import Words

VIEWS: dict[str, Callable[[Any, Words], Blocks]] = {
    "stack": show_stack,
    "findings": show_findings,
    "system": show_system,
    "import": show_import,
    "cases": show_cases,
    "progress": show_progress,
    "started": show_started,
    "preview": show_preview,
    "timeline": show_timeline,
    "decision": show_decision,
    "inbox": show_inbox,
    "question": show_question,
    "delegation": show_delegation,
    "delegations": show_delegations,
    "preferences": show_preferences,
    "audit": show_audit,
    "audits": show_audits,
    "explanation": show_explanation,
    "collection": show_collection,
    "letters": show_letters,
    "letter": show_letter,
    "handover": show_handover,
    "access": show_access,
    "evidence": show_evidence,
    "sample": show_sample,
    "demo": show_demo,
    "scan": show_scan,
    "scan_run": show_scan_run,
    "schedule": show_schedule,
    "backfill": show_backfill,
    "score": show_score,
    "training": show_training,
    "payment_training": show_payment_training,
    "payment_evaluation": show_payment_evaluation,
    "payment_card": show_payment_card,
    "evaluation": show_evaluation,
    "card": show_card,
    "alerts": show_alerts,
    "alert": show_alert,
    "alert_decided": show_alert_decided,
    "revealed": show_revealed,
    "effectiveness": show_effectiveness,
    "watchlist": show_watchlist,
}
