"""The part of the query language of CloudWatch Logs Insights that is served: fields, filter, sort by time, limit.

Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
"""A log event with `timestamp` (milliseconds), `message` and `logStreamName`."""
Condition = Callable[[Any], bool]
"""Takes the JSON of a message (None for other text)."""

_DEFAULT_LIMIT = 10_000
_TEXT = r"\"[^\"]*\"|'[^']*'"
_EQUAL = re.compile(rf"([\w.@]+)\s*=\s*({_TEXT})")
_IN = re.compile(rf"([\w.@]+)\s+in\s+\[((?:\s*(?:{_TEXT})\s*,?)*)\]")
_PRESENT = re.compile(r"ispresent\(\s*([\w.@]+)\s*\)")
_SORT = re.compile(r"@timestamp(?:\s+(asc|desc))?")
_FIELDS = ("@timestamp", "@message", "@logStream")


class MalformedQueryError(ValueError):
    """The query is not one that is served. The message says which part."""


@dataclass
class Query:
    """A query that was understood.

    Attributes:
        fields: What a row has.
        conditions: All of them must hold.
        ascending: Whether the oldest event is first.
        limit: How many rows there are at most.
    """

    fields: list[str] = field(default_factory=lambda: ["@timestamp", "@message"])
    conditions: list[Condition] = field(default_factory=list)
    ascending: bool = False
    limit: int = _DEFAULT_LIMIT

    def rows(self, events: Iterable[Event]) -> list[list[dict[str, str]]]:
        """The rows that the query returns of some events."""
        kept = [one for one in events if all(holds(_json(one)) for holds in self.conditions)]
        kept.sort(key=lambda one: int(one["timestamp"]), reverse=not self.ascending)
        return [[*self._row(one)] for one in kept[: self.limit]]

    def _row(self, event: Event) -> Iterable[dict[str, str]]:
        values = {
            "@timestamp": str(event["timestamp"]),
            "@message": event["message"],
            "@logStream": event.get("logStreamName", ""),
        }
        return ({"field": name, "value": values[name]} for name in self.fields)


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        MalformedQueryError: A command, or a part of one, is not served.
    """
    query = Query()
    for command in _split(text, "|"):
        name, _, rest = command.strip().partition(" ")
        rest = rest.strip()
        if name == "fields":
            query.fields = [one.strip() for one in rest.split(",")]
            unknown = [one for one in query.fields if one not in _FIELDS]
            if unknown:
                raise MalformedQueryError(f"This local AWS does not serve the field {unknown[0]}.")
        elif name == "filter":
            query.conditions.append(_any(rest))
        elif name == "sort" and (found := _SORT.fullmatch(rest)):
            query.ascending = found[1] == "asc"
        elif name == "limit" and rest.isdecimal():
            query.limit = min(int(rest), _DEFAULT_LIMIT)
        else:
            raise MalformedQueryError(
                f"This local AWS does not serve the command: {command.strip()}"
            )
    return query


def _any(text: str) -> Condition:
    parts = [_all(part) for part in _split(text, " or ")]
    return lambda document: any(holds(document) for holds in parts)


def _all(text: str) -> Condition:
    parts = [_one(part.strip()) for part in _split(text, " and ")]
    return lambda document: all(holds(document) for holds in parts)


def _one(text: str) -> Condition:
    if found := _EQUAL.fullmatch(text):
        path, wanted = found[1], [found[2][1:-1]]
    elif found := _IN.fullmatch(text):
        path, wanted = found[1], [one[1:-1] for one in re.findall(_TEXT, found[2])]
    elif found := _PRESENT.fullmatch(text):
        path = found[1]
        return lambda document: value_at(document, path) is not None
    else:
        raise MalformedQueryError(f"This local AWS does not serve the condition: {text}")
    return lambda document: value_at(document, path) in wanted


def value_at(document: Any, path: str) -> Any:
    """The value at a path; a name may have dots itself, such as `session.id` in `attributes.session.id`."""
    if not isinstance(document, dict):
        return None
    if path in document:
        return document[path]
    for place, sign in enumerate(path):
        if sign == "." and path[:place] in document:
            found = value_at(document[path[:place]], path[place + 1 :])
            if found is not None:
                return found
    return None


def _split(text: str, separator: str) -> list[str]:
    """Split outside of quoted text."""
    parts, last, quoted = [], 0, ""
    for place, sign in enumerate(text):
        if quoted:
            quoted = "" if sign == quoted else quoted
        elif sign in "\"'":
            quoted = sign
        elif text.startswith(separator, place) and place >= last:
            parts.append(text[last:place])
            last = place + len(separator)
    return [*parts, text[last:]]


def _json(event: Event) -> Any:
    try:
        return json.loads(event["message"])
    except ValueError:
        return None
