"""Picks a tool for a purpose, and writes an input that fits the tool's JSON schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WEATHER = ("weather", "天気", "forecast", "気象")
CALCULATOR = ("calculat", "計算", "arithmetic", "math")

PLACE = ("place", "location", "city", "region", "area", "場所", "地名", "都市")
EXPRESSION = ("expression", "expr", "formula", "equation", "query", "input", "式")

_EMPTY: dict[str, Any] = {"number": 0, "integer": 0, "boolean": False, "array": [], "object": {}}


def find(specs: Sequence[Mapping[str, Any]], words: Sequence[str]) -> Mapping[str, Any] | None:
    """Find the tool that is about something; a name that fits beats a description that does.

    Args:
        specs: The `toolSpec`s of the request.
        words: What the tool is about, lower case.

    Returns:
        The tool's `toolSpec`, or `None`.
    """
    for field in ("name", "description"):
        for spec in specs:
            if any(word in str(spec.get(field, "")).lower() for word in words):
                return spec
    return None


def fill(spec: Mapping[str, Any], names: Sequence[str], value: str | None) -> dict[str, Any] | None:
    """Write the input of a tool that takes one text.

    Args:
        spec: The `toolSpec`.
        names: What the property for the text may be called, best first.
        value: The text; `None` leaves the property out when the schema allows it.

    Returns:
        The input, with every other required property at its default, first choice or empty value;
        `None` when the schema has no property that could take the text.
    """
    schema = spec["inputSchema"].get("json") or {}
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = schema.get("required", [])
    target = _property(properties, names)
    filled: dict[str, Any] = {}
    if target is None:
        if value is not None and properties:
            return None
    elif value is not None:
        filled[target] = value
    for name in required:
        if name not in filled:
            filled[name] = _default(properties.get(name, {}))
    return filled


def _property(properties: Mapping[str, Any], names: Sequence[str]) -> str | None:
    texts = [name for name, schema in properties.items() if _type(schema) == "string"]
    for wanted in names:
        for name in texts:
            if wanted in name.lower():
                return name
    return texts[0] if texts else None


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        return next((each for each in kind if each != "null"), "string")
    return str(kind)


def _default(schema: Mapping[str, Any]) -> Any:
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    return _EMPTY.get(_type(schema), "")
