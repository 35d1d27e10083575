"""Validate an input against a model, and describe each error in one sentence.

A sentence names the field as the caller writes it, the value that was given, and what is allowed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from lifecycle.errors import InvalidRequestError

# Values of these fields may be confidential, so an error never repeats them.
_PRIVATE_FIELDS = {"environmentVariables", "prompt"}
# An error is one line that a person reads, and a cause of Step Functions has at most 32,768 characters.
_SHOWN = 120
_SENTENCES = 20


class InputModel(BaseModel):
    """Base of the input's models: camelCase JSON, no unknown fields, no conversion of types."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


M = TypeVar("M", bound=InputModel)


def allowed(text: str) -> dict[str, Any]:
    """What a field allows, in words; the documentation and the errors show it."""
    return {"allowed": text}


def problem(field: str, given: Any, allowed: str) -> PydanticCustomError:
    """The error that a validator raises: a field below its own (`""`: itself), what was given, what is allowed."""
    return problems([(field, given, allowed)])


def problems(found: list[tuple[str, Any, str]]) -> PydanticCustomError:
    """The error that a validator raises for several fields: each with what was given and what is allowed."""
    return PydanticCustomError("request", "not allowed", {"found": found})


def unwrap(event: Any) -> Any:
    """Take the input out of an EventBridge envelope; anything else is returned unchanged."""
    return event.get("detail") if _is_envelope(event) else event


def _is_envelope(event: Any) -> bool:
    return isinstance(event, dict) and "detail-type" in event


def require_object(value: Any, name: str) -> dict[str, Any]:
    """Return a value that must be a JSON object.

    Args:
        value: Any JSON value.
        name: What the value is called in the error.

    Raises:
        InvalidRequestError: It is something else.
    """
    if not isinstance(value, dict):
        raise InvalidRequestError(f"{name}: given {shown(value)}, allowed: a JSON object")
    return value


def parse_input(model: type[M], event: Any) -> M:
    """Validate an execution's input.

    Args:
        model: The model of the input.
        event: The input, or an EventBridge envelope around it.

    Returns:
        The model, with defaults filled in.

    Raises:
        InvalidRequestError: The input is wrong; the message names each wrong field, its value and what is allowed.
    """
    value = require_object(unwrap(event), "detail" if _is_envelope(event) else "input")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        sentences = dict.fromkeys(
            text for wrong in error.errors() for text in _sentences(model, wrong)
        )
        more = len(sentences) - _SENTENCES
        told = [*sentences][:_SENTENCES] + ([f"and {more} more"] if more > 0 else [])
        raise InvalidRequestError("; ".join(told)) from None


def allowed_values(root: type[BaseModel], path: tuple[str, ...]) -> str | None:
    """What is allowed for a field, such as `("wait", "timeoutSeconds")`; None for no such field."""
    model = root
    text: str | None = None
    for name in path:
        field = next((f for f in model.model_fields.values() if f.alias == name), None)
        if field is None:
            return text
        text = str((field.json_schema_extra or {})["allowed"])  # type: ignore[index]
        inner = model_of(field.annotation)
        if inner is None:
            return text
        model = inner
    return text


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model inside a field's annotation, such as `Source` in `Source | None`; None for a plain value."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _sentences(root: type[BaseModel], wrong: ErrorDetails) -> Iterator[str]:
    loc = wrong["loc"]
    # pydantic adds "[key]" if the name itself is wrong. A field may have that name, too.
    name_is_wrong = len(loc) > 1 and loc[-1] == "[key]" and wrong["input"] == loc[-2]
    path = [_cut(str(part)) for part in (loc[:-1] if name_is_wrong else loc)]
    if wrong["type"] != "request":
        yield _sentence(root, wrong, path)
        return
    for field, given, may in wrong["ctx"]["found"]:
        whole = [*path, field] if field else path
        yield f"{'.'.join(whole) or 'input'}: given {shown(given, whole)}, allowed: {may}"


def _sentence(root: type[BaseModel], wrong: ErrorDetails, path: list[str]) -> str:
    if wrong["type"] == "extra_forbidden":
        siblings = _fields_at(root, path[:-1])
        close = difflib.get_close_matches(path[-1], siblings, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"{'.'.join(path)}: unknown field{hint}, allowed: {', '.join(siblings)}"
    text = allowed_values(root, tuple(path))
    if wrong["type"] == "missing":
        return f"{'.'.join(path)}: required, allowed: {text}"
    return f"{'.'.join(path)}: given {shown(wrong['input'], path)}, allowed: {text}"


def _fields_at(root: type[BaseModel], path: list[str]) -> list[str]:
    model = root
    for name in path:
        field = next((f for f in model.model_fields.values() if f.alias == name), None)
        model = (model_of(field.annotation) if field else None) or root
    return [str(field.alias) for field in model.model_fields.values()]


def shown(value: Any, path: Sequence[str] = ()) -> str:
    """A value as an error shows it: short, and not at all if its field may be confidential."""
    if _PRIVATE_FIELDS.intersection(path):
        return f"a {type(value).__name__} (not shown)"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}…"
