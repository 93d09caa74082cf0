"""What goes wrong is kept by the engine as well: an error of the database must not carry names into it."""

import asyncio
import time

import pytest
from sqlalchemy import text

from tests.workflow.reading import everything_in
from tests.workflow.stage import DevServerStage

# PostgreSQL's own words about a broken constraint quote the whole row, and that row holds the names of clients.
BROKEN_RULE = "ALTER TABLE branch_results ADD CONSTRAINT never CHECK (false) NOT VALID"
FULL_DISK = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room left'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON branch_results FOR EACH ROW EXECUTE FUNCTION no_room();
"""


async def until_tried_again(stage: DevServerStage) -> None:
    """Until every branch has failed at least once."""
    give_up = time.monotonic() + 20
    while True:
        description = (await stage.handle.describe()).raw_description
        if {call.attempt > 1 for call in description.pending_activities} == {True}:
            return
        assert time.monotonic() < give_up, description
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("fault", "mend", "said"),
    [
        (FULL_DISK, "DROP TRIGGER full_disk ON branch_results", "no room left"),
        (BROKEN_RULE, "ALTER TABLE branch_results DROP CONSTRAINT never", "never"),
    ],
    ids=["full disk", "broken rule"],
)
async def test_a_failed_write_tells_the_history_why_but_not_whom_it_was_about(
    dev_stage: DevServerStage, fault: str, mend: str, said: str
) -> None:
    dev_stage.run(fault)
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        await until_tried_again(dev_stage)
        dev_stage.run(mend)
        await dev_stage.until_asked()
    written = everything_in(await dev_stage.history())
    assert said in written, "the failures must be in the history, or there is nothing to look at"
    with dev_stage.database.begin() as connection:
        names = connection.execute(text("SELECT name FROM clients UNION SELECT name FROM employees")).scalars().all()
    assert [name for name in names if name in written] == []
