"""How far destinations are trusted, each on its day: trust holds from the day it was set on, never backwards."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.warning_policy import Destination, Trust

LEVELS = tuple(Trust)
EXTERNAL = LEVELS.index(Trust.EXTERNAL)
Codes = npt.NDArray[np.int8]


def trust_codes(destinations: pd.Series, days: pd.Series, policy: tuple[Destination, ...]) -> Codes:
    """The index in `LEVELS` of every row's destination on its day.

    The most specific name wins (`mail.example.com` before `example.com`), then the entry set last. A mail address
    counts by its domain. What is in no entry, or not yet, is external.
    """
    known: defaultdict[str, list[Destination]] = defaultdict(list)
    for entry in policy:
        known[entry.name.casefold()].append(entry)
    which, names = pd.factorize(destinations.fillna(""))
    levels = np.full(len(destinations), EXTERNAL, np.int8)
    listed = {code: entries for code, name in enumerate(names) if (entries := _entries(str(name), known))}
    rows = np.flatnonzero(np.isin(which, list(listed)))
    rows = rows[np.argsort(which[rows], kind="stable")]
    on = pd.to_datetime(days).to_numpy().astype("datetime64[D]")
    bounds = np.flatnonzero(np.diff(which[rows], prepend=-1))
    for group in np.split(rows, bounds[1:]) if len(rows) else []:
        # From the weakest claim to the strongest, so that the strongest has the last word.
        for entry in reversed(listed[int(which[group[0]])]):
            levels[group[on[group] >= np.datetime64(entry.since)]] = LEVELS.index(entry.trust)
    return levels


def _entries(destination: str, known: dict[str, list[Destination]]) -> list[Destination]:
    """The entries for a destination, the strongest first."""
    name = destination.casefold().rsplit("@", 1)[-1].strip().rstrip(".")
    found: list[Destination] = []
    while name:
        found += sorted(known.get(name, ()), key=lambda entry: entry.since, reverse=True)
        name = name.partition(".")[2]
    return found
