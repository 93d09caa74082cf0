"""What a model learns from and is measured on: a matrix, labels, and who or when a row is."""

from dataclasses import dataclass, replace

import numpy as np

from early_warning.document import Feature
from early_warning.metrics import Floats, Places


@dataclass(frozen=True)
class Table:
    """Rows by features (NaN is missing, a word is the place of its level). `people`: rows of one number are one person.

    `days` are day numbers; with them the table is split in time and `horizon` days are left between the parts.
    """

    features: tuple[Feature, ...]
    matrix: Floats
    labels: Floats
    people: Places | None = None
    days: Places | None = None
    horizon: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Places) -> "Table":
        """Some of the rows."""
        return replace(
            self,
            matrix=self.matrix[rows],
            labels=self.labels[rows],
            people=None if self.people is None else self.people[rows],
            days=None if self.days is None else self.days[rows],
        )

    @property
    def both_kinds(self) -> bool:
        """Whether some left and some stayed."""
        return bool(0 < self.labels.sum() < len(self.labels))

    def distinct_leavers(self) -> int:
        """How many people left: somebody seen on three days before they went is three rows but one lesson."""
        left = np.flatnonzero(self.labels == 1)
        return len(left) if self.people is None else len(np.unique(self.people[left]))
