"""The points that reasons give, for tests of scores."""

from decimal import Decimal

from models.reasons import Reason


def points_in(reasons: tuple[Reason, ...]) -> Decimal:
    """What the reasons of a score add up to."""
    return sum((Decimal(reason.params["points"]) for reason in reasons if "points" in reason.params), Decimal(0))
