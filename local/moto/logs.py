"""CloudWatch Logs: the order of FilterLogEvents, and filter patterns that look into JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any

from moto.logs import models
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogGroup
from moto.logs.utils import EventMessageFilter

Matches = Callable[[Any], bool]
"""Whether a JSON value is matched."""

_TOKEN = re.compile(
    r"\s*(?:(?P<selector>\$(?:\.[\w-]+|\[\d+\])+)"
    r"|(?P<mark>\|\||&&|[()]|!=|<=|>=|=|<|>)"
    r'|"(?P<text>(?:[^"\\]|\\.)*)"'
    r'|(?P<word>[^\s()=<>!&|{}"]+))'
)
_ORDERED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda seen, wanted: seen < wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">": lambda seen, wanted: seen > wanted,
    ">=": lambda seen, wanted: seen >= wanted,
}
# The first characters of patterns for regular expressions, optional and excluded terms, and columns.
_UNSERVED = frozenset("%?-[")
_MISSING = object()
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}


def interleave_events() -> None:
    """Return the events of all streams in the order of time.

    moto returns those of one stream after those of another, unless the parameter `interleaved` says otherwise.
    Upstream: upstream/interleaved-events.md.
    """
    original = LogGroup.filter_log_events

    @wraps(original)
    def filter_log_events(self: LogGroup, *given: Any, **named: Any) -> Any:
        # It is the last parameter.
        interleaved = (*given[:-1], True)
        return original(self, *interleaved, **named)

    LogGroup.filter_log_events = filter_log_events  # type: ignore[method-assign]


def match_json_patterns() -> None:
    """Match a pattern such as `{ $.level = "ERROR" }` with the messages that are JSON.

    moto takes such a pattern, and returns every event.
    Upstream: upstream/json-patterns.md.
    """
    models.EventMessageFilter = _filter  # type: ignore[assignment,attr-defined]


def _filter(pattern: str | None) -> Any:
    if pattern and pattern.lstrip().startswith("{"):
        return _parsed(pattern)
    if pattern and pattern.lstrip()[:1] in _UNSERVED:
        # moto would return every event.
        raise InvalidParameterException(msg=f"Filter pattern that is not served: {pattern}")
    return EventMessageFilter(pattern or "")


class JsonPattern:
    """A filter pattern for JSON.

    Source: CloudWatch Logs user guide, "Filter pattern syntax", "Using filter patterns to match terms in JSON log
    events". Regular expressions (`%…%`) are not served.

    Args:
        pattern: It, with its braces.

    Raises:
        InvalidParameterException: It is none.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        inner = pattern.strip()
        if not inner.endswith("}"):
            raise self._invalid()
        self._tokens = list(self._split(inner[1:-1]))
        self._place = 0
        self._matches = self._alternatives()
        if self._place != len(self._tokens):
            raise self._invalid()

    def matches(self, message: str) -> bool:
        """Tell whether a message is a JSON object that fits."""
        try:
            value = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and self._matches(value)

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise self._invalid()
            place = found.end()
            yield next(
                (kind, value) for kind, value in found.groupdict().items() if value is not None
            )

    def _alternatives(self) -> Matches:
        parts = [self._conjunction()]
        while self._is_next("||"):
            parts.append(self._conjunction())
        return lambda value: any(part(value) for part in parts)

    def _conjunction(self) -> Matches:
        parts = [self._unit()]
        while self._is_next("&&"):
            parts.append(self._unit())
        return lambda value: all(part(value) for part in parts)

    def _unit(self) -> Matches:
        if self._is_next("("):
            inner = self._alternatives()
            if not self._is_next(")"):
                raise self._invalid()
            return inner
        kind, selector = self._take()
        if kind != "selector":
            raise self._invalid()
        kind, operator = self._take()
        compared = self._take()
        if (kind, operator, compared) == ("word", "NOT", ("word", "EXISTS")):
            return lambda value: _select(value, selector) is _MISSING
        if (kind, operator) == ("word", "IS") and compared[1] in _CONSTANTS:
            constant = _CONSTANTS[compared[1]]
            return lambda value: _select(value, selector) is constant
        test = self._comparison(operator, *compared) if kind == "mark" else None
        if test is None:
            raise self._invalid()
        return lambda value: test(_select(value, selector))

    def _comparison(self, operator: str, kind: str, wanted: str) -> Matches | None:
        if kind not in ("text", "word"):
            return None
        number = _number(wanted) if kind == "word" else None
        if operator in _ORDERED and number is not None:
            compare = _ORDERED[operator]
            return lambda seen: _is_number(seen) and compare(seen, number)
        is_expression = kind == "word" and wanted.startswith("%")
        if operator not in ("=", "!=") or is_expression:
            return None
        if number is not None:

            def equal(seen: Any) -> bool:
                return _is_number(seen) and bool(seen == number)
        else:
            text = re.sub(r"\\(.)", r"\1", wanted)
            pattern = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)

            def equal(seen: Any) -> bool:
                return isinstance(seen, str) and pattern.fullmatch(seen) is not None

        if operator == "=":
            return equal
        return lambda seen: seen is not _MISSING and not equal(seen)

    def _is_next(self, mark: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == ("mark", mark):
            self._place += 1
            return True
        return False

    def _take(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise self._invalid()
        self._place += 1
        return self._tokens[self._place - 1]

    def _invalid(self) -> InvalidParameterException:
        return InvalidParameterException(msg=f"Invalid filter pattern: {self._pattern}")


# The pattern is asked for with each event again.
_parsed = lru_cache(maxsize=100)(JsonPattern)


def _select(value: Any, selector: str) -> Any:
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", selector):
        if name and isinstance(value, dict):
            value = value.get(name, _MISSING)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return _MISSING
    return value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
