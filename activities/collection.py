"""Following the money of a case: the books are read once a working day, and whatever is due then happens once."""

from datetime import date
from typing import NamedTuple

from temporalio import activity

from activities.beating import beating
from activities.collection_state import Books, CollectionState
from activities.collection_steps import take_steps
from activities.follow_up_audit import outcome_of
from activities.known_clients import check_known
from activities.messages import Post
from models.base import ClientId
from models.clearing import calendar_of, still_open
from models.collection import CollectionLook, CollectionOutcome, CollectionRound, MilestoneState
from models.errors import Unavailable
from models.open_items import OpenItem, Portion
from store import cases, collection, commission_holds, people
from store.database import Database
from systems.receivables.port import ReceivableSource


class _Asked(NamedTuple):
    """What one look asks the books: about whom, and as of which days: today first, then those of dates that came."""

    portions: dict[ClientId, Portion]
    days: tuple[date, ...]
    audited_on: date
    is_judging: bool


class CollectionActivities:
    """Reads `receivables`, keeps what happened in `database`, tells collectors by `post`."""

    def __init__(self, database: Database, receivables: ReceivableSource, post: Post | None = None) -> None:
        self._database = database
        self._receivables = receivables
        self._post = post

    @activity.defn(name="look_at_collection")
    def look_at_collection(self, asked: CollectionLook) -> CollectionRound:
        """Do what is due at a moment: judge dates by the books of their day, remind, release, end.

        What cannot be read stays open and is looked at again within the hour. A repeat changes nothing and tells
        nobody twice. Raises Unavailable when our own database does not answer.
        """
        with beating():
            question = self._question(asked)
            books: Books | None = None
            outcome, unread = None, None
            try:
                books, unread = self._read(question)
                outcome = self._outcome(asked.case_id, question, books)
            except Unavailable as silent:
                if _is_ours(silent):
                    raise
                books, unread = None, self._receivables.system
            with self._database.begin() as connection:
                done = take_steps(CollectionState(connection, asked, books, unread), outcome)
        if self._post:
            self._post.deliver(asked.case_id)
        return done

    def _question(self, asked: CollectionLook) -> _Asked:
        with self._database.begin() as connection:
            case = cases.get(connection, asked.case_id)
            calendar = calendar_of(people.get(connection, case.employee_id), case.policy)
            plans = [plan for plan in collection.plans_of(connection, case.id) if plan.ended_at is None]
            held = [each.client for each in commission_holds.of_case(connection, case.id) if not each.released_at]
            portions = collection.whole_clients(connection, held) | {plan.client: plan.portion for plan in plans}
        due = {
            calendar.local_day(each.due_at)
            for plan in plans
            for each in plan.milestones
            if each.state is MilestoneState.OPEN and each.due_at <= asked.at
        }
        today = calendar.local_day(asked.at)
        return _Asked(portions, (today, *sorted(due - {today})), case.plan.as_of, bool(due))

    def _read(self, question: _Asked) -> tuple[Books, str | None]:
        """The open items by day, and who did not tell those of a day before today: its dates stay open, and hold up
        nothing else. Some systems know a day for a while only. Who knows none of the clients has told nothing either.
        """
        books: dict[date, tuple[OpenItem, ...]] = {}
        unread = None
        for day in question.days if question.portions else ():
            try:
                with self._receivables.snapshot(question.portions, day) as found:
                    check_known(found.source)
                    books[day] = tuple(found.items())
            except Unavailable as silent:
                if not books or _is_ours(silent):
                    raise
                unread = self._receivables.system
        return books, unread

    def _outcome(self, case_id: str, question: _Asked, books: Books) -> CollectionOutcome | None:
        """Looked at when dates are judged, and when nothing is open any more."""
        if not books:
            return None
        today = question.days[0]
        left = still_open(books[today], question.audited_on).values()
        if not question.is_judging and any(amount > 0 for amount in left):
            return None
        return outcome_of(self._database, self._receivables, case_id, question.portions, books[today], today)


def _is_ours(silent: Unavailable) -> bool:
    """Our own database is silent, not the system of record: then nothing can be done at all."""
    return silent.detail.get("system") == "database"
