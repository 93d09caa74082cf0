"""Numbers that people and digests can rely on: exact, with one spelling each, and parts that add up to their whole."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
TENTH = Decimal("0.1")
RATIO = Decimal("0.000001")
PRECISION = 80  # digits; amounts of 20 digits times a rate times a factor stay exact


def plain(value: Decimal) -> Decimal:
    """The same number without padded zeros and without an exponent: 1708.7700 becomes 1708.77, 4.2E+5 becomes 420000.

    One number has one spelling then, and so one digest.
    """
    if value == 0:
        return ZERO
    with localcontext(prec=PRECISION):
        short = value.normalize()
        return short.quantize(ONE) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]


def tidy(value: Model) -> Model:
    """A copy of a model with every Decimal in it, however deep, spelled plainly."""
    return value.model_copy(update={name: _tidied(part) for name, part in value})


def _tidied(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, BaseModel):
        return tidy(value)
    if isinstance(value, tuple):
        return tuple(_tidied(part) for part in value)
    if isinstance(value, dict):
        return {key: _tidied(part) for key, part in value.items()}
    return value


def share_of(part: Decimal, whole: Decimal) -> Decimal:
    """`part / whole` kept within 0..1, to six places; 0 when the whole is not positive."""
    if whole <= 0:
        return ZERO
    return plain(min(ONE, max(ZERO, part / whole)).quantize(RATIO, ROUND_HALF_UP))


def tenths(score: Decimal) -> Decimal:
    """A score rounded to one decimal, half up."""
    return score.quantize(TENTH, ROUND_HALF_UP)


def percent(share: Decimal) -> Decimal:
    """A ratio 0..1 as a percentage with at most one decimal."""
    return plain(tenths(share * HUNDRED))


def split_points(parts: Sequence[Decimal], total: Decimal, unit: Decimal = TENTH) -> list[Decimal]:
    """Round parts to units so that they add up to `total`, which is their rounded sum (largest remainder method)."""
    exact = [part / unit for part in parts]
    points = [int(part) for part in exact]
    rest = [part - point for part, point in zip(exact, points, strict=True)]
    missing = int(total / unit) - sum(points)
    for index in sorted(range(len(parts)), key=lambda each: (-rest[each], each))[:missing]:
        points[index] += 1
    return [point * unit for point in points]
