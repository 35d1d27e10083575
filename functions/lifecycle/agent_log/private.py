"""What of a request is private, and stays out of what is shown of an agent's log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from lifecycle.request.model import Request

# A shorter text is in many lines by chance, and hiding it there would only make them unreadable.
_SHORTEST = 4


def private_texts(request: Request) -> list[str]:
    """The prompts, the texts of the payloads and the values of the environment variables of a request.

    Returns:
        Those that have 4 characters or more.
    """
    test = request.smoke_test
    values = [
        *request.runtime.environment_variables.values(),
        test.prompt,
        *(case.prompt for case in test.cases),
        *(case.payload for case in test.cases),
    ]
    return [text for text in _texts(values) if len(text) >= _SHORTEST]


def without_private(text: str, private: Iterable[str]) -> str:
    """Put `(hidden)` where a text has one of others, as it is or as Python or JSON writes it, or a line of one."""
    forms = {form for one in private for form in _forms(one)}
    # The longest first, because one may be a part of another.
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "(hidden)")
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))


def _forms(text: str) -> Iterator[str]:
    yield from (text, repr(text)[1:-1])
    for is_ascii in (True, False):
        yield json.dumps(text, ensure_ascii=is_ascii)[1:-1]
    # An event of a log may be one line of it.
    yield from (line for line in map(str.strip, text.splitlines()) if len(line) >= _SHORTEST)
