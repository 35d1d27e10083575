"""Read an OpenAPI document, and refuse what a gateway cannot make tools of.

Sources: AgentCore developer guide, "OpenAPI schema targets"; OpenAPI Specification 3.0 and 3.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from referencing.exceptions import Unresolvable

Document = dict[str, Any]

_VALIDATORS = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator}
_UNSUPPORTED = frozenset({"oneOf", "anyOf", "allOf", "callbacks", "links", "webhooks"})
"""What the guide lists as unsupported, wherever it stands. What the service does about it is not documented."""
_NAMES = frozenset({"properties", "schemas", "parameters", "responses", "requestBodies", "paths"})
"""Where the keys are names that the author of a document chose."""


class DocumentError(Exception):
    """The document cannot be used; the message says where and why."""


def read_document(text: str) -> Document:
    """Read a document and check it.

    Args:
        text: JSON or YAML.

    Returns:
        The document, with text for every key.

    Raises:
        DocumentError: It is no OpenAPI 3.0 or 3.1, breaks the specification, or uses what no gateway supports.
    """
    document = _parsed(text)
    version = document.get("openapi")
    validator = _VALIDATORS.get(version[:3]) if isinstance(version, str) else None
    if validator is None:
        raise DocumentError("'openapi' must be a version 3.0 or 3.1; Swagger 2.0 is not supported.")
    _check_features(document)
    _check_specification(validator, document)
    return document


def _parsed(text: str) -> Document:
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
        document = _with_text_keys(found, {})
    except (ValueError, yaml.YAMLError, RecursionError):
        raise DocumentError("The document is neither JSON nor YAML.") from None
    if not isinstance(document, dict):
        raise DocumentError("The document is no object.")
    return document


def _with_text_keys(value: Any, done: dict[int, Any]) -> Any:
    """Return a value whose keys are text, as in JSON: YAML reads the status 200 as a number."""
    if not isinstance(value, (dict, list)):
        return value
    if id(value) not in done:
        # An anchor of YAML is one object in many places: each is made once.
        if isinstance(value, dict):
            made: Any = {}
            done[id(value)] = made
            made.update({str(key): _with_text_keys(item, done) for key, item in value.items()})
        else:
            made = []
            done[id(value)] = made
            made.extend(_with_text_keys(item, done) for item in value)
    return done[id(value)]


def _check_features(document: Document) -> None:
    for path, key, value in _walk(document, "", set()):
        if key in _UNSUPPORTED:
            raise DocumentError(f"{path}: '{key}' is not supported.")
        if key == "$ref" and not (isinstance(value, str) and value.startswith("#/")):
            raise DocumentError(f"{path}: a reference must begin with '#/'.")
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    if document.get("security") or schemes:
        raise DocumentError("Security schemes are not supported; use the target's credentials.")


def _walk(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, str, Any]]:
    if id(value) in seen or not isinstance(value, (dict, list)):
        return
    seen.add(id(value))
    items = value.items() if isinstance(value, dict) else enumerate(value)
    named = path.rpartition(".")[2] in _NAMES
    for key, item in items:
        below = f"{path}.{key}" if path else str(key)
        if isinstance(key, str) and not named and key not in ("example", "examples", "default"):
            yield below, key, item
        yield from _walk(item, below, seen)


def _check_specification(validator: Any, document: Document) -> None:
    try:
        fault = next(validator(document).iter_errors(), None)
    except (Unresolvable, RecursionError):
        raise DocumentError("A reference of the document leads nowhere.") from None
    except (TypeError, AttributeError, KeyError, ValueError):
        # The validator follows what a broken part of a document promises.
        raise DocumentError("The document breaks the OpenAPI specification.") from None
    if fault is None:
        return
    place = ".".join(str(part) for part in getattr(fault, "absolute_path", ()))
    raise DocumentError(f"{place or 'The document'}: {_said(fault)}")


def _said(fault: Any) -> str:
    """Return what is wrong, without values of the document: the service's model calls it sensitive."""
    kind = getattr(fault, "validator", None)
    return (
        str(fault.message)
        if not isinstance(kind, str) or kind == "required"
        else f"breaks '{kind}'"
    )


def resolved(document: Document, value: Any, path: tuple[str, ...] = ()) -> Any:
    """Return a part of a document with what its references lead to.

    Raises:
        DocumentError: A reference leads nowhere, or back to itself.
    """
    if isinstance(value, list):
        return [resolved(document, item, path) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return {key: resolved(document, item, path) for key, item in value.items()}
    if reference in path:
        raise DocumentError(f"{reference}: a schema that contains itself is not supported.")
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or key not in found:
            raise DocumentError(f"{reference}: the reference leads nowhere.")
        found = found[key]
    return resolved(document, found, (*path, reference))
