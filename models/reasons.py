"""A reason is a code with figures, so that it can be read in every language that the catalogues know."""

from models.base import Value


class Reason(Value):
    """`code` is a msgid of the reasons catalogue (reports/locale); `params` fill its placeholders, as strings."""

    code: str
    params: dict[str, str] = {}


def because(code: str, **params: object) -> Reason:
    """Build a reason; every figure becomes a plain string."""
    return Reason(code=code, params={name: str(value) for name, value in params.items()})
