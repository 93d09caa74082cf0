"""The quick way to canonical JSON says byte for byte what the reference implementation of RFC 8785 says."""

from enum import StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from models.canonical_json import MOST, canonical

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
KEYS = st.one_of(st.text('aZ_0"\\\n\x7f', max_size=4), TEXT)
LEAVES = st.one_of(
    st.none(), st.booleans(), TEXT, st.integers(-MOST, MOST), st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=25,
)


class Colour(StrEnum):
    """A word of a closed set, as a key and as a value."""

    RED = "red"


@given(VALUES)
def test_every_value_is_spelled_as_the_reference_spells_it(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ({"b": 1, "a": [True, None], "B": "x"}, '{"B":"x","a":[true,null],"b":1}'),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'),  # by UTF-16, not by code point
        ('\x00\x1f\b\t\n\f\r"\\/\x7f\u2028中', '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f\u2028中"'),
        ([1.0, 1e21, -0.0], "[1,1e+21,0]"),
        ({Colour.RED: Colour.RED}, '{"red":"red"}'),
        ([], "[]"),
    ],
)
def test_what_the_standard_says(value: object, spelled: str) -> None:
    assert canonical(value) == spelled.encode()


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), {1: "a"}, {None: "a"}, "\ud800", {"\ud800": 1}, float("nan"), b"a", {1, 2}, [...]],
    ids=repr,
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
        canonical([value])
