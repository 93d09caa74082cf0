"""What follows from a prediction, all of it: HR is told, once in a while, that a talk may be worth it (features B9)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection
from temporalio import activity

from activities.beating import beating
from models.approvals import Ladder
from models.approvers import Question, choose, line_above
from models.errors import NobodyToAsk
from models.people import Employee, Role
from models.scan import TALK_EVERY_DAYS, SuggestedTalks, SuggestTalks
from store import chart, outbox, scores, talks
from store.aliases import alias_of
from store.database import Database
from store.outbox import MessageKind, Tidings

# Nobody learns of a prediction about somebody whom they sell beside or command; HR alone is told.
TOLD = Role.HRBP


class TalkActivities:
    """Puts suggestions into the outbox; whoever sends mail sends them from there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="suggest_talks")
    def suggest_talks(self, asked: SuggestTalks) -> SuggestedTalks:
        """Tell an HR business partner about every high prediction of a day, once a person in TALK_EVERY_DAYS.

        The message names a pseudonym. A repeat, and a scan of an earlier day, tell nobody again.
        """
        suggested = nobody = 0
        with self._database.begin() as connection, beating() as progress:
            talks.one_at_a_time(connection)
            told = talks.told_since(connection, asked.as_of - timedelta(days=TALK_EVERY_DAYS))
            high = [person for person in scores.high(connection, asked.as_of) if person not in told]
            around = chart.around(connection, high, [TOLD])
            for person in high:
                found = _suggest(connection, person, around, asked.as_of)
                suggested, nobody = suggested + found, nobody + (not found)
                progress(suggested, nobody)
        return SuggestedTalks(suggested=suggested, nobody_to_ask=nobody)


def _suggest(connection: Connection, person: str, around: Mapping[str, Employee], day: date) -> bool:
    bosses = frozenset(line_above(around, [person]))  # a small company's manager may be its HR as well
    question = Question(role=TOLD, ladder=Ladder.APPROVER, leaver=person, fallback_role=TOLD, barred=bosses)
    try:
        recipient = choose(question, around).approver
    except NobodyToAsk:
        return False
    now = datetime.now(UTC)
    talk = talks.add(connection, person, alias_of(connection, person), day, recipient, at=now)
    outbox.put(connection, talk.id, recipient, MessageKind.TALK, Tidings(), key="talk", at=now)
    return True
