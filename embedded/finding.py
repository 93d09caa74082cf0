"""What `offboard doctor` says about one thing it looked at."""

from models.base import Value
from models.errors import OffboardError
from models.reasons import Reason, because

RESTART = because("Run `offboard down`, then `offboard up`. On servers of your own, ask who runs them.")


class Finding(Value):
    """One line of the examination. `name`, `problem` and `mend` are English sentences of the catalogue.

    `problem` and `mend` are None when all is well.
    """

    name: str
    ok: bool
    problem: Reason | None = None
    mend: Reason | None = None


def well(name: str) -> Finding:
    """All is well with `name`."""
    return Finding(name=name, ok=True)


def ill(name: str, problem: Reason, mend: Reason) -> Finding:
    """Something is wrong with `name`: what, and what to do about it."""
    return Finding(name=name, ok=False, problem=problem, mend=mend)


def what_happened(failure: BaseException) -> Reason:
    """The first sentence of a failure, without the advice that our errors carry."""
    if isinstance(failure, OffboardError):
        return Reason(code=failure.template.split(". ")[0], params=failure.detail)
    said = str(failure).split(". ")[0].splitlines()
    return because("{answer}", answer=said[0]) if said else because("no answer")
