"""What goes wrong is kept by the engine as well: an error of the database must not carry names into it."""

from datetime import timedelta

from sqlalchemy import text

from tests.workflow.reading import everything_in
from tests.workflow.stage import TestServerStage

FULL_DISK = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room left'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON branch_results FOR EACH ROW EXECUTE FUNCTION no_room();
"""


async def test_a_failed_write_tells_the_history_why_but_not_whom_it_was_about(stage: TestServerStage) -> None:
    stage.run(FULL_DISK)
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="hold"))
        await stage.pass_time(timedelta(seconds=10))  # some attempts fail
        stage.run("DROP TRIGGER full_disk ON branch_results")
        await stage.pass_time(timedelta(seconds=70))
        await stage.until_asked()
    written = everything_in(await stage.history())
    assert "no room left" in written, "the failures must be in the history, or there is nothing to look at"
    with stage.database.begin() as connection:
        names = connection.execute(text("SELECT name FROM clients UNION SELECT name FROM employees")).scalars().all()
    assert [name for name in names if name in written] == []
