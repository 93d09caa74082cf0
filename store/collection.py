"""Clearing plans and their dates as rows: who collects what of which client, and how each date went."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Numeric,
    RowMapping,
    Table,
    TableValuedAlias,
    Text,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import TypeEngine

from models.base import ClientId, EmployeeId, Moment
from models.case import Branch
from models.collection import ClearingPlan, FollowUp, Milestone, MilestoneState
from models.open_items import LedgerKey, Portion
from models.receivables import ReceivableAudit
from store import commission_holds, confirmations
from store.among import among, rows_of
from store.tables import branch_results, clearing_plans, client_shares, clients, milestones

Beside = tuple[TypeEngine[Any], Iterable[object]]


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
    asked = _asked(collectors, collector=(Text(), collectors.values()))
    mine = _of(clearing_plans, case_id, asked)
    connection.execute(update(clearing_plans).where(mine).values(collector_id=asked.c.collector))


def set_open(connection: Connection, case_id: str, amounts: Mapping[LedgerKey, Decimal], *, at: datetime) -> None:
    """Write down what the books said is still open."""
    asked = _asked(amounts, amount=(Numeric(), amounts.values()))
    mine = _of(clearing_plans, case_id, asked)
    connection.execute(update(clearing_plans).where(mine).values(open_now=asked.c.amount, read_at=at))


def set_judged(connection: Connection, case_id: str, dates: Collection[Milestone]) -> None:
    """Write down how dates went; what was judged before stays."""
    asked = _asked_dates(
        dates,
        state=(Text(), [each.state.value for each in dates]),
        open_then=(Numeric(), [each.open_then for each in dates]),
    )
    mine = _of(milestones, case_id, asked) & (milestones.c.number == asked.c.number) & (milestones.c.state == "open")
    connection.execute(update(milestones).where(mine).values(state=asked.c.state, open_then=asked.c.open_then))


def set_reminded(connection: Connection, case_id: str, dates: Collection[Milestone], *, at: datetime) -> None:
    """Write down that the collectors of dates were reminded."""
    asked = _asked_dates(dates)
    mine = _of(milestones, case_id, asked) & (milestones.c.number == asked.c.number)
    connection.execute(update(milestones).where(mine).values(reminded_at=at))


def end(connection: Connection, case_id: str, accounts: Collection[LedgerKey], *, at: datetime) -> None:
    """Nothing is left to do for these accounts."""
    mine = _of(clearing_plans, case_id, _asked(accounts)) & clearing_plans.c.ended_at.is_(None)
    connection.execute(update(clearing_plans).where(mine).values(ended_at=at))


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


def _asked(accounts: Iterable[LedgerKey], **beside: Beside) -> TableValuedAlias:
    """Accounts as rows, with what stands beside each: ten thousand of them are one statement."""
    every = list(accounts)
    clients_of, currencies = [key.client for key in every], [key.currency for key in every]
    return rows_of(client=(Text(), clients_of), currency=(Text(), currencies), **beside)


def _asked_dates(dates: Collection[Milestone], **beside: Beside) -> TableValuedAlias:
    accounts = (LedgerKey(each.client, each.currency) for each in dates)
    return _asked(accounts, number=(Integer(), [each.number for each in dates]), **beside)


def _of(table: Table, case_id: str, asked: TableValuedAlias) -> ColumnElement[bool]:
    """The rows of a case about the accounts in `asked`."""
    ours = table.c
    return (ours.case_id == case_id) & (ours.client_id == asked.c.client) & (ours.currency == asked.c.currency)


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
