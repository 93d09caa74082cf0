"""Clearing plans and their dates as rows: who collects what of which client, and how each date went."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, bindparam, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from models.base import ClientId, EmployeeId, Moment
from models.case import Branch
from models.collection import ClearingPlan, FollowUp, Milestone, MilestoneState
from models.open_items import LedgerKey, Portion
from models.receivables import ReceivableAudit
from store import commission_holds, confirmations
from store.among import among
from store.tables import branch_results, clearing_plans, client_shares, clients, milestones


class PlanRow(ClearingPlan):
    """A plan with what only we need of it: the part of the client that it is about, and when it was made."""

    portion: Portion
    made_at: Moment
    reminded: dict[int, Moment] = {}

    @property
    def account(self) -> LedgerKey:
        """The account that it is about."""
        return LedgerKey(self.client, self.currency)

    def shown(self) -> ClearingPlan:
        """The plan as reports and people see it."""
        return ClearingPlan(**{name: getattr(self, name) for name in ClearingPlan.model_fields})


def newest_audit(connection: Connection, case_id: str) -> tuple[str, ReceivableAudit] | None:
    """The digest and the content of the newest audit of a case; None while there is none."""
    row = connection.execute(
        select(branch_results.c.digest, branch_results.c.result)
        .where(branch_results.c.case_id == case_id, branch_results.c.branch == Branch.RECEIVABLES)
        .order_by(branch_results.c.at.desc(), branch_results.c.digest)
        .limit(1)
    ).one_or_none()
    return (row.digest, ReceivableAudit.model_validate(row.result)) if row else None


def follow_up(connection: Connection, case_id: str) -> FollowUp | None:
    """Everything that follows the audit of a case; None where nothing was to follow."""
    found = FollowUp(
        plans=tuple(plan.shown() for plan in plans_of(connection, case_id)),
        confirmations=confirmations.of_case(connection, case_id),
        holds=commission_holds.of_case(connection, case_id),
    )
    return found if found.plans or found.confirmations or found.holds else None


def plans_of(connection: Connection, case_id: str) -> list[PlanRow]:
    """Every plan of a case with its dates, by client and currency."""
    dates: dict[LedgerKey, list[RowMapping]] = defaultdict(list)
    query = select(milestones).where(milestones.c.case_id == case_id).order_by(milestones.c.number)
    for row in connection.execute(query).mappings():
        dates[LedgerKey(row["client_id"], row["currency"])].append(row)
    rows = connection.execute(
        select(clearing_plans, clients.c.source_key)
        .join(clients, clients.c.id == clearing_plans.c.client_id)
        .where(clearing_plans.c.case_id == case_id)
        .order_by(clearing_plans.c.client_id, clearing_plans.c.currency)
    ).mappings()
    return [_plan(row, dates[LedgerKey(row["client_id"], row["currency"])]) for row in rows]


def add(connection: Connection, plans: Iterable[PlanRow]) -> int:
    """Write plans with their dates; one that is there already stays as it is. Returns how many are new."""
    new = list(plans)
    made = [
        {
            "case_id": plan.case_id,
            "client_id": plan.client,
            "currency": plan.currency,
            "collector_id": plan.collector,
            "audited": plan.audited,
            "low": plan.portion.low,
            "high": plan.portion.high,
            "made_at": plan.made_at,
        }
        for plan in new
    ]
    if not made:
        return 0
    added = connection.execute(
        insert(clearing_plans).on_conflict_do_nothing().returning(clearing_plans.c.client_id), made
    )
    number = len(added.all())
    dates = [
        {
            "case_id": plan.case_id,
            "client_id": each.client,
            "currency": each.currency,
            "number": each.number,
            "due_at": each.due_at,
            "at_most": each.at_most,
        }
        for plan in new
        for each in plan.milestones
    ]
    if dates:
        connection.execute(insert(milestones).on_conflict_do_nothing(), dates)
    return number


def set_collectors(connection: Connection, case_id: str, collectors: Mapping[LedgerKey, EmployeeId]) -> None:
    """Give plans to other collectors."""
    for account, collector in collectors.items():
        mine = _of(clearing_plans, case_id, account)
        connection.execute(update(clearing_plans).where(*mine).values(collector_id=collector))


def set_open(connection: Connection, case_id: str, amounts: Mapping[LedgerKey, Decimal], *, at: datetime) -> None:
    """Write down what the books said is still open."""
    rows = [{"client": key.client, "money": key.currency, "amount": amount} for key, amount in amounts.items()]
    if rows:
        mine = (
            (clearing_plans.c.case_id == case_id)
            & (clearing_plans.c.client_id == bindparam("client"))
            & (clearing_plans.c.currency == bindparam("money"))
        )
        connection.execute(update(clearing_plans).where(mine).values(open_now=bindparam("amount"), read_at=at), rows)


def set_judged(connection: Connection, case_id: str, dates: Iterable[Milestone]) -> int:
    """Write down how dates went; what was judged before stays. Returns how many were written."""
    written = 0
    for each in dates:
        mine = _of(milestones, case_id, LedgerKey(each.client, each.currency))
        fresh = update(milestones).where(*mine, milestones.c.number == each.number, milestones.c.state == "open")
        written += connection.execute(fresh.values(state=each.state, open_then=each.open_then)).rowcount
    return written


def set_reminded(connection: Connection, case_id: str, dates: Collection[Milestone], *, at: datetime) -> None:
    """Write down that the collectors of dates were reminded."""
    keys = [(each.client, each.currency, each.number) for each in dates]
    mine = tuple_(milestones.c.client_id, milestones.c.currency, milestones.c.number).in_(keys)
    connection.execute(update(milestones).where(milestones.c.case_id == case_id, mine).values(reminded_at=at))


def end(connection: Connection, case_id: str, accounts: Collection[LedgerKey], *, at: datetime) -> None:
    """Nothing is left to do for these accounts."""
    mine = tuple_(clearing_plans.c.client_id, clearing_plans.c.currency).in_(list(accounts))
    ending = update(clearing_plans).where(
        clearing_plans.c.case_id == case_id, mine, clearing_plans.c.ended_at.is_(None)
    )
    connection.execute(ending.values(ended_at=at))


def void(connection: Connection, case_id: str, *, at: datetime) -> int:
    """The case is walked back: every open plan and date ends. Returns how many plans did."""
    dates = update(milestones).where(milestones.c.case_id == case_id, milestones.c.state == "open")
    connection.execute(dates.values(state=MilestoneState.VOID))
    plans = update(clearing_plans).where(clearing_plans.c.case_id == case_id, clearing_plans.c.ended_at.is_(None))
    return connection.execute(plans.values(ended_at=at)).rowcount


def shares_of(connection: Connection, ids: Collection[ClientId]) -> dict[ClientId, list[tuple[EmployeeId, Decimal]]]:
    """Who shares clients, with their parts (0..1), in order of their ids."""
    found: dict[ClientId, list[tuple[EmployeeId, Decimal]]] = defaultdict(list)
    query = select(client_shares).where(among(client_shares.c.client_id, ids))
    for row in connection.execute(query.order_by(func.convert_to(client_shares.c.employee_id, "UTF8"))):
        found[row.client_id].append((row.employee_id, row.percent / 100))
    return found


def whole_clients(connection: Connection, ids: Collection[ClientId]) -> dict[ClientId, Portion]:
    """All of these clients, whoever's they are: for what is not a matter of shares."""
    rows = connection.execute(select(clients.c.id, clients.c.source_key).where(among(clients.c.id, ids)))
    return {row.id: Portion(key=row.source_key) for row in rows}


def _of(table: Table, case_id: str, account: LedgerKey) -> tuple[ColumnElement[bool], ...]:
    columns = table.c
    return columns.case_id == case_id, columns.client_id == account.client, columns.currency == account.currency


def _plan(row: RowMapping, dates: Iterable[RowMapping]) -> PlanRow:
    every = list(dates)
    return PlanRow(
        case_id=row["case_id"],
        client=row["client_id"],
        currency=row["currency"],
        collector=row["collector_id"],
        audited=row["audited"],
        milestones=tuple(_milestone(each) for each in every),
        open_now=row["open_now"],
        read_at=row["read_at"],
        ended_at=row["ended_at"],
        portion=Portion(key=row["source_key"], low=row["low"], high=row["high"]),
        made_at=row["made_at"],
        reminded={each["number"]: each["reminded_at"] for each in every if each["reminded_at"]},
    )


def _milestone(row: RowMapping) -> Milestone:
    return Milestone(
        client=row["client_id"],
        currency=row["currency"],
        number=row["number"],
        due_at=row["due_at"],
        at_most=row["at_most"],
        state=row["state"],
        open_then=row["open_then"],
    )
