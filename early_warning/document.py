"""The document of a model: plain JSON, checked piece by piece before anything computes with it.

    {"format": …, "digest": SHA-256 of the dumped body, "body": {features, line, trees, blend, learned, probe}}

The format says what kind of model it is.

The registry pins the whole document by its own SHA-256. The digest inside and the probe (rows with the margins that the
model gave when it was learned) are a second belt: a document that was damaged before it was registered is refused as
well. Nothing but the standard library is used, so that a bad document is turned away before a big library is loaded.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from models.model_kind import ModelKind

FORMAT = "offboard-attrition-1"
FORMATS = {FORMAT: ModelKind.ATTRITION, "offboard-late-payment-1": ModelKind.LATE_PAYMENT}
LARGEST = 32 * 1024 * 1024  # bytes
MOST_FEATURES = 2000
ENORMOUS = 1e12  # no figure of a person or of a model comes near
FORMS = ("value", "log", "missing", "level")


class BadDocument(ValueError):
    """Not a model of ours; the text says in what way."""


@dataclass(frozen=True)
class Feature:
    """One figure. `direction` is -1, 0 or 1 (a higher figure can only raise the probability); words have `levels`."""

    name: str
    direction: int = 0
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Term:
    """One term of the line: `weight · (form of the feature − mean) / scale`. `level` counts in the feature's levels."""

    feature: int
    form: str
    level: int
    fill: float
    mean: float
    scale: float
    weight: float


@dataclass(frozen=True)
class Line:
    """The logistic part."""

    intercept: float
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Trees:
    """XGBoost's JSON, and what each of its columns is: a feature, and a level of it or -1 for the figure itself."""

    columns: tuple[tuple[int, int], ...]
    booster: dict[str, Any]


@dataclass(frozen=True)
class Blend:
    """The last step, an affine map of both margins; it is also the calibration."""

    line: float
    trees: float
    bias: float


@dataclass(frozen=True)
class Probe:
    """Rows, and the margins that the model gave for them when it was learned. None stands for a missing figure."""

    rows: tuple[tuple[float | None, ...], ...]
    margins: tuple[float, ...]


@dataclass(frozen=True)
class Body:
    """All that a model is. `learned` says what it was learned from, for people; nothing computes with it."""

    features: tuple[Feature, ...]
    line: Line
    trees: Trees | None
    blend: Blend
    learned: dict[str, int | float | str]
    probe: Probe
    kind: ModelKind = ModelKind.ATTRITION


def sha256_of(document: bytes) -> str:
    """What pins a document."""
    return hashlib.sha256(document).hexdigest()


def version_of(sha256: str, kind: ModelKind = ModelKind.ATTRITION) -> str:
    """The name of the model with that document; no other content has it."""
    return f"{kind}-{sha256[:12]}"


def kind_of(document: bytes) -> ModelKind:
    """What kind of model a document says that it is, without reading it; attrition when it says nothing."""
    return next((kind for name, kind in FORMATS.items() if document.startswith(_head(name))), ModelKind.ATTRITION)


def dump(body: Body) -> bytes:
    """The document of a model. The same model gives the same bytes."""
    named = {kind: name for name, kind in FORMATS.items()}[body.kind]
    content = _compact({name: part for name, part in asdict(body).items() if name != "kind"})
    digest = hashlib.sha256(content.encode()).hexdigest()
    return _head(named) + f', "digest": "{digest}", "body": {content}}}'.encode()


def parse(document: bytes) -> Body:
    """Read a document. Raises BadDocument, whatever is in it."""
    if len(document) > LARGEST:
        raise BadDocument(f"{len(document)} bytes are more than any model has")
    try:
        whole = json.loads(document)
        return _body(whole)
    except BadDocument:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as wrong:
        raise BadDocument(f"not a model document ({type(wrong).__name__})") from wrong


def _head(named: str) -> bytes:
    return f'{{"format": "{named}"'.encode()


def _body(whole: Any) -> Body:
    if whole["format"] not in FORMATS:
        raise BadDocument("a document of another format")
    raw = whole["body"]
    if hashlib.sha256(_compact(raw).encode()).hexdigest() != whole["digest"]:
        raise BadDocument("its content does not match the digest inside")
    features = tuple(_feature(each) for each in raw["features"])
    _want(0 < len(features) <= MOST_FEATURES, "the number of features")
    _want(len({each.name for each in features}) == len(features), "two features of one name")
    body = Body(
        features=features,
        line=Line(_number(raw["line"]["intercept"]), tuple(_term(each, features) for each in raw["line"]["terms"])),
        trees=None if raw["trees"] is None else _trees(raw["trees"], features),
        blend=Blend(**{name: _number(raw["blend"][name]) for name in ("line", "trees", "bias")}),
        learned=dict(raw["learned"]),
        probe=_probe(raw["probe"], len(features)),
        kind=FORMATS[whole["format"]],
    )
    _want(body.blend.line >= 0 and body.blend.trees >= 0, "the blend")
    _want(body.trees is not None or body.blend.trees == 0, "the blend without trees")
    return body


def _feature(raw: Any) -> Feature:
    levels = tuple(raw["levels"])
    _want(
        isinstance(raw["name"], str) and raw["name"] != "" and all(isinstance(each, str) for each in levels),
        "a feature",
    )
    _want(raw["direction"] in (-1, 0, 1) and not isinstance(raw["direction"], float), "a direction")
    return Feature(raw["name"], raw["direction"], levels)


def _term(raw: Any, features: tuple[Feature, ...]) -> Term:
    term = Term(
        feature=_place(raw["feature"], len(features)),
        form=raw["form"],
        level=raw["level"],
        **{name: _number(raw[name]) for name in ("fill", "mean", "scale", "weight")},
    )
    _want(term.form in FORMS and term.scale > 0, "a term")
    _level(term.level, features[term.feature], wanted=term.form == "level")
    return term


def _trees(raw: Any, features: tuple[Feature, ...]) -> Trees:
    columns = []
    for feature, level in raw["columns"]:
        place = _place(feature, len(features))
        _level(level, features[place], wanted=bool(features[place].levels))
        columns.append((place, level))
    _want(isinstance(raw["booster"], dict) and bool(columns), "the trees")
    return Trees(tuple(columns), raw["booster"])


def _probe(raw: Any, width: int) -> Probe:
    rows = tuple(tuple(None if each is None else _number(each) for each in row) for row in raw["rows"])
    margins = tuple(_number(each) for each in raw["margins"])
    _want(len(rows) == len(margins) > 0 and all(len(row) == width for row in rows), "the probe")
    return Probe(rows, margins)


def _number(raw: Any) -> float:
    _want(isinstance(raw, int | float) and not isinstance(raw, bool), "a figure")
    _want(math.isfinite(raw) and abs(raw) < ENORMOUS, "the size of a figure")
    return float(raw)


def _place(raw: Any, size: int) -> int:
    _want(isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < size, "a place")
    return int(raw)


def _level(raw: Any, feature: Feature, *, wanted: bool) -> None:
    if wanted:
        _place(raw, len(feature.levels))
    else:
        _want(raw == -1 and isinstance(raw, int), "a level")


def _want(right: bool, what: str) -> None:
    if not right:
        raise BadDocument(f"{what} is not as a model has it")


def _compact(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
