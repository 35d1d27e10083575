"""Values that a JSON schema of pydantic allows, with the bounds themselves among them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_LONGEST = 4096
_ALPHABET = st.sampled_from("abcXYZ019 ._:/=+@-äé天気😀")


def from_schema(schema: dict[str, Any]) -> SearchStrategy[Any]:
    """Values of a whole schema, as `model_json_schema()` returns it."""
    return _value(schema, schema.get("$defs", {}))


def _value(schema: dict[str, Any], named: dict[str, Any]) -> SearchStrategy[Any]:
    if "$ref" in schema:
        return _value(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        return st.one_of(*(_value(choice, named) for choice in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    return _OF_TYPE[schema["type"]](schema, named)


def _object(schema: dict[str, Any], named: dict[str, Any]) -> SearchStrategy[Any]:
    if "properties" in schema:
        required = set(schema.get("required", []))
        parts = {name: _value(part, named) for name, part in schema["properties"].items()}
        return st.fixed_dictionaries(
            {name: part for name, part in parts.items() if name in required},
            optional={name: part for name, part in parts.items() if name not in required},
        )
    keys = _string(schema.get("propertyNames", {}), named)
    more = schema.get("additionalProperties", True)
    if "patternProperties" in schema:
        ((pattern, more),) = schema["patternProperties"].items()
        keys = _string({**schema.get("propertyNames", {}), "pattern": pattern}, named)
    inner = st.nothing() if more is True else _value(more, named)
    most = min(schema.get("maxProperties", 5), 5)
    return st.just({}) if more is True else st.dictionaries(keys, inner, max_size=most)


def _array(schema: dict[str, Any], named: dict[str, Any]) -> SearchStrategy[Any]:
    low = schema.get("minItems", 0)
    return st.lists(
        _value(schema["items"], named),
        min_size=low,
        max_size=min(schema.get("maxItems", low + 4), low + 4),
    )


def _string(schema: dict[str, Any], _named: dict[str, Any]) -> SearchStrategy[Any]:
    return string(schema.get("pattern"), schema.get("minLength", 0), schema.get("maxLength"))


def string(pattern: str | None, low: int, high: int | None) -> SearchStrategy[str]:
    """Texts of a pattern and of bounds, in ASCII and, where the pattern lets them be, in other scripts."""
    most = min(high if high is not None else low + 40, _LONGEST)
    if pattern is not None:
        whole = f"(?:{pattern})"
        found = st.one_of(
            st.from_regex(whole, fullmatch=True, alphabet=st.characters(max_codepoint=126)),
            st.from_regex(whole, fullmatch=True),
        )
        # `$` also matches before a line break at the end.
        return found.filter(
            lambda text: low <= len(text) <= (high if high is not None else sys.maxsize)
        )
    return st.one_of(
        st.text(_ALPHABET, min_size=low, max_size=min(most, low + 20)),
        st.builds(
            lambda character, size: character * size,
            _ALPHABET,
            st.sampled_from(sorted({low, min(low + 1, most), most})),
        ),
    )


def _number(schema: dict[str, Any], _named: dict[str, Any]) -> SearchStrategy[Any]:
    low, high = schema.get("minimum", 0), schema.get("maximum", 1_000_000)
    edges = st.sampled_from([low, high])
    if schema["type"] == "integer":
        return st.one_of(edges, st.integers(low, high))
    return st.one_of(edges, st.floats(low, high), st.integers(int(low) + 1, int(high)))


_OF_TYPE: dict[str, Callable[[dict[str, Any], dict[str, Any]], SearchStrategy[Any]]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda _schema, _named: st.booleans(),
    "null": lambda _schema, _named: st.none(),
}
