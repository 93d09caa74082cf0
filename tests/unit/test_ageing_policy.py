"""Ageing, provisions and commission in a policy: what does not fit together is refused with a reason."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from models.ageing import AgeingPolicy
from models.policy import CollectionPolicy, CommissionPolicy

BUCKETS = [
    {"label": "current", "upto": 0, "loss_rate": "0.01"},
    {"label": "1-30", "upto": 30, "loss_rate": "0.02"},
    {"label": "30+", "loss_rate": "0.5"},
]
YEARS = [{"label": "young", "upto": 365}, {"label": "old"}]


def ageing(**changes: object) -> AgeingPolicy:
    return AgeingPolicy.model_validate({"basis": "due_date", "buckets": BUCKETS, **changes})


def test_everything_but_basis_and_buckets_may_be_left_out() -> None:
    plain = ageing()
    assert (plain.also, plain.segments, plain.disputed_as, plain.reporting_currency) == ((), (), None, None)
    assert (plain.forward_looking_factor, plain.overlay.factor, plain.rates) == (1, 1, "policy")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"buckets": []}, "ageing needs at least one bucket"),
        ({"buckets": BUCKETS[:2]}, "the last bucket must be open-ended"),
        ({"buckets": [BUCKETS[1], BUCKETS[0], BUCKETS[2]]}, "ageing limits must rise"),
        ({"buckets": [BUCKETS[2], *BUCKETS]}, "ageing limits must rise"),
        ({"buckets": [BUCKETS[0], {**BUCKETS[2], "label": "current"}]}, "two ageing buckets have the same label"),
        ({"also": YEARS[:1]}, "the last bucket must be open-ended"),
        ({"also": [*YEARS[:1], {"label": "young"}]}, "two ageing buckets have the same label"),
        ({"disputed_as": "90+"}, r"no ageing bucket is called \['90\+'\]"),
        ({"segments": [{"segment": "a", "loss_rates": {"31-60": "0.1"}}]}, r"no ageing bucket is called \['31-60'\]"),
        ({"segments": [{"segment": "a", "loss_rates": {"30+": "1.1"}}]}, "a loss rate lies between 0 and 1"),
        ({"segments": [{"segment": "a"}, {"segment": "a"}]}, "two matrices are for the same segment"),
        ({"forward_looking_factor": "-1"}, "forward_looking_factor"),
        ({"overlay": {"factor": "-0.1"}}, r"overlay\.factor"),
        ({"reporting_currency": "yuan"}, "reporting_currency"),
        ({"observations": 0}, "observations"),
        ({"rates": "guess"}, "rates"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ageing(**changes)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: CommissionPolicy.model_validate({"rules": [{"country": "CN"}, {"country": "CN"}]}),
            "the same country",
        ),
        (lambda: CommissionPolicy.model_validate({"rules": [{"country": "China"}]}), "country"),
        (
            lambda: CollectionPolicy.model_validate(
                {"milestones": [{"working_days": 10, "share": "0.5"}, {"working_days": 10, "share": "1"}]}
            ),
            "the dates of a clearing plan must rise",
        ),
        (
            lambda: CollectionPolicy.model_validate(
                {"milestones": [{"working_days": 10, "share": "0.5"}, {"working_days": 20, "share": "0.4"}]}
            ),
            "what is paid by then with them",
        ),
    ],
)
def test_rules_and_dates_that_contradict_themselves_are_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make()
