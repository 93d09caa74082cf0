"""`offboard doctor`: look at everything, change nothing, and say how to mend what is broken. Works when all is down."""

import os

from temporalio.envconfig import ClientConfigProfile

from connections import open_database, public_url
from embedded.database_checks import check_database
from embedded.event_checks import check_events
from embedded.finding import RESTART, Finding, ill, well, what_happened
from embedded.home import Home
from embedded.machine_checks import check_home, check_programs, check_python, check_secrets
from embedded.message_checks import check_messages
from embedded.readiness import web_fault
from embedded.receivable_checks import check_receivables
from embedded.scan_checks import check_early_warning
from embedded.stack import StackInfo, status
from embedded.temporal_checks import check_temporal
from models.errors import Unavailable
from models.reasons import because
from settings import Settings

__all__ = ["Finding", "examine"]


def examine(settings: Settings) -> list[Finding]:
    """Examine the machine and the servers that `settings` and the `TEMPORAL_*` profile name.

    Never raises for a fault of the installation. When no servers run at all, they are not examined one by one.
    """
    findings = [check_python(), check_home(settings.home), check_secrets(settings.home)]
    own_servers = settings.database_url is not None and ClientConfigProfile.load().address is not None
    worker_since = None
    if not own_servers:
        findings += check_programs()
        servers, stack = _stack(settings)
        findings += servers
        if stack is None:
            return findings
        facts = Home(settings.home).facts()
        worker_since = facts.services["worker"].started_at if facts else None
    database = list(check_database(settings))
    findings += database
    if all(finding.ok for finding in database):
        findings += check_early_warning(settings)
        findings += _messages(settings)
        findings += check_events(settings)
        findings += check_receivables(settings)
    findings += check_temporal(settings, worker_since)
    findings.append(_web(settings))
    return findings


def _stack(settings: Settings) -> tuple[list[Finding], StackInfo | None]:
    try:
        stack = status(settings.home)
    except (Unavailable, OSError) as failure:
        problem = because("The state of the servers cannot be read: {answer}", answer=failure)
        return [ill("Servers", problem, because("Run `offboard doctor` as the user who ran `offboard up`."))], None
    if not stack.running:
        problem = because("No servers run under {home}.", home=stack.home)
        return [ill("Servers", problem, because("Run `offboard up`."))], None
    findings = [_elsewhere(settings)] + [
        ill(
            "Servers",
            because("The server {name} is down; it is started again and again.", name=name),
            because("Its log says why: {log}", log=Home(settings.home).log(name)),
        )
        for name, service in stack.services.items()
        if not service.running or _keeps_falling(settings, name)
    ]
    return [finding for finding in findings if not finding.ok] or [well("Servers")], stack


def _messages(settings: Settings) -> list[Finding]:
    database = open_database(settings)
    try:
        return check_messages(database)
    except Unavailable as failure:
        return [ill("Messages", what_happened(failure), RESTART)]
    finally:
        database.close()


def _keeps_falling(settings: Settings, name: str) -> bool:
    # Between two ends it may run for a moment, and this may be that moment.
    facts = Home(settings.home).facts()
    return facts is not None and facts.services[name].failures > 1


def _elsewhere(settings: Settings) -> Finding:
    names = [name for name in ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE") if name in os.environ]
    names += ["OFFBOARD_DATABASE_URL"] if settings.database_url else []
    if not names:
        return well("Servers")
    return ill(
        "Servers",
        because("{names} names another server than the embedded ones that run here.", names=", ".join(names)),
        because("Unset it, or name both servers and stop the embedded ones with `offboard down`."),
    )


def _web(settings: Settings) -> Finding:
    try:
        url = public_url(settings)
    except Unavailable as unknown:
        mend = because("Set OFFBOARD_PUBLIC_URL to the address of the page, or run `offboard up`.")
        return ill("Approval page", what_happened(unknown), mend)
    fault = web_fault(url)
    if fault is None:
        return well("Approval page")
    return ill("Approval page", because("{url} is not healthy: {fault}.", url=url, fault=fault), RESTART)
