"""Run by Python of Canaille's own environment: a database with accounts and clients, then the server, in one process.

Canaille's command does the same in three calls, each of which takes three seconds to load. The job comes as JSON on the
standard input: `port`, `config` for Canaille, and `objects`, as `canaille restore` takes them.
"""

import asyncio
import json
import sys

from asgiref.wsgi import WsgiToAsgi
from canaille import create_app
from canaille.backends import Backend
from hypercorn.asyncio import serve
from hypercorn.config import Config


def main() -> None:
    """Serve until the process is told to end."""
    job = json.load(sys.stdin)
    app = create_app(config=job["config"], init_backend=True)
    with app.app_context(), Backend.instance.session():
        Backend.instance.restore(job["objects"])
    config = Config.from_mapping(bind=[f"127.0.0.1:{job['port']}"], graceful_timeout=0.2, accesslog="-")
    asyncio.run(serve(WsgiToAsgi(app), config))


if __name__ == "__main__":
    main()
