"""The one door for decisions, used by the page, the API, the web hook for machines and the command.

A decision is written to our database before the engine hears of it. The engine is then told by an Update, which
answers; when nobody answers in time, by a Signal, which waits in the engine. When the engine is down it is told again
later (web/redelivery.py), and the workflow reads what is stored at the deadline. So a stored decision is never lost and
never counts twice.
"""

import asyncio
from datetime import datetime

from models.approvals import Verdict, Via
from models.errors import Unavailable
from store.database import Database
from web.door import ledger
from web.door.answers import Answer, DoorResult, Standing
from web.door.engine import ClientProvider, tell


async def decide(  # noqa: PLR0913  (the fields of a decision)
    database: Database,
    client: ClientProvider,
    *,
    key: str,
    case_id: str,
    gate: str,
    verdict: Verdict,
    by: str,
    for_id: str | None = None,
    via: Via,
    note: str = "",
    report_digest: str | None = None,
    round: int | None = None,  # noqa: A002  (the word for it)
    number: int | None = None,
    now: datetime,
) -> DoorResult:
    """Take one decision. The deadline is judged by `now`, the time of acceptance; `key` is the secret of the hook.

    `round` and `number` are those of the form that was pressed, `for_id` whose seat it is. Raises Unavailable when our
    database does not answer; then nothing was recorded. Everything else is a result.
    """
    answer = Answer(
        case_id=case_id,
        gate=gate,
        verdict=verdict,
        by=by,
        for_id=for_id,
        via=via,
        note=note.strip(),
        report_digest=report_digest,
        round=round,
        number=number,
        now=now,
    )
    taken = await asyncio.to_thread(ledger.take, database, key, answer)
    if isinstance(taken, DoorResult):
        return taken
    receipt = await tell(client, case_id, taken.message())
    if receipt is None:
        return ledger.on_record(answer, taken, Standing.STORED)
    try:
        return await asyncio.to_thread(ledger.settle, database, answer, taken, receipt)
    except Unavailable:
        # The decision was stored and the engine has answered: only our note of the answer is missing.
        return ledger.told(answer, taken, receipt)
