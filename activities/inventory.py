"""The inventory: what the leaver still has of the company, and what others still wait for from them."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection
from temporalio import activity

from activities.beating import beating
from activities.look_back import look_back
from models.case import Branch, BranchRequest
from models.errors import PolicyError
from models.inventory import Asset, Inventory, InventorySummary
from models.people import EmployeeStatus, Role
from models.planning import asset_return_due, calendar_for
from store import branches, cases, chart, duties, effects, evidence, people
from store.database import Database
from systems.assets.port import AssetRegister


class InventoryActivities:
    """Lists assets and duties, asks for each asset back, and looks back at what the leaver did with data.

    `policy_dir` is searched for the policy of the early warning before the one that ships.
    """

    def __init__(self, database: Database, assets: AssetRegister, policy_dir: Path | None = None) -> None:
        self._database = database
        self._assets = assets
        self._policy_dir = policy_dir

    @activity.defn(name="take_inventory")
    def take_inventory(self, asked: BranchRequest) -> InventorySummary:
        """Keep the Inventory of the leaver as it is now, and make one task for each asset that is still out.

        The task goes to the nearest active manager, else to HR, else to the starter, and is due five working days after
        the last one. Raises UnknownCase, Unavailable (the register does not answer) and PolicyError (nobody is there to
        ask).
        """
        with beating():
            return self._take(asked)

    def _take(self, asked: BranchRequest) -> InventorySummary:
        held = self._assets.held_by(asked.employee_id)
        now = datetime.now(UTC)
        with self._database.begin() as connection:
            case = cases.get(connection, asked.case_id)
            inventory = Inventory(assets=tuple(held), duties=duties.counts(connection, asked.employee_id))
            if held:
                owner = _keeper(connection, case)
                leaver = people.get(connection, asked.employee_id)
                due_at = asset_return_due(calendar_for(leaver, case.policy), case.plan.dates.last_working_day)
                for asset in held:
                    _ask_back(connection, case.id, asset, owner, due_at, now)
            # Here, because a step of its own would be three events more in the history of every case.
            look_back(connection, case, self._policy_dir, at=now)
            fingerprint = branches.save(connection, case.id, Branch.INVENTORY, inventory, at=now)
        return InventorySummary(assets=len(held), duties=sum(inventory.duties.values()), digest=fingerprint)


def _ask_back(connection: Connection, case_id: str, asset: Asset, owner: str, due_at: datetime, at: datetime) -> None:
    def do() -> tuple[None, dict[str, object]]:
        task = duties.add_asset_return(connection, case_id, asset.id, owner, due_at)
        body: dict[str, object] = {"task": task, "asset": asset.id, "owner": owner, "due_at": due_at.isoformat()}
        evidence.append(connection, case_id, "task.created", body, at=at)
        return None, {"task": task}

    key = f"{case_id}/{duties.ASSET_RETURN}/{asset.id}"
    effects.once(connection, key, case_id=case_id, request={"asset": asset.id}, at=at, do=do)


def _keeper(connection: Connection, case: cases.CaseRow) -> str:
    """Who gets the assets back: never the leaver, never somebody who is leaving too."""
    around = chart.around(connection, [case.employee_id], [Role.HRBP])
    passed = {case.employee_id}
    above = around[case.employee_id].manager_id
    while above and above not in passed:
        if around[above].status is EmployeeStatus.ACTIVE:
            return above
        passed.add(above)
        above = around[above].manager_id
    hr = sorted(person.id for person in around.values() if person.holds(Role.HRBP) and person.id not in passed)
    keeper = hr[0] if hr else case.requested_by
    if keeper is None:
        raise PolicyError(
            "nobody is there to take the leaver's assets back: no active manager above them and nobody with the role "
            "{role}; everything else of the case goes on: import a person with that role",
            role=Role.HRBP.value,
        )
    return keeper
