"""Levels of risk and the scores that they stand for (features 4.6)."""

from decimal import Decimal
from enum import StrEnum


class Level(StrEnum):
    """low 0-33, medium 34-66, high 67-84, critical 85-100."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Level).index(self)


def level_of(score: Decimal) -> Level:
    """Level of a score 0..100. Scores are rounded to whole points before they are compared."""
    whole = int(score.to_integral_value())
    if whole >= 85:
        return Level.CRITICAL
    if whole >= 67:
        return Level.HIGH
    return Level.MEDIUM if whole >= 34 else Level.LOW
