"""Finds properties that CloudFormation does not know or moto's classes of a resource ignore, and rolls back the stack.

moto reports success where it does not read a property. CloudFormation refuses a property that it does not know, nested
ones too.
"""

from __future__ import annotations

import inspect
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import Any

import moto.cloudformation.parsing as moto_parsing
from moto.cloudformation.models import Event, Stack
from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.core import TaggedEC2Resource

from local.stack.known_properties import unknown_properties

_making = threading.local()


class WatchedProperties(dict[str, Any]):
    """Properties of a resource that remember which of them were read.

    Attributes:
        asked: Names that were asked for.
        walked: Whether somebody walked over all of them, or copied them.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()
        self.walked = False

    def __getitem__(self, name: str) -> Any:
        """Return a property."""
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a property or a default."""
        self.asked.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        """Take a property out."""
        self.asked.add(name)
        return super().pop(name, *default)

    def __iter__(self) -> Iterator[str]:
        """Walk over all names."""
        self.walked = True
        return super().__iter__()

    def items(self) -> Any:
        """Return all properties."""
        self.walked = True
        return super().items()

    def keys(self) -> Any:
        """Return all names."""
        self.walked = True
        return super().keys()

    def values(self) -> Any:
        """Return all values."""
        self.walked = True
        return super().values()

    def unread(self, given: set[str], maker: type) -> list[str]:
        """Return which properties the maker of a resource does not know.

        Args:
            given: Names of the properties.
            maker: moto's class of the resource. Of one that walks over the properties, all names count as known that
                its module mentions, as they are or in snake case.
        """
        left = given - self.asked
        if self.walked and left:
            source = _source_of(maker.__module__)
            left = {name for name in left if not {name, camelcase_to_underscores(name)} & source}
        return sorted(left)


@lru_cache
def _source_of(module: str) -> frozenset[str]:
    """Return every word in a module's source."""
    return frozenset(re.findall(r"\w+", inspect.getsource(sys.modules[module])))


class _Making:
    """One resource that moto makes just now."""

    def __init__(self) -> None:
        self.properties: WatchedProperties | None = None
        self.given: set[str] = set()
        self.unknown: list[str] = []
        self.maker: type = object


@contextmanager
def _making_one() -> Iterator[_Making]:
    """Note what is read while one resource is made, which may make others."""
    frames = _making.__dict__.setdefault("frames", [])
    frames.append(_Making())
    try:
        yield frames[-1]
    finally:
        frames.pop()


def watch_properties() -> None:
    """Find the properties of a resource that its class in moto never reads."""
    parse = moto_parsing.parse_resource
    create: Callable[..., Any] = moto_parsing.parse_and_create_resource
    update: Callable[..., Any] = moto_parsing.parse_and_update_resource

    @wraps(parse)
    def parse_resource(resource_json: dict[str, Any], resources_map: Any) -> Any:
        parsed = parse(resource_json, resources_map)
        frames = getattr(_making, "frames", [])
        if not parsed or not frames:
            return parsed
        resource_class, read, kind = parsed
        frame = frames[-1]
        frame.given = set(read["Properties"])
        frame.maker = resource_class
        frame.properties = WatchedProperties(read["Properties"])
        frame.unknown = unknown_properties(resource_json["Type"], read["Properties"])
        return resource_class, {**read, "Properties": frame.properties}, kind

    @wraps(create)
    def parse_and_create_resource(
        logical_id: str, resource_json: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        with _making_one() as frame:
            made = create(logical_id, resource_json, *rest, **named)
        unread = {*frame.unknown}
        if frame.properties is not None:
            unread |= {*frame.properties.unread(frame.given, frame.maker)}
        # moto's CloudFormation itself puts the tags on what EC2 has.
        if isinstance(made, TaggedEC2Resource):
            unread -= {"Tags"}
        if unread and hasattr(_making, "failures"):
            _making.failures.append((logical_id, resource_json["Type"], sorted(unread)))
        return made

    @wraps(update)
    def parse_and_update_resource(
        logical_id: str, resource_json: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        with _making_one() as frame:
            made = update(logical_id, resource_json, *rest, **named)
        # What an update reads is only what it can change: the schema alone decides.
        if frame.unknown and hasattr(_making, "failures"):
            _making.failures.append((logical_id, resource_json["Type"], frame.unknown))
        return made

    moto_parsing.parse_resource = parse_resource
    moto_parsing.parse_and_create_resource = parse_and_create_resource
    moto_parsing.parse_and_update_resource = parse_and_update_resource


def fail_stacks() -> None:
    """Roll a stack back that would have ignored properties, or that a service refused to make."""
    create = Stack.create_resources
    update = Stack.update

    @wraps(create)
    def create_resources(self: Stack) -> None:
        _making.failures = []
        try:
            create(self)
            reasons = [_reason(*failure) for failure in _making.failures]
        except ServiceException as error:
            reasons = [str(error)]
        finally:
            failures = _making.failures
            del _making.failures
        if not reasons:
            return
        for logical_id, kind, unread in failures:
            self.events.append(
                _failed_event(self, logical_id, kind, _reason(logical_id, kind, unread))
            )
        self.events = [event for event in self.events if event.resource_status != "CREATE_COMPLETE"]
        reason = "; ".join(reasons)
        self.status = "ROLLBACK_IN_PROGRESS"
        self._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=reason)
        self.resource_map.delete()
        self.status = "ROLLBACK_COMPLETE"
        self._add_stack_event("ROLLBACK_COMPLETE")

    @wraps(update)
    def update_stack(self: Stack, *given: Any, **named: Any) -> None:
        _making.failures = []
        try:
            update(self, *given, **named)
            failures = _making.failures
        finally:
            del _making.failures
        if failures:
            reason = "; ".join(_reason(*failure) for failure in failures)
            self.status = "UPDATE_ROLLBACK_FAILED"
            self._add_stack_event("UPDATE_ROLLBACK_FAILED", resource_status_reason=reason)

    Stack.create_resources = create_resources  # type: ignore[method-assign]
    Stack.update = update_stack  # type: ignore[method-assign]


def _reason(logical_id: str, kind: str, unread: list[str]) -> str:
    names = ", ".join(unread)
    return f"Properties validation failed for resource {logical_id} ({kind}): this local AWS does not know {names}"


def _failed_event(stack: Stack, logical_id: str, kind: str, reason: str) -> Event:
    return Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=logical_id,
        physical_resource_id="",
        resource_type=kind,
        resource_status="CREATE_FAILED",
        resource_status_reason=reason,
        resource_properties=None,
    )
