"""What people say of an alert reaches an open case of the person: another version of the report is made."""

from datetime import UTC, datetime

from models.warning import AlertState, Severity
from tests.workflow.alert_stage import AlertStage
from tests.workflow.stage import DevServerStage

COPIED = (
    "SELECT convert_from(document, 'UTF8')::jsonb -> 'domains' AS domains FROM reports ORDER BY version DESC LIMIT 1"
)
FEED = """
INSERT INTO activity_days (employee_id, day, kind, destination, events, records, updated_at)
VALUES ('P1', :day, 'export', '', 1, 3, now())
"""


def copied(stage: DevServerStage) -> str:
    """The score for copying of data in the newest version of the report."""
    (row,) = stage.rows(COPIED)
    return next(str(each["score"]) for each in row["domains"] if each["domain"] == "data_exfiltration")


async def test_a_confirmed_alert_makes_another_version_of_the_report(dev_stage: DevServerStage) -> None:
    today = datetime.now(UTC).date()
    dev_stage.run(FEED, day=today)
    alert = AlertStage(dev_stage)
    async with dev_stage.worker():
        await dev_stage.start()
        case = dev_stage.id
        first = await dev_stage.until_asked()
        assert copied(dev_stage) == "0.0"

        await alert.begin(severity=Severity.CRITICAL, mode="would_have", first=today, day=today)
        dev_stage.id = case
        await alert.until(lambda now: bool(now.waiting_on))
        await alert.decide(AlertState.CONFIRMED)
        await dev_stage.until(lambda now: now.report_version > first.report_version)
        assert copied(dev_stage) == "85.0"
    assert dev_stage.evidence("alert.joined") == ["alert.joined"]
