"""How good a probability is, in figures that say something where few people leave."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Measure = Callable[[Floats, Floats], float]

BINS = 10


def roc_auc(labels: Floats, scores: Floats) -> float:
    """The chance that a leaver has a higher score than somebody who stays; equal scores count half."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    leavers = labels.sum()
    above = ranks[labels == 1].sum() - leavers * (leavers + 1) / 2
    return float(above / (leavers * (len(labels) - leavers)))


def pr_auc(labels: Floats, scores: Floats) -> float:
    """Area under precision-recall as average precision: the mean over leavers of the precision at their place.

    Equal scores share one place, so the order of rows does not matter. Chance gives the base rate.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(labels[order])
    ends = np.append(ranked[1:] != ranked[:-1], True)  # the last row of every place
    found = hits[ends]
    precision = found / (np.flatnonzero(ends) + 1)
    return float(np.sum(np.diff(found, prepend=0.0) * precision) / labels.sum())


def recall_at(labels: Floats, scores: Floats, share: float = 0.1) -> float:
    """The part of all leavers among the top `share` of rows; rows of one score at the edge count in proportion."""
    places = share * len(scores)
    edge = np.sort(scores)[::-1][max(0, int(np.ceil(places)) - 1)]
    above, level = scores > edge, scores == edge
    room = (places - above.sum()) / level.sum()
    return float((labels[above].sum() + room * labels[level].sum()) / labels.sum())


def lift_10(labels: Floats, scores: Floats) -> float:
    """How many times more leavers the top tenth holds than a tenth picked by chance."""
    return recall_at(labels, scores, 0.1) / 0.1


def brier(labels: Floats, probabilities: Floats) -> float:
    """Mean squared error of a probability; the constant base rate is what it has to beat."""
    return float(np.mean((probabilities - labels) ** 2))


def ece(labels: Floats, probabilities: Floats) -> float:
    """Expected calibration error: the mean gap of predicted and observed over ten bins with equal numbers of rows."""
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        len(part) * abs(probabilities[part].mean() - labels[part].mean())
        for part in np.array_split(order, BINS)
        if len(part)
    ]
    return float(np.sum(gaps) / len(labels))


MEASURES: Mapping[str, Measure] = {
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "lift_10": lift_10,
    "brier": brier,
    "ece": ece,
}
