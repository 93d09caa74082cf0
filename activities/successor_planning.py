"""Who takes which client and which deal: hard rules, then the best value-weighted fit with nobody over capacity.

Clients: one min-cost flow over all of them. What finds no room waits for the manager, who holds it meanwhile. Deals:
see deal_planning.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from activities.assignment import NOBODY, Points, assign, next_in_line
from activities.deal_planning import NOBODY_THERE, plan_deals
from activities.fit_matrix import points_of, weights_of
from models.base import ClientId, EmployeeId
from models.clients import Client, ClientFacts, Opportunity
from models.handover import Candidate, SuccessorPlan, Transfer, TransferStatus
from models.people import Employee
from models.policy import Policy
from models.reasons import because
from models.successor_fit import FULL, as_score, may_take_over, why
from systems.clients.port import ClientBook, OwnedClient

FULL_HOUSE = "Everybody who could take this client is full: the manager holds it and decides."


def plan_handover(
    clients: ClientBook, employee: Employee, policy: Policy, as_of: date, exclude: Collection[EmployeeId] = ()
) -> SuccessorPlan:
    """Read the book and the candidates, and propose. Nobody in `exclude` gets anything. Changes nothing."""
    facts = clients.in_hands_of(employee.id, as_of)
    deals = clients.deals_of(employee.id).open
    own = {one.client.id for one in facts}
    others = clients.records(sorted({deal.client_id for deal in deals if deal.client_id} - own))
    everybody = clients.candidates(employee, policy.default_capacity)
    pool = [candidate for candidate in everybody if candidate.employee.id not in exclude]
    return propose(employee, facts, deals, others, pool, clients.interim_owner(employee))


def propose(
    leaver: Employee,
    facts: Sequence[ClientFacts],
    deals: Sequence[Opportunity],
    others: Mapping[ClientId, OwnedClient],
    pool: Sequence[Candidate],
    interim_owner: EmployeeId | None,
) -> SuccessorPlan:
    """Every client and every open deal exactly once, clients first, each by id.

    `others` are the clients of the deals that are not the leaver's. The order of the input makes no difference.
    """
    facts = sorted(facts, key=lambda one: one.client.id)
    able = sorted((one for one in pool if may_take_over(one.employee, leaver)), key=lambda one: one.employee.id)
    values = [(one.client.currency, value_of(one)) for one in facts]
    moved, total = _clients([one.client for one in facts], weights_of(values), able)
    return SuccessorPlan(
        transfers=(*moved, *plan_deals(deals, moved, others, able, leaver)),
        interim_owner=interim_owner,
        total_fit=total,
    )


def value_of(facts: ClientFacts) -> Decimal | None:
    """What a client weighs: its annual value, else what it has ordered; None when neither is known."""
    if facts.client.annual_value is not None:
        return facts.client.annual_value
    return facts.ordered_value if facts.ordered_value > 0 else None


def _clients(clients: list[Client], weights: Points, able: list[Candidate]) -> tuple[tuple[Transfer, ...], Decimal]:
    """Transfers by client, and the value-weighted mean fit 0..1, in which a client without successor counts as 0."""
    points = points_of(clients, able)
    room = np.array([one.free for one in able], dtype=np.int64)
    chosen = assign(points, weights, room)
    placed = np.flatnonzero(chosen != NOBODY)
    left = room - np.bincount(chosen[placed], minlength=len(able))
    seconds = next_in_line(points, chosen, left)
    reached = int((weights[placed] * points[placed, chosen[placed]]).sum())
    total = Decimal(reached) / (int(weights.sum()) * FULL) if clients else Decimal(0)
    transfers = tuple(
        _transfer(client, points[row], int(chosen[row]), int(seconds[row]), able)
        if chosen[row] != NOBODY
        else _waiting(client, able)
        for row, client in enumerate(clients)
    )
    return transfers, total.quantize(Decimal("0.0001"))


def _transfer(client: Client, points: Points, first: int, second: int, able: list[Candidate]) -> Transfer:
    score, best = as_score(int(points[first])), int(points.argmax())
    reasons = [*why(client, able[first])]
    if points[best] > points[first]:
        full = able[best].free == 0
        code = (
            "A better match, {best}, is full." if full else "A better match, {best}, is needed more for other clients."
        )
        reasons.append(because(code, best=as_score(int(points[best]))))
    if second != NOBODY:
        reasons.append(
            because("Next in line scores {second} against {first}.", second=as_score(int(points[second])), first=score)
        )
    return Transfer(
        kind="client",
        id=client.id,
        client_id=client.id,
        successor=able[first].employee.id,
        runner_up=able[second].employee.id if second != NOBODY else None,
        score=score,
        reasons=tuple(reasons),
    )


def _waiting(client: Client, able: list[Candidate]) -> Transfer:
    return Transfer(
        kind="client",
        id=client.id,
        client_id=client.id,
        successor=None,
        status=TransferStatus.WAITING_MANAGER,
        reasons=(because(FULL_HOUSE if able else NOBODY_THERE),),
    )
