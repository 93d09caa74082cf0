"""Documents of models that are not what they were: none is loaded, nobody is scored, this process lives."""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from early_warning import host
from early_warning.document import FORMAT, LARGEST, BadDocument, parse, sha256_of
from early_warning.features import FEATURES
from early_warning.learning import learn
from early_warning.model import Model
from models.errors import ModelRefused, Unavailable
from tests.model_tables import made_table, noise

WIDTH = len(FEATURES)


@pytest.fixture(scope="module")
def learned() -> Model:
    return learn(made_table(1100))


@pytest.fixture(autouse=True, scope="module")
def no_child_is_left() -> Iterator[None]:
    yield
    host.close_all()


# ---- bytes that changed ----


def damaged_bytes(document: bytes, numbers: random.Random) -> bytes:
    """One damage of a disk, a network or an editor."""
    place = numbers.randrange(len(document))
    other = numbers.randrange(len(document))
    start, end = min(place, other), max(place, other) + 1
    damages: list[Callable[[], bytes]] = [
        lambda: document[:place],
        lambda: document[place + 1 :],
        lambda: document[:place] + bytes([document[place] ^ (1 << numbers.randrange(8))]) + document[place + 1 :],
        lambda: document[:start] + document[end:],
        lambda: document[:start] + document[start:end][::-1] + document[end:],
        lambda: document[:place] + numbers.randbytes(8) + document[place:],
        lambda: document + document,
        lambda: document.replace(b"0.", b"1.", 1 + numbers.randrange(5)),
    ]
    return numbers.choice(damages)()


def test_120_damaged_files_are_turned_away_before_a_byte_is_handed_over(
    learned: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> None:
        pytest.fail("a document was handed over before its hash was compared")

    monkeypatch.setattr(host, "HostedModel", started)
    numbers = random.Random(1)
    for _ in range(120):
        document = damaged_bytes(learned.document, numbers)
        if document != learned.document:
            with pytest.raises(ModelRefused, match="SHA-256"):
                host.hosted(document, learned.sha256)


def test_60_damaged_files_whose_hash_was_registered_all_the_same_are_no_models(learned: Model) -> None:
    """The hash in the registry is right, for it was made of the damaged bytes: the digest inside tells."""
    numbers = random.Random(2)
    for _ in range(60):
        document = damaged_bytes(learned.document, numbers)
        if document != learned.document:
            with pytest.raises(BadDocument):
                parse(document)


# ---- documents with every hash right, and nonsense inside ----

Change = Callable[[dict[str, Any]], object]


def sealed(learned: Model, change: Change) -> bytes:
    """The document of a changed body, with a digest and a hash that fit it."""
    body = json.loads(learned.document)["body"]
    change(body)
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f'{{"format": "{FORMAT}", "digest": "{sha256_of(content.encode())}", "body": {content}}}'.encode()


def booster_of(body: dict[str, Any]) -> Any:
    return body["trees"]["booster"]["learner"]["gradient_booster"]["model"]


def deep(levels: int) -> Any:
    nested: Any = 1.0
    for _ in range(levels):
        nested = [nested]
    return nested


TURNED_AWAY: dict[str, Change] = {
    "a word for a weight": lambda body: body["line"]["terms"][0].update(weight="much"),
    "true for a weight": lambda body: body["line"]["terms"][0].update(weight=True),
    "nothing for a weight": lambda body: body["line"]["terms"][0].update(weight=None),
    "an enormous weight": lambda body: body["line"]["terms"][0].update(weight=1e300),
    "infinite": lambda body: body["blend"].update(bias=float("inf")),
    "not a number": lambda body: body["blend"].update(bias=float("nan")),
    "an enormous whole number": lambda body: body["blend"].update(bias=10**400),
    "a scale of zero": lambda body: body["line"]["terms"][0].update(scale=0.0),
    "an unknown form": lambda body: body["line"]["terms"][0].update(form="__import__('os')"),
    "a feature that is not there": lambda body: body["line"]["terms"][0].update(feature=99),
    "a feature before the first": lambda body: body["line"]["terms"][0].update(feature=-1),
    "a level of a figure": lambda body: body["line"]["terms"][0].update(form="level", level=0),
    "terms that are none": lambda body: body["line"].update(terms="abc"),
    "no features": lambda body: body.update(features=[]),
    "two features of one name": lambda body: body["features"].append(body["features"][0]),
    "a direction of two": lambda body: body["features"][0].update(direction=2),
    "a feature without a name": lambda body: body["features"][0].update(name=""),
    "a negative part": lambda body: body["blend"].update(line=-1.0),
    "no trees and a part for them": lambda body: body.update(trees=None),
    "no probe": lambda body: body["probe"].update(rows=[], margins=[]),
    "a probe of another width": lambda body: body["probe"]["rows"][0].pop(),
    "columns that are nowhere": lambda body: body["trees"].update(columns=[[0, 5]]),
    "trees that are text": lambda body: body["trees"].update(booster="trees"),
    "nested without end": lambda body: body.update(learned=deep(900)),
    "a list for a body": lambda body: body.clear(),
}


@pytest.mark.parametrize("change", TURNED_AWAY.values(), ids=TURNED_AWAY)
def test_a_sealed_document_with_nonsense_inside_is_turned_away(learned: Model, change: Change) -> None:
    with pytest.raises(BadDocument):
        parse(sealed(learned, change))


def test_what_is_no_document_at_all_is_turned_away() -> None:
    for document in (b"", b"null", b"[]", b"{", b"\x80\x04K\x01.", b"[" * 100_000, b"x" * (LARGEST + 1)):
        with pytest.raises(BadDocument):
            parse(document)


# XGBoost itself has to read these: that happens in the child, and some of them end it.
FOR_THE_CHILD: dict[str, Change] = {
    "no trees in the trees": lambda body: body["trees"].update(booster={}),
    "children far away": lambda body: booster_of(body)["trees"][0].update(left_children=[10**6, -1, -1]),
    "a tree of itself": lambda body: booster_of(body)["trees"][0]["left_children"].__setitem__(0, 0),
    "a split by no column": lambda body: booster_of(body)["trees"][0]["split_indices"].__setitem__(0, 10**6),
    "more trees than there are": lambda body: booster_of(body)["gbtree_model_param"].update(num_trees="1000000000"),
    "a word for a number of trees": lambda body: booster_of(body)["gbtree_model_param"].update(num_trees="many"),
    "columns swapped": lambda body: body["trees"]["columns"].reverse(),
    "fewer columns": lambda body: body["trees"]["columns"].pop(),
    "another leaf": lambda body: booster_of(body)["trees"][0].update(
        split_conditions=[each + 0.5 for each in booster_of(body)["trees"][0]["split_conditions"]]
    ),
    "another bias": lambda body: body["blend"].update(bias=body["blend"]["bias"] + 0.01),
}


@pytest.mark.parametrize("change", FOR_THE_CHILD.values(), ids=FOR_THE_CHILD)
def test_trees_that_are_none_end_in_the_child(learned: Model, change: Change) -> None:
    document = sealed(learned, change)
    with pytest.raises(ModelRefused):
        host.hosted(document, sha256_of(document))


# ---- the child ----


def test_a_model_in_a_child_answers_as_it_does_here(learned: Model) -> None:
    there, rows = host.hosted(learned.document, learned.sha256), noise(500, WIDTH)
    assert there is host.hosted(learned.document, learned.sha256), "one child a model"
    assert (there.version, there.names) == (learned.version, learned.names)
    assert (there.margins(rows) == learned.margins(rows)).all()
    assert (there.contributions(rows) == learned.contributions(rows)).all()
    assert there.contributions(rows[:0]).shape == (0, WIDTH + 1)


def test_a_child_that_died_is_unavailable_once_and_then_replaced(learned: Model) -> None:
    there, rows = host.hosted(learned.document, learned.sha256), noise(10, WIDTH)
    assert there._child is not None
    there._child._process.kill()
    there._child._process.wait()
    assert there.margins(rows) == pytest.approx(learned.margins(rows)), "it had time to see that the child was gone"
    there._child._process.send_signal(19)  # SIGSTOP: it lives, and gives no answer
    patience, host.DEADLINE = host.DEADLINE, 0.5
    try:
        with pytest.raises(Unavailable, match="nobody was scored"):
            there.margins(rows)
    finally:
        host.DEADLINE = patience
    assert there.margins(rows) == pytest.approx(learned.margins(rows))


def test_the_child_has_limits_and_knows_nothing_of_ours(learned: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", "postgresql://user:secret@db/offboard")
    host.close_all()
    there = host.hosted(learned.document, learned.sha256)
    assert there._child is not None
    process = Path(f"/proc/{there._child._process.pid}")
    limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()[1:]}
    assert int(limits["Max address space"]) == 1536 * 1024 * 1024
    assert limits["Max file size"] == "0"
    assert b"OFFBOARD" not in (process / "environ").read_bytes()


def test_a_hundred_thousand_people_are_scored_and_the_high_ones_explained_in_seconds(learned: Model) -> None:
    there, rows = host.hosted(learned.document, learned.sha256), noise(100_000, WIDTH)
    started = time.monotonic()
    margins = there.margins(rows)
    parts = there.contributions(rows[np.argsort(-margins)[:2000]])
    assert time.monotonic() - started < 9
    assert len(parts) == 2000
