"""Validate an input against a model, and describe each error in one sentence.

A sentence names the field as the caller writes it, the value that was given, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from lifecycle.errors import InvalidRequestError

# Values of these fields may be confidential, so an error never repeats them.
PRIVATE_FIELDS = frozenset({"environmentVariables", "prompt", "payload", "arguments"})
# An error is one line that a person reads, and a cause of Step Functions has at most 32,768 characters.
_SHOWN = 120
_FIELD = 250
_ALLOWED = 600
_SENTENCES = 20
# A DynamoDB item, which holds the request, has at most 32 levels (DynamoDB, "Quotas"), and the record has some itself.
_DEEPEST = 25
# Python writes no whole number of more than 4,300 digits.
_MOST_BITS = 400
LONGEST_MESSAGE = _SENTENCES * 1000
"""How many characters the message of a refused input has at most."""


class InputModel(BaseModel):
    """Base of the input's models: camelCase JSON, no unknown fields, no conversion of types."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, frozen=True, defer_build=True
    )


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


def is_unicode(text: str) -> bool:
    r"""Whether UTF-8 can carry a text: JSON can also write half a surrogate pair, such as `"\ud800"`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def refuse_deep(value: dict[str, Any], above: str = "") -> None:
    """Refuse JSON that is nested deeper than the record could hold.

    Args:
        value: A JSON object.
        above: What the object is called in the error, with a dot at its end; empty for the input itself.

    Raises:
        InvalidRequestError: Names the field that is nested too deep.
    """
    for name, item in value.items():
        level = [item]
        for _ in range(_DEEPEST):
            level = [inner for outer in level for inner in _inside(outer)]
            if not level:
                break
        else:
            raise InvalidRequestError(
                f"{above}{_named(name)}: given JSON of more than {_DEEPEST} levels, allowed: at most {_DEEPEST} levels"
            )


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
    return parse_object(model, value)


def parse_object(model: type[M], value: dict[str, Any]) -> M:
    """Validate a JSON object as `parse_input` does; it is no envelope whatever it has."""
    refuse_deep(value)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequestError(*_message(model, error)) from None


def allowed_values(root: type[BaseModel], path: tuple[str, ...]) -> str | None:
    """What is allowed for a field, such as `("wait", "timeoutSeconds")`; None for no such field."""
    model = root
    text: str | None = None
    for name in path:
        if name.isdecimal() and model is not root:
            continue  # an entry of a list
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


def _inside(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _message(root: type[BaseModel], error: ValidationError) -> list[str]:
    wrong = error.errors(include_url=False)
    # An input may have thousands of faults; only those that are told are worked out.
    every = (text for one in wrong for text in _sentences(root, one))
    told: dict[str, None] = {}
    seen = 0
    for text in every:
        told[text] = None
        seen += 1
        if len(told) == _SENTENCES:
            break
    more = sum(_faults(one) for one in wrong) - seen
    return [*told, *([f"and {more} more"] if more > 0 else [])]


def _faults(wrong: ErrorDetails) -> int:
    return len(wrong["ctx"]["found"]) if wrong["type"] == "request" else 1


def _sentences(root: type[BaseModel], wrong: ErrorDetails) -> Iterator[str]:
    path = [_named(str(part)) for part in _place(root, wrong)]
    if wrong["type"] != "request":
        yield _sentence(root, wrong, path)
        return
    for field, given, may in wrong["ctx"]["found"]:
        whole = [*path, _named(field, _FIELD)] if field else path
        yield f"{'.'.join(whole) or 'input'}: given {shown(given, whole)}, allowed: {_named(may, _ALLOWED)}"


def _place(root: type[BaseModel], wrong: ErrorDetails) -> list[Any]:
    """Where a fault is: the names from the whole input down to it."""
    loc, given = list(wrong["loc"]), wrong["input"]
    if _is_odd_name(root, wrong):
        return [*loc, given]
    # pydantic adds "[key]" if the name itself is wrong. A field may have that name, too.
    if len(loc) > 1 and loc[-1] == "[key]" and isinstance(given, str):
        if given == loc[-2]:
            return loc[:-1]
        if not is_unicode(given):  # pydantic shows such a name in another way
            return [*loc[:-2], given]
    return loc


def _is_odd_name(root: type[BaseModel], wrong: ErrorDetails) -> bool:
    """Whether a field's name is no Unicode text, so that no model knows it."""
    return wrong["type"] == "string_unicode" and _model_at(root, wrong["loc"]) is not None


def _sentence(root: type[BaseModel], wrong: ErrorDetails, path: list[str]) -> str:
    if wrong["type"] == "extra_forbidden" or _is_odd_name(root, wrong):
        siblings = _fields_at(root, path[:-1])
        import difflib  # only a refused input pays for it

        close = difflib.get_close_matches(path[-1], siblings, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"{'.'.join(path)}: unknown field{hint}, allowed: {', '.join(siblings)}"
    text = allowed_values(root, tuple(path))
    if wrong["type"] == "missing":
        return f"{'.'.join(path)}: required, allowed: {text}"
    return f"{'.'.join(path)}: given {shown(wrong['input'], path)}, allowed: {text}"


def _fields_at(root: type[BaseModel], path: Sequence[Any]) -> list[str]:
    return [str(field.alias) for field in (_model_at(root, path) or root).model_fields.values()]


def _model_at(root: type[BaseModel], path: Sequence[Any]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = root
    for name in path:
        if isinstance(name, int) or (str(name).isdecimal() and model is not root):
            continue  # an entry of a list
        fields = model.model_fields.values() if model else ()
        field = next((f for f in fields if f.alias == name), None)
        model = model_of(field.annotation) if field else None
    return model


def shown(value: Any, path: Sequence[str] = ()) -> str:
    """A value as an error shows it: short, and not at all if its field may be confidential."""
    if PRIVATE_FIELDS.intersection(path):
        return f"a {type(value).__name__} (not shown)"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _SHOWN:
            break
    return _cut(text)


def _pieces(value: Any) -> Iterator[str]:
    """The parts of a value's `repr`, in order: a value may be large, or nested deeper than `repr` goes."""
    if isinstance(value, dict):
        yield "{"
        for index, (name, item) in enumerate(value.items()):
            yield ", " if index else ""
            yield from _pieces(name)
            yield ": "
            yield from _pieces(item)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _pieces(item)
        yield "]"
    elif isinstance(value, str):
        yield repr(value[: _SHOWN + 1])
    elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
        yield f"a whole number of {value.bit_length()} bits"
    else:
        yield repr(value)


def _named(text: str, most: int = _SHOWN) -> str:
    """A name as an error shows it: short, and on one line whatever is in it."""
    text = text[: most + 1]
    if text != text.strip(" "):
        text = f'"{text}"'  # a blank at an end is not seen otherwise
    return _cut(text if text.isprintable() else repr(text)[1:-1], most) or "(empty)"


def _cut(text: str, most: int = _SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}…"
