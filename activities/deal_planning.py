"""Where the open deals go. They take no capacity: a deal is work for weeks, a client is work for years.

A deal on one of the leaver's clients goes with the client; on somebody else's client it goes to that client's owner,
when active. The others are shared out evenly by fit: nobody gets more than the number of such deals divided by the
number of people, rounded up. A deal without a client stays in the leaver's team (same manager, else same region, else
anybody), because only the team knows it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from activities.assignment import NOBODY, assign, next_in_line
from activities.fit_matrix import points_of, weights_of
from models.base import ClientId, EmployeeId
from models.clients import Client, Opportunity
from models.handover import Candidate, Transfer, TransferStatus
from models.people import Employee
from models.reasons import Reason, because
from models.successor_fit import as_score, why
from systems.clients.port import OwnedClient

NOBODY_THERE = "No active salesperson can take over: the manager decides."


def plan_deals(
    deals: Sequence[Opportunity],
    moved: Sequence[Transfer],
    others: Mapping[ClientId, OwnedClient],
    able: list[Candidate],
    leaver: Employee,
) -> tuple[Transfer, ...]:
    """One transfer a deal, by id. `moved` are the transfers of the clients, `others` the clients of somebody else,
    `able` the people who may take over, by id.
    """
    deals = sorted(deals, key=lambda deal: deal.id)
    found = _with_their_client(deals, moved) | _with_the_owner(deals, others, leaver)
    found |= _shared_out([deal for deal in deals if deal.id not in found], others, able, leaver)
    return tuple(found[deal.id] for deal in deals)


def _with_their_client(deals: Sequence[Opportunity], moved: Sequence[Transfer]) -> dict[str, Transfer]:
    """Deals on the leaver's own clients: same successor, same runner-up, same wait."""
    by_client = {transfer.id: transfer for transfer in moved}
    return {
        deal.id: by_client[deal.client_id].model_copy(
            update={"kind": "opportunity", "id": deal.id, "reasons": (because("Goes with its client."),)}
        )
        for deal in deals
        if deal.client_id in by_client
    }


def _with_the_owner(
    deals: Sequence[Opportunity], others: Mapping[ClientId, OwnedClient], leaver: Employee
) -> dict[str, Transfer]:
    """Deals on clients of another person who is active: that person takes them."""
    found: dict[str, Transfer] = {}
    for deal in deals:
        owned = others.get(deal.client_id) if deal.client_id else None
        owner = (owned.client.interim_owner_id or owned.client.owner_id) if owned and owned.owner_active else None
        if owner is not None and owner != leaver.id:
            found[deal.id] = _deal(deal, owner, None, None, because("Its client has an owner, who takes the deal."))
    return found


def _shared_out(
    deals: Sequence[Opportunity], others: Mapping[ClientId, OwnedClient], able: list[Candidate], leaver: Employee
) -> dict[str, Transfer]:
    """Deals that nobody else is near to, by fit under an even spread: within the team, or by what the client needs."""
    with_client = [deal for deal in deals if deal.client_id in others]
    without = [deal for deal in deals if deal.client_id not in others]
    known = {owned.client.id: owned.client for owned in others.values()}
    found = _spread(with_client, [known[deal.client_id or ""] for deal in with_client], able)
    # Nothing is known about the missing client, so the leaver stands in: same place, same language.
    stand_in = Client(
        id="-", name="", owner_id=None, region=leaver.region, country=leaver.country, language=leaver.language, tier=0
    )
    return found | _spread(without, [stand_in] * len(without), _team(able, leaver))


def _team(able: list[Candidate], leaver: Employee) -> list[Candidate]:
    """The leaver's team: same manager, else same region, else everybody."""
    if leaver.manager_id and (team := [one for one in able if one.employee.manager_id == leaver.manager_id]):
        return team
    return [one for one in able if leaver.region and one.employee.region == leaver.region] or able


def _spread(deals: Sequence[Opportunity], clients: list[Client], able: list[Candidate]) -> dict[str, Transfer]:
    if not able:
        return {deal.id: _deal(deal, None, None, None, because(NOBODY_THERE)) for deal in deals}
    points = points_of(clients, able)
    share = np.full(len(able), -(-len(deals) // len(able)), dtype=np.int64)
    chosen = assign(points, weights_of([(deal.currency, deal.amount) for deal in deals]), share)
    seconds = next_in_line(points, chosen, share)
    found = {}
    for row, deal in enumerate(deals):
        first, second = able[int(chosen[row])], int(seconds[row])
        runner_up = able[second].employee.id if second != NOBODY else None
        reasons = (because("Open deals are shared out evenly, the best match first."), *why(clients[row], first))
        found[deal.id] = _deal(deal, first.employee.id, runner_up, as_score(int(points[row, chosen[row]])), *reasons)
    return found


def _deal(
    deal: Opportunity, who: EmployeeId | None, second: EmployeeId | None, score: Decimal | None, *reasons: Reason
) -> Transfer:
    return Transfer(
        kind="opportunity",
        id=deal.id,
        client_id=deal.client_id,
        successor=who,
        runner_up=second,
        score=score,
        status=TransferStatus.PENDING if who else TransferStatus.WAITING_MANAGER,
        reasons=reasons,
    )
