"""What follows from a prediction, all of it: HR is told, once in a while, that a talk may be worth it (features B9)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from temporalio import activity

from activities.beating import beating
from models.approvals import Ladder
from models.approvers import Question, choose
from models.errors import NobodyToAsk
from models.people import Employee, Role
from models.scan import TALK_EVERY_DAYS, SuggestedTalks, SuggestTalks
from store import chart, outbox, scores, talks
from store.aliases import alias_of
from store.database import Database
from store.outbox import MessageKind, Tidings
from store.policies import load_warning_policy

# Nobody learns of a prediction about somebody whom they sell beside or command; HR alone is told.
TOLD = Role.HRBP


class TalkActivities:
    """Puts suggestions into the outbox; whoever sends mail sends them from there."""

    def __init__(self, database: Database, policy_dir: Path | None = None) -> None:
        self._database = database
        self._policy_dir = policy_dir

    @activity.defn(name="suggest_talks")
    def suggest_talks(self, asked: SuggestTalks) -> SuggestedTalks:
        """Tell an HR business partner about every high prediction of a day, once a person in TALK_EVERY_DAYS.

        The message names a pseudonym. A repeat, and a scan of an earlier day, tell nobody again.
        """
        suggested = nobody = 0
        role = load_warning_policy(folder=self._policy_dir).triage.role
        with self._database.begin() as connection, beating() as progress:
            talks.one_at_a_time(connection)
            told = talks.told_since(connection, asked.as_of - timedelta(days=TALK_EVERY_DAYS))
            high = [person for person in scores.high(connection, asked.as_of) if person not in told]
            around = chart.around(connection, high, [role, TOLD])
            for person in high:
                found = _suggest(connection, _question(role, person), around, asked.as_of)
                suggested, nobody = suggested + found, nobody + (not found)
                progress(suggested, nobody)
        return SuggestedTalks(suggested=suggested, nobody_to_ask=nobody)


def _question(role: Role, person: str) -> Question:
    return Question(role=role, ladder=Ladder.APPROVER, leaver=person, fallback_role=TOLD)


def _suggest(connection: Connection, question: Question, around: Mapping[str, Employee], day: date) -> bool:
    try:
        recipient = choose(question, around).approver
    except NobodyToAsk:
        return False
    person, now = question.leaver, datetime.now(UTC)
    talk = talks.add(connection, person, alias_of(connection, person), day, recipient, at=now)
    outbox.put(connection, talk.id, recipient, MessageKind.TALK, Tidings(), key="talk", at=now)
    return True
