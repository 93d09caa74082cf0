"""The one door for decisions, used by the page, the API and the command.

A decision is written to our database before the engine hears of it. The engine is then told by an Update, which
answers; when nobody answers in time, by a Signal, which waits in the engine. When the engine is down it is told again
later (web/redelivery.py), and the workflow reads what is stored at the deadline. So a stored decision is never lost and
never counts twice.
"""

import asyncio
from datetime import datetime

from models.approvals import Verdict
from models.errors import Unavailable
from store.database import Database
from web import ledger
from web.answers import Answer, DoorResult, Standing
from web.engine import ClientProvider, tell


async def decide(  # noqa: PLR0913  (the fields of a decision)
    database: Database,
    client: ClientProvider,
    *,
    case_id: str,
    gate: str,
    verdict: Verdict,
    by: str,
    note: str = "",
    report_digest: str | None = None,
    now: datetime,
) -> DoorResult:
    """Take one decision. The deadline is judged by `now`, the time of acceptance.

    Raises Unavailable when our database does not answer; then nothing was recorded. Everything else is a result.
    """
    answer = Answer(
        case_id=case_id, gate=gate, verdict=verdict, by=by, note=note.strip(), report_digest=report_digest, now=now
    )
    taken = await asyncio.to_thread(ledger.take, database, answer)
    if isinstance(taken, DoorResult):
        return taken
    receipt = await tell(client, case_id, taken.message())
    if receipt is None:
        return ledger.on_record(answer, taken, Standing.STORED)
    try:
        return await asyncio.to_thread(ledger.settle, database, answer, taken, receipt)
    except Unavailable:
        # The decision was stored and the engine has answered: only our note of the answer is missing.
        said = Standing.COUNTED if receipt.counted else Standing.REFUSED
        return ledger.on_record(answer, taken, said, receipt.refusal, receipt.decided_by)
