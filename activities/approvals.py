"""The approvals department: asks people, reminds them, hears what the hook stored, writes down what became of it."""

from datetime import UTC, datetime

from temporalio import activity

from activities.approval_records import (
    find_forged,
    find_unheard,
    record_carry_over,
    record_forgery,
    record_outcome,
    record_receipt,
    set_forged_aside,
)
from activities.approval_rounds import open_round, remind_round, reseat_round
from activities.messages import Links, Manners, Post
from models.approvals import (
    CarryOver,
    CollectDecisions,
    CollectedDecisions,
    GateRound,
    OpenedGates,
    OpenGates,
    RecordDecisions,
    RecordedDecisions,
    Remind,
    Reseat,
    Reseated,
)
from models.case import Phase
from models.errors import NobodyToAsk
from store import cases, decisions, delegations, gates, nudges
from store.database import Database
from store.decisions import DecisionState
from systems.mail.port import Mailer


class ApprovalActivities:
    """`link_secret` signs the links and marks the decisions; `public_url` is where the approval page answers.

    Every method may run twice with the same effect as once. Mail leaves after the commit and never holds a gate up.
    """

    def __init__(
        self, database: Database, mailer: Mailer, link_secret: str, public_url: str, manners: Manners | None = None
    ) -> None:
        self._database = database
        self._key = link_secret
        self._links = Links(link_secret, public_url)
        self._post = Post(database, mailer, self._links, manners)

    @activity.defn(name="open_gates")
    def open_gates(self, asked: OpenGates) -> OpenedGates:
        """Find who decides, open the rounds and ask; all gates of the request or none.

        A round that is open already is returned as it is. Raises NobodyToAsk when too few people may be asked, and
        keeps in mind that the case waits for them.
        """
        names = [ask.gate for ask in asked.asks]
        # First, and not after it failed: whoever comes in that moment must find it. What nobody waits for is no harm.
        with self._database.begin() as connection:
            cases.get(connection, asked.case_id)
            for name in names:
                nudges.note_vacancy(connection, asked.case_id, name, asked.at)
        with self._database.begin() as connection:
            case = cases.get(connection, asked.case_id, lock=True)
            if case.phase is Phase.ASSESSING:
                cases.set_phase(connection, case.id, Phase.APPROVING)
            rounds = tuple(open_round(connection, self._links, case, asked, ask) for ask in asked.asks)
            acting = delegations.delegates_of(connection, case.employee_id, asked.at)
            nudges.forget_vacancies(connection, asked.case_id, names)
        self._post.deliver(asked.case_id)
        return OpenedGates(rounds=rounds, barred=acting)

    @activity.defn(name="reseat_gates")
    def reseat(self, asked: Reseat) -> Reseated:
        """Who answers at the open gates by now? New rounds where these are other people, and word to those.

        What was re-seated already is returned as it is. A gate where too few people are left keeps its round.
        """
        rounds: list[GateRound] = []
        missing: list[str] = []
        with self._database.begin() as connection:
            case = cases.get(connection, asked.case_id, lock=True)
            acting = delegations.delegates_of(connection, case.employee_id, asked.at)
            for seat in asked.open:
                try:
                    renewed = reseat_round(connection, self._links, case, asked, seat)
                except NobodyToAsk:
                    missing.append(seat.gate)
                    nudges.note_vacancy(connection, case.id, seat.gate, asked.at)
                else:
                    rounds += [renewed] if renewed else []
                    nudges.forget_vacancies(connection, case.id, [seat.gate])
        self._post.deliver(asked.case_id)
        return Reseated(rounds=tuple(rounds), barred=acting, missing=tuple(missing))

    @activity.defn(name="note_carry_over")
    def note_carry_over(self, asked: CarryOver) -> None:
        """Note that a new version of the report changes nothing material: what was decided stands."""
        with self._database.begin() as connection:
            record_carry_over(connection, cases.get(connection, asked.case_id, lock=True), asked)

    @activity.defn(name="remind_approvers")
    def remind(self, asked: Remind) -> None:
        """Remind the people of a round that is still open; nothing happens when it is closed."""
        with self._database.begin() as connection:
            row = gates.of_round(connection, asked.case_id, asked.gate, asked.round)
            if row and row.closed_at is None:
                remind_round(connection, row, asked)
        self._post.deliver(asked.case_id)

    @activity.defn(name="collect_decisions")
    def collect_decisions(self, asked: CollectDecisions) -> CollectedDecisions:
        """Decisions that the hook stored for this round or one before it and that nobody has judged yet.

        Rows that it never wrote are named in the evidence and left out.
        """
        with self._database.begin() as connection:
            case = cases.get(connection, asked.case_id, lock=True)
            set_forged_aside(connection, self._key, case, asked.gate, datetime.now(UTC))
            waiting = tuple(
                stored.message()
                for stored in decisions.of_gate(connection, asked.case_id, asked.gate)
                if stored.state is DecisionState.STORED and stored.round <= asked.round
            )
        self._post.deliver(asked.case_id)
        return CollectedDecisions(decisions=waiting)

    @activity.defn(name="record_decisions")
    def record_decisions(self, asked: RecordDecisions) -> RecordedDecisions:
        """Write receipts and outcomes with their evidence, and tell the person who started the case.

        What counted must be a decision that the hook accepted, word for word. The answer names those that are not;
        their outcomes are not written. What was refused and never went through the hook is an anomaly, too.
        """
        with self._database.begin() as connection:
            case = cases.get(connection, asked.case_id, lock=True)
            forged = find_forged(connection, self._key, case, asked)
            gates = {receipt.gate for receipt in asked.receipts if receipt.decision_id in forged}
            unheard = find_unheard(connection, self._key, case, asked)
            for receipt in asked.receipts:
                if receipt.decision_id in forged | unheard:
                    record_forgery(connection, self._key, case, receipt.decision_id, receipt.gate, asked.at)
                else:
                    record_receipt(connection, case, receipt, asked.at)
            counted = {receipt.gate: receipt.decision_id for receipt in asked.receipts if receipt.counted}
            for outcome in asked.outcomes:
                if outcome.gate not in gates:
                    record_outcome(connection, self._links, case, outcome, counted.get(outcome.gate), asked.at)
        self._post.deliver(asked.case_id)
        return RecordedDecisions(forged=tuple(sorted(forged)))
