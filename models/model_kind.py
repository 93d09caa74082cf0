"""What a registered model says something about."""

from enum import StrEnum


class ModelKind(StrEnum):
    """`attrition` scores people; `late-payment` forecasts when clients pay and decides nothing about anybody."""

    ATTRITION = "attrition"
    LATE_PAYMENT = "late-payment"


def kind_of_version(version: str) -> ModelKind:
    """The kind that the name of a model begins with; attrition for any other name."""
    return next((kind for kind in ModelKind if version.startswith(f"{kind}-")), ModelKind.ATTRITION)
