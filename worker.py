"""The composition root: every adapter is built here, once, and the task queue is hosted here.

Run it as `python -m worker`. It stops on SIGTERM after the activities at hand are done.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from activities.access import AccessActivities
from activities.access_cutoff import AccessCutoffActivities
from activities.alerts import AlertActivities
from activities.approvals import ApprovalActivities
from activities.assessment import AssessmentActivities
from activities.cases import CaseActivities
from activities.clients import ClientActivities
from activities.collection import CollectionActivities
from activities.discretion import Discretion
from activities.engine import Engine
from activities.handover import HandoverActivities
from activities.inventory import InventoryActivities
from activities.messages import Links, Manners, Post
from activities.protection import ProtectionActivities
from activities.receivables import ReceivableActivities
from activities.scan import ScanActivities
from activities.talks import TalkActivities
from connections import connect_temporal, link_secret, open_database, public_url
from models.search_attributes import TASK_QUEUE
from settings import Settings
from store.database import Database
from systems.access.postgres import PostgresAccessDirectory
from systems.assets.postgres import PostgresAssetRegister
from systems.chat.choose import channels_of
from systems.clients.postgres import PostgresClientBook
from systems.mail.choose import mailer_for
from systems.receivables.choose import open_source
from workflows.access_cutoff import AccessCutoffWorkflow
from workflows.alert import AlertWorkflow
from workflows.collection import CollectionWorkflow
from workflows.offboarding import OffboardingWorkflow
from workflows.risk_scan import RiskScanWorkflow

ACTIVITY_SLOTS = 16
WORKFLOWS = [OffboardingWorkflow, AccessCutoffWorkflow, CollectionWorkflow, RiskScanWorkflow, AlertWorkflow]


def build_activities(settings: Settings, database: Database) -> list[Any]:
    """Build every department on its adapters. Returns the bound activity methods."""
    clients = PostgresClientBook(database)
    mailer, secret, url = mailer_for(settings), link_secret(settings), public_url(settings)
    manners = Manners(channels_of(settings.channels_file), settings.mails_at_once)
    post, rights = Post(database, mailer, Links(secret, url), manners), PostgresAccessDirectory(database)
    receivables = open_source(settings, database).source
    departments: Sequence[object] = (
        CaseActivities(database, settings.policy_dir, post),
        ReceivableActivities(database, receivables),
        CollectionActivities(database, receivables, post),
        ClientActivities(database, clients),
        HandoverActivities(database, clients),
        AccessActivities(database, rights),
        AccessCutoffActivities(database),
        InventoryActivities(database, PostgresAssetRegister(database), settings.policy_dir),
        AssessmentActivities(database),
        ApprovalActivities(database, mailer, secret, url, manners),
        ScanActivities(database, settings.policy_dir),
        AlertActivities(database, post, settings.policy_dir),
        ProtectionActivities(database, rights, settings.policy_dir),
        TalkActivities(database),
    )
    return [method for department in departments for method in activities_of(department)]


def activities_of(department: object) -> list[Any]:
    """The methods of a department that are activities."""
    methods = (getattr(department, name) for name in dir(department) if not name.startswith("_"))
    return [method for method in methods if hasattr(method, "__temporal_activity_definition")]


def sandbox() -> SandboxedWorkflowRunner:
    """The workflow sandbox. Our workflow files are loaded in it and checked; what they pass through is not.

    That nothing else slips in is held by tests/unit/test_rules.py: the SDK's own check refuses the second file of a
    workflow as well, and one file could not be read in one sitting.
    """
    policy = SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_import_notification_policy(policy))


def build_worker(client: Client, activities: Sequence[Any], executor: ThreadPoolExecutor) -> Worker:
    """The worker of the queue `offboard`, the same in production and in tests."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=activities,
        interceptors=[Discretion(), Engine(client)],
        activity_executor=executor,
        max_concurrent_activities=ACTIVITY_SLOTS,
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=timedelta(seconds=20),
    )


async def serve(settings: Settings) -> None:
    """Host the task queue until SIGTERM or SIGINT."""
    database = open_database(settings)
    client = await connect_temporal(settings)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    with ThreadPoolExecutor(ACTIVITY_SLOTS, thread_name_prefix="activity") as executor:
        async with build_worker(client, build_activities(settings, database), executor):
            logging.getLogger("offboard.worker").info("worker polls the task queue %s", TASK_QUEUE)
            await stopped.wait()
    database.close()


def main() -> None:
    """Entry of `python -m worker`."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Settings()))


if __name__ == "__main__":
    main()
