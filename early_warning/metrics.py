"""How good a score is, in figures that say something where few people leave."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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


def brier(labels: Floats, probabilities: Floats) -> float:
    """Mean squared error of a probability; the constant base rate is what it has to beat."""
    return float(np.mean((probabilities - labels) ** 2))
