"""What was typed into the form as an input of the lifecycle, and an input as what is typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.console.inputs.fields import Field, leaves
from cli.errors import UsageError
from cli.inputs import parse_json

ON = "true"
"""What a flag that is set is sent as."""


@dataclass(frozen=True)
class Typed:
    """What was typed.

    Attributes:
        value: The input.
        problems: The fields whose text is no JSON, with the message, by path.
    """

    value: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read_typed(texts: Mapping[str, str]) -> Typed:
    """Make an input out of texts.

    An empty field is left out. A text that is no value of the field's type stays a text: the model refuses it.

    Args:
        texts: The text of each field by its path; others are ignored.
    """
    typed = Typed()
    for path, one in leaves().items():
        text = texts.get(path, "").replace("\r\n", "\n")
        if not text.strip():
            continue
        try:
            _put(typed.value, path.split("."), _value(one, text))
        except UsageError as error:
            typed.problems[path] = str(error)
    return typed


def texts_of(value: dict[str, Any]) -> dict[str, str]:
    """Return what to type for an input, by the path of the field. Fields that the form does not have are left out."""
    found = {}
    for path, one in leaves().items():
        inner: Any = value
        for name in path.split("."):
            inner = inner.get(name) if isinstance(inner, dict) else None
        if inner not in (None, [], {}, False):
            found[path] = _text(one, inner)
    return found


def _value(one: Field, text: str) -> Any:
    match one.kind:
        case "flag":
            return text == ON or text
        case "number":
            return _number(text.strip())
        case "lines":
            return [line.strip() for line in text.split("\n") if line.strip()]
        case "json":
            return parse_json(text, one.path)
        case "text":
            return text
    return text.strip()


def _number(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text


def _text(one: Field, value: Any) -> str:
    if one.kind == "lines" and isinstance(value, list):
        return "\n".join(str(item) for item in value)
    if isinstance(value, str) and one.kind != "json":
        return value
    return json.dumps(value, ensure_ascii=False, indent=2 if one.kind == "json" else None)


def _put(value: dict[str, Any], path: list[str], item: Any) -> None:
    for name in path[:-1]:
        value = value.setdefault(name, {})
    value[path[-1]] = item
