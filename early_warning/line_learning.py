"""Learning the logistic part of the model.

Every figure enters as it is, skewed ones by their logarithm as well. What is missing takes the median, and a term of
its own says that it was missing. A known direction is held: a coefficient of the wrong sign is taken out and the rest
learned again.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from early_warning.document import Feature, Line, Term
from early_warning.line import form_of
from early_warning.metrics import Floats

SKEWED = 0.8  # skewness from which a figure that is never below zero enters by its logarithm too
FEW_VALUES = 10  # a figure with as few values is a scale, not an amount


def fit_line(
    features: tuple[Feature, ...], matrix: Floats, labels: Floats, strength: float, *, directed: bool = True
) -> Line:
    """Learn it. `strength` is scikit-learn's C: the lower, the nearer all coefficients stay to zero.

    Without `directed`, known directions of leaving are not held: the labels are of something else.
    """
    bare = [term for at, feature in enumerate(features) for term in _terms(at, feature, matrix[:, at])]
    columns = [form_of(term, matrix[:, term.feature]) for term in bare]
    kept = [at for at, column in enumerate(columns) if column.std() > 1e-9]
    means, scales = [float(each.mean()) for each in columns], [float(each.std()) for each in columns]
    while True:
        standard = np.column_stack([(columns[at] - means[at]) / scales[at] for at in kept] or [np.zeros(len(labels))])
        learned = LogisticRegression(C=strength, max_iter=1000, tol=1e-6).fit(standard, labels)
        weights = learned.coef_[0] if kept else []
        wrong = {at for at, weight in zip(kept, weights, strict=True) if _against(features, bare[at], weight)}
        if not wrong or not directed:
            break
        kept = [at for at in kept if at not in wrong]
    terms = tuple(
        Term(bare[at].feature, bare[at].form, bare[at].level, bare[at].fill, means[at], scales[at], float(weight))
        for at, weight in zip(kept, weights, strict=True)
    )
    return Line(float(learned.intercept_[0]), terms)


def _terms(at: int, feature: Feature, column: Floats) -> list[Term]:
    if feature.levels:
        return [Term(at, "level", level, 0.0, 0.0, 1.0, 0.0) for level in range(len(feature.levels))]
    known = column[~np.isnan(column)]
    fill = float(np.median(known)) if len(known) else 0.0
    forms = ["value"]
    if _skewed(known):
        forms.append("log")
    if len(known) < len(column):
        forms.append("missing")
    return [Term(at, form, -1, fill, 0.0, 1.0, 0.0) for form in forms]


def _skewed(known: Floats) -> bool:
    if len(np.unique(known)) <= FEW_VALUES or known.min() < 0:
        return False
    return bool(np.mean(((known - known.mean()) / known.std()) ** 3) > SKEWED)


def _against(features: tuple[Feature, ...], term: Term, weight: float) -> bool:
    return term.form in ("value", "log") and weight * features[term.feature].direction < 0
