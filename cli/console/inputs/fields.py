"""The fields of the form that starts an execution, read from the JSON schema of the input's own model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from lifecycle.request.inputs import PRIVATE_FIELDS
from lifecycle.request.model import Request

Kind = Literal["object", "choice", "flag", "number", "line", "text", "lines", "json"]
"""How a field is typed: `lines` is a list of texts, one on each line; `object` has fields of its own."""

_LONG = 1024
"""A text that may be longer than this gets more than one line."""


@dataclass(frozen=True)
class Field:
    """One field of the input.

    Attributes:
        path: Its name from the whole input down, such as `artifact.source.bucket`.
        kind: How it is typed.
        allowed: What is allowed, in words.
        meaning: What it is for, in Markdown; empty for a section.
        default: The default as JSON; empty for none.
        choices: The values of a `choice`.
        private: Whether its value may be confidential, so that no page repeats it.
        members: The fields of an `object`.
    """

    path: str
    kind: Kind
    allowed: str = ""
    meaning: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    private: bool = False
    members: tuple[Field, ...] = ()

    @property
    def id(self) -> str:
        """Its id in a page."""
        return self.path.replace(".", "-")

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


@cache
def form_fields() -> tuple[Field, ...]:
    """Return the fields of the whole input, in the order of the model."""
    schema = Request.model_json_schema(by_alias=True)
    return _Reader(schema["$defs"]).members(schema, "")


@cache
def leaves() -> dict[str, Field]:
    """Return every field that is typed, by its path."""
    return {field.path: field for field in _leaves(form_fields())}


@cache
def named() -> tuple[str, ...]:
    """Return the path of every field that can have a fault: those that are typed, and the objects that hold some."""
    inner = [one for section in form_fields() for one in section.members]
    return (*leaves(), *(one.path for one in inner if one.kind == "object"))


def _leaves(fields: tuple[Field, ...]) -> list[Field]:
    found = []
    for field in fields:
        found += _leaves(field.members) if field.kind == "object" else [field]
    return found


class _Reader:
    """Reads a schema with its definitions."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions

    def members(self, schema: dict[str, Any], above: str) -> tuple[Field, ...]:
        """Return the fields of an object."""
        return tuple(
            self._field(outer, f"{above}{name}") for name, outer in schema["properties"].items()
        )

    def _field(self, outer: dict[str, Any], path: str) -> Field:
        schema = self._resolved(outer)
        allowed, meaning = outer.get("allowed", ""), outer.get("description", "")
        if "properties" in schema:
            members = self.members(schema, f"{path}.")
            return Field(path, "object", allowed, meaning, members=members)
        default = outer.get("default")
        return Field(
            path,
            _kind(schema, self._resolved(schema.get("items", {}))),
            allowed,
            meaning,
            "" if default is None else json.dumps(default, ensure_ascii=False),
            tuple(schema.get("enum", ())),
            private=self._is_private(outer, path),
        )

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a value other than null must be."""
        of = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
        if "$ref" in of:
            named: dict[str, Any] = self._definitions[of["$ref"].rpartition("/")[2]]
            return named
        return of

    def _is_private(self, schema: dict[str, Any], path: str) -> bool:
        inner = self._resolved(self._resolved(schema).get("items", {}))
        return bool(PRIVATE_FIELDS.intersection([*path.split("."), *inner.get("properties", ())]))


def _kind(schema: dict[str, Any], items: dict[str, Any]) -> Kind:
    if "enum" in schema:
        return "choice"
    match schema["type"]:
        case "boolean":
            return "flag"
        case "integer" | "number":
            return "number"
        case "array" if items["type"] == "string":
            return "lines"
        case "string":
            return (
                "text" if schema.get("maxLength", 0) > _LONG and "pattern" not in schema else "line"
            )
    return "json"
