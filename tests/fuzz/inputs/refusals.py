"""What a parser of inputs may do with any JSON: return its model, or refuse by name, in bounded work and words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from lifecycle.errors import InvalidRequestError
from lifecycle.request.inputs import LONGEST_MESSAGE
from tests.fuzz.effort import size_of, within_calls

T = TypeVar("T")

# A field of the input, then what is wrong with it.
_NAMES_A_FIELD = re.compile(r"(?P<field>[^ ].*?): (given |unknown field|required)")
# Measured: about 25 calls a byte for the worst input; a validation without any fault takes about 3,000.
_CALLS = 30_000
_CALLS_A_BYTE = 60


def parsed(parse: Callable[[Any], T], event: Any) -> T | None:
    """What a parser makes of an event; None when it refused it as it should."""
    limit = _CALLS + _CALLS_A_BYTE * size_of(event)
    try:
        return within_calls(limit, lambda: parse(event))
    except InvalidRequestError as error:
        check_message(str(error))
        return None


def check_message(message: str) -> None:
    """A refusal is one line of bounded length that UTF-8 can carry, and names a field."""
    assert len(message) <= LONGEST_MESSAGE, f"{len(message)} characters"
    assert message == message.encode().decode()
    assert message.isprintable(), [c for c in message if not c.isprintable()]
    assert _NAMES_A_FIELD.match(message), message
