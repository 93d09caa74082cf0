"""The logistic part of the model at work: a sum of terms that everybody can add up by hand."""

import numpy as np

from early_warning.document import Line, Term
from early_warning.metrics import Floats


def form_of(term: Term, column: Floats) -> Floats:
    """The values of one term before they are standardised."""
    if term.form == "missing":
        values = np.isnan(column)
    elif term.form == "level":
        values = column == term.level
    else:
        values = np.where(np.isnan(column), term.fill, column)
    if term.form == "log":
        values = np.log1p(np.maximum(values, 0.0))
    return np.asarray(values, dtype=np.float64)


def parts_of(line: Line, matrix: Floats) -> Floats:
    """The part of every feature in the margin, a row a person; the intercept is not among them."""
    parts = np.zeros(matrix.shape)
    for term in line.terms:
        values = form_of(term, matrix[:, term.feature])
        parts[:, term.feature] += term.weight * (values - term.mean) / term.scale
    return parts


def margins_of(line: Line, matrix: Floats) -> Floats:
    """The log-odds of the logistic part alone."""
    return np.asarray(parts_of(line, matrix).sum(axis=1) + line.intercept)
