"""Whether a late-payment model may be used, and the sentence that says why or why not."""

from typing import NamedTuple

from early_warning.document import Body, kind_of, parse, sha256_of
from early_warning.host import HostedModel, hosted
from early_warning.late_payment_model import intervals_of
from models.errors import ModelRefused, Unavailable
from models.model_kind import ModelKind
from models.reasons import Reason, because

ROC_AUC, PAST_RATE_ROC_AUC = "roc_auc", "past_rate_roc_auc"  # what a model notes of its own measurement


class Usable(NamedTuple):
    """A model that may be used, in its process, and the first and last interval that it knows."""

    hosted: HostedModel
    body: Body
    intervals: tuple[int, int]


def usable(document: bytes | None) -> tuple[Usable | None, Reason]:
    """The model of a document whose hash was compared already; None when it was no better than the past late rate."""
    if document is None:
        return None, because("No late-payment model is in use: each client's own past late rate and delays are used.")
    try:
        found = hosted(document, sha256_of(document))
        body = parse(document)
        if kind_of(document) is not ModelKind.LATE_PAYMENT:
            raise ModelRefused("{version} is no late-payment model.", version=found.version)
        known = intervals_of(body.features)
    except (ModelRefused, Unavailable) as wrong:
        return None, refused(wrong)
    ours, theirs = (float(body.learned.get(name, 0.0)) for name in (ROC_AUC, PAST_RATE_ROC_AUC))
    if not ours > theirs:
        return None, because(
            "On later invoices the model ranked no better than the past late rate (area under ROC {model} and {rate}): "
            "each client's own past late rate and delays are used.",
            model=f"{ours:.3f}",
            rate=f"{theirs:.3f}",
        )
    return Usable(found, body, known), because(
        "On later invoices the model ranked better than the past late rate (area under ROC {model} and {rate}).",
        model=f"{ours:.3f}",
        rate=f"{theirs:.3f}",
    )


def refused(error: ModelRefused | Unavailable) -> Reason:
    """What a forecast says when its model failed."""
    return because(
        "The late-payment model could not be used ({version}): each client's own past late rate and delays are used.",
        version=error.detail.get("version", "-"),
    )
