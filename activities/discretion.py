"""What a failure may tell: it travels into the engine's history, where no row of ours belongs."""

from typing import Any

from sqlalchemy.exc import DBAPIError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from models.errors import Unavailable


class Discretion(Interceptor):
    """Keeps the first line of a database error and drops the rest: PostgreSQL's DETAIL quotes whole rows."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """See Interceptor."""
        return _Discreet(next)


class _Discreet(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        try:
            return await super().execute_activity(input)
        except DBAPIError as refused:
            first = (str(refused.orig).splitlines() or [type(refused).__name__])[0]
        raise Unavailable("our database refused: {answer}", answer=first, system="database")
