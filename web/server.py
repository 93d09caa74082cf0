"""The hook as a process: `python -m web.server`. It serves even while the engine is down."""

import asyncio
import logging
import signal
import sys

import uvicorn
from temporalio.client import Client

from activities.manners import Manners
from connections import connect_temporal, link_secret, open_database, public_url, relying
from models.errors import OffboardError
from services.exchange import exchange_of
from settings import Settings
from systems.chat.choose import channels_of
from systems.mail.choose import mailer_for
from web.app import create_app
from web.patience import ImpatientProtocol


class LazyClient:
    """Connects when first called and keeps the connection. A failure is not kept: the next call tries again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._client: Client | None = None

    async def __call__(self) -> Client:
        """The connected client; raises what the connection raises."""
        async with self._lock:
            if self._client is None:
                self._client = await connect_temporal(self._settings)
            return self._client


CONNECTIONS = 500  # at once; the next one is told to come back. Those that only arrive give way before: web/patience.py


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are finished first.

    Host and port are those of the settings, the loopback address by default: put a proxy with TLS in front of it.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings()
    try:
        database = open_database(settings)
        secret, url, mailer = link_secret(settings), public_url(settings), mailer_for(settings)
        app = create_app(
            database,
            LazyClient(settings),
            secret,
            url,
            mailer=mailer,
            relying=relying(settings),
            exchange=exchange_of(settings),
            manners=Manners(channels_of(settings.channels_file), settings.mails_at_once),
        )
    except OffboardError as missing:
        sys.exit(missing.message)
    # uvicorn's own access log would write the links; ours leaves the tokens out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again when it has finished
    try:
        uvicorn.run(
            app,
            host=settings.web_host,
            port=settings.web_port,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=15,
            limit_concurrency=CONNECTIONS,
            backlog=CONNECTIONS,
            http=ImpatientProtocol,
            ws="none",
        )
    finally:
        database.close()


if __name__ == "__main__":
    main()
