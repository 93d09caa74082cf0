"""The approval hook as one ASGI application: it stores decisions first and tells the engine second."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from activities.messages import Links, Post
from models.errors import Unavailable
from store.database import Database
from systems.mail.port import Mailer
from web import api, pages, respond
from web.engine import ClientProvider
from web.hook import Clock, Hook
from web.problems import Problem
from web.redelivery import redelivering
from web.security import Guard, content_policy, log


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    database: Database,
    client_provider: ClientProvider,
    link_secret: str,
    public_url: str,
    clock: Clock = _utc_now,
    mailer: Mailer | None = None,
) -> FastAPI:
    """Put the hook together. `client_provider` is first called when a decision comes, so the engine may be down.

    `public_url` is what people open, without a slash at its end; `clock` stamps decisions with aware UTC times.
    With a `mailer` the hook also sends what could not leave before, as long as it serves.
    """
    hook = Hook(database, client_provider, link_secret, public_url.rstrip("/"), clock)
    post = Post(database, mailer, Links(link_secret, public_url)) if mailer else None
    app = FastAPI(title="Offboard", openapi_url=None, docs_url=None, redoc_url=None, lifespan=redelivering(hook, post))
    app.include_router(pages.router(hook))
    app.include_router(api.router(hook))
    app.add_middleware(
        Guard,
        policy=content_policy(respond.CSS),
        https=hook.public_url.startswith("https://"),
        too_large=_answer(hook, Problem.TOO_LARGE),
        too_slow=_answer(hook, Problem.MALFORMED),
        broken=_answer(hook, Problem.FAULT),
    )

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, raised: HTTPException) -> Response:
        kind = Problem.METHOD_NOT_ALLOWED if raised.status_code == 405 else Problem.UNKNOWN
        answer = respond.problem(request, kind, hook.public_url)
        answer.headers.update(raised.headers or {})
        return answer

    @app.exception_handler(Unavailable)
    @app.exception_handler(SQLAlchemyError)
    async def no_database(request: Request, raised: Exception) -> Response:
        log.error("our database does not take this: %s", type(raised).__name__)
        return respond.problem(request, Problem.UNAVAILABLE, hook.public_url)

    return app


def _answer(hook: Hook, kind: Problem) -> ASGIApp:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await respond.problem(Request(scope, receive), kind, hook.public_url)(scope, receive, send)

    return application
