"""What is wrong with an input, as `lifecycle run` says it, and which field of the form each sentence is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.console.inputs.fields import named
from cli.errors import UsageError
from cli.inputs import parse_json, validate
from lifecycle.errors import InvalidRequestError

PASTED = "json"
"""The name of the field for a whole input as JSON."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        text: What, as the command says it.
        path: The field of the form that it is about; `None` for none.
    """

    text: str
    path: str | None = None

    @property
    def id(self) -> str | None:
        """The id of the field in the page; `None` for none."""
        return self.path and self.path.replace(".", "-")


def faults_of(value: dict[str, Any], options: str) -> list[Fault]:
    """Check an input as `lifecycle run` does.

    Args:
        value: The input.
        options: What selects the stack, for a command that the message proposes.
    """
    try:
        validate(value, options)
    except UsageError as error:
        refused = error.__cause__
        if isinstance(refused, InvalidRequestError):
            return [Fault(text, _field_of(text)) for text in refused.sentences]
        return [Fault(str(error))]
    return []


def read_pasted(text: str) -> tuple[dict[str, Any], list[Fault]]:
    """Read a whole input as JSON, as `lifecycle run --input` does; returns it, or what is wrong with it."""
    try:
        value = parse_json(text.strip() or "{}", "input")
        if not isinstance(value, dict):
            return {}, [Fault("input: is JSON, but not a JSON object", PASTED)]
    except UsageError as error:
        return {}, [Fault(str(error), PASTED)]
    return value, []


def _field_of(sentence: str) -> str | None:
    """Return the field that a sentence of the model begins with, or that holds what it begins with."""
    place = f"{sentence.partition(': ')[0]}."
    fits = [path for path in named() if place.startswith(f"{path}.")]
    return max(fits, key=len, default=None)
