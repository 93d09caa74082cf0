"""Tables for tests of the model: made ones with a known truth, and the columns of a public set."""

import numpy as np

from early_warning.document import Feature
from early_warning.features import FEATURES
from early_warning.metrics import Floats
from early_warning.table import Table


def made_table(rows: int = 1500, seed: int = 3, features: dict[str, int] | None = None) -> Table:
    """Figures of chance, a tenth of them missing; two of them, of activity and overdue shares, say who leaves."""
    names = features or FEATURES
    random = np.random.default_rng(seed)
    matrix = random.normal(0, 0.4, (rows, len(names)))
    order = list(names)
    strength = 3 + 5 * matrix[:, order.index("activity_change")] - 2 * matrix[:, order.index("overdue_share_change")]
    labels = (random.random(rows) < 1 / (1 + np.exp(strength))).astype(np.float64)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    return Table(tuple(Feature(name, direction) for name, direction in names.items()), matrix, labels)


def with_words(rows: int = 400, seed: int = 4) -> Table:
    """A figure that is an amount, and a word of three levels; the last level leaves more often."""
    random = np.random.default_rng(seed)
    amount, word = random.lognormal(8, 1, rows), random.integers(0, 3, rows).astype(np.float64)
    chance = 1 / (1 + np.exp(2.5 - 2.0 * (word == 2) + 0.8 * (np.log(amount) - 8)))
    labels = (random.random(rows) < chance).astype(np.float64)
    word[random.random(rows) < 0.1] = np.nan
    features = (Feature("pay"), Feature("job", 0, ("clerk", "driver", "seller")))
    return Table(features, np.column_stack([amount, word]), labels)


def noise(rows: int, width: int, seed: int = 9) -> Floats:
    """Figures of chance with some missing."""
    random = np.random.default_rng(seed)
    matrix = random.normal(0, 0.5, (rows, width))
    matrix[random.random(matrix.shape) < 0.15] = np.nan
    return matrix
