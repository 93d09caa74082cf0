"""The fit of many clients with many people at once, with what each client weighs in the total."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from statistics import median_low
from typing import TypeVar

import numpy as np

from activities.assignment import Points
from models.clients import Client
from models.handover import Candidate
from models.successor_fit import CONTACT, ENOUGH, LANGUAGE, SEGMENT, TERRITORY, TIER, base_language, room

UNKNOWN = ""
HEAVIEST = 1000  # weight of the client with the highest value in its currency; the lightest has 1

Key = TypeVar("Key", str, int)


def points_of(clients: Sequence[Client], pool: Sequence[Candidate]) -> Points:
    """Points 0..10,000 of each client (row) with each candidate (column); pair by pair those of successor_fit.fit."""
    if not clients or not pool:
        return np.zeros((len(clients), len(pool)), dtype=np.int64)
    people = [one.employee for one in pool]
    regions = _same((one.region for one in clients), (one.region for one in people))
    countries = _same((one.country for one in clients), (one.country for one in people))
    languages = _same((base_language(one.language) for one in clients), (base_language(one.language) for one in people))
    points: Points = np.where(regions, TERRITORY, np.where(countries, TERRITORY // 2, 0)) + languages * LANGUAGE
    points += np.array([room(one) for one in pool], dtype=np.int64)
    points += _experience([one.segment for one in clients], [one.segments for one in pool], SEGMENT)
    points += _experience([one.tier for one in clients], [one.tiers for one in pool], TIER)
    place = {client.id: row for row, client in enumerate(clients)}
    for column, candidate in enumerate(pool):
        points[[place[known] for known in candidate.earlier_contact if known in place], column] += CONTACT
    return points


def weights_of(values: Sequence[tuple[str, Decimal | None]]) -> Points:
    """Weights 1..1000, in proportion to the highest value in the same currency: currencies are never compared.

    An unknown value weighs as much as the median of the known ones: unknown is not worthless.
    """
    highest: dict[str, Decimal] = {}
    for currency, value in values:
        if value is not None:
            highest[currency] = max(value, highest.get(currency, Decimal(0)))
    known = [
        max(1, round(HEAVIEST * value / highest[currency])) if highest[currency] > 0 else 1
        for currency, value in values
        if value is not None
    ]
    usual, each = median_low(known) if known else 1, iter(known)
    return np.array([usual if value is None else next(each) for _, value in values], dtype=np.int64)


def _same(left: Iterable[str], right: Iterable[str]) -> Points:
    """1 where both sides hold the same known text, else 0."""
    codes: dict[str, int] = {}
    rows = np.array([codes.setdefault(word, len(codes)) if word else -1 for word in left])
    columns = np.array([codes.setdefault(word, len(codes)) if word else -2 for word in right])
    same: Points = (rows[:, None] == columns[None, :]).astype(np.int64)
    return same


def _experience(keys: Sequence[Key], held: Sequence[Mapping[Key, int]], most: int) -> Points:
    """Points for clients of the same kind that a person holds already; enough of them give `most`."""
    kinds = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    table = np.zeros((len(kinds), len(held)), dtype=np.int64)
    for column, counts in enumerate(held):
        for key, count in counts.items():
            if key in kinds and key != UNKNOWN:
                table[kinds[key], column] = most * min(count, ENOUGH) // ENOUGH
    rows: Points = table[[kinds[key] for key in keys]]
    return rows
