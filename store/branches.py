"""Full results of branches. History carries only their digests."""

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from models.case import Branch
from models.evidence import digest
from store.tables import branch_results

Result = TypeVar("Result", bound=BaseModel)
Apart = dict[str, set[str]]


def save(
    connection: Connection, case_id: str, branch: Branch, result: BaseModel, *, at: datetime, apart: Apart | None = None
) -> str:
    """Keep a result and return its digest. The same result twice is kept once, with the time of the last.

    The digest is over all but the fields in `apart`, such as when a system was read: the newest of these are kept.
    """
    content = result.model_dump(mode="json")
    fingerprint = digest(result.model_dump(mode="json", exclude=apart) if apart else content)
    row = insert(branch_results).values(case_id=case_id, branch=branch, digest=fingerprint, result=content, at=at)
    news = {"at": at, "result": content} if apart else {"at": at}
    connection.execute(row.on_conflict_do_update(index_elements=["case_id", "branch", "digest"], set_=news))
    return fingerprint


def load(connection: Connection, case_id: str, branch: Branch, fingerprint: str, kind: type[Result]) -> Result:
    """Read a result back by its digest."""
    found = connection.execute(
        select(branch_results.c.result).where(
            branch_results.c.case_id == case_id,
            branch_results.c.branch == branch,
            branch_results.c.digest == fingerprint,
        )
    ).scalar_one()
    return kind.model_validate(found)
