"""A labelled table through the learner: learned anew for every part, measured on rows that it has not seen."""

from collections.abc import Callable, Mapping, Sequence

from early_warning.evaluation import Held, draws, level_rows, quality
from early_warning.fairness import group_rows, proxy_tests
from early_warning.folds import LARGE, Fold, outer
from early_warning.learning import learn
from early_warning.model import probability
from early_warning.table import Table
from models.attrition import Split, TableEvaluation
from models.errors import Refused

REPEATS = 5


def parts_of(table: Table) -> list[Fold]:
    """The parts that a table is measured on; a large one needs no repetition. Raises Refused when none can be made."""
    found = outer(table, 1 if len(table) >= LARGE else REPEATS)
    usable = [fold for fold in found if all(table.take(part).both_kinds for part in fold)]
    if not usable:
        raise Refused("the rows cannot be parted so that both parts hold leavers and stayers: nothing was measured.")
    return usable


def evaluate_table(
    table: Table, audited: Mapping[str, Sequence[object]], progress: Callable[[str], None] = lambda _: None
) -> TableEvaluation:
    """Learn and measure. `audited` are attributes for the audit alone."""
    parts = parts_of(table)
    held = []
    for number, (known, later) in enumerate(parts, 1):
        progress(f"{number}/{len(parts)}")
        held.append(Held(later, probability(learn(table.take(known)).margins(table.matrix[later]))))
    return TableEvaluation(
        rows=len(table),
        positives=int(table.labels.sum()),
        base_rate=float(table.labels.mean()),
        split=Split.TIME if table.days is not None else Split.PEOPLE if table.people is not None else Split.STRATA,
        parts=len(parts),
        features=tuple(feature.name for feature in table.features),
        levels=level_rows(table, held),
        groups=group_rows(table, held, audited),
        proxies=proxy_tests(table, audited),
        **quality(table, held, draws(table)),
    )
