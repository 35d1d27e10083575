"""What moto's CloudFormation passes over without a word, refused as CloudFormation refuses it.

These are stacks that a program makes by the API (`aws cloudformation create-stack`); the stack of `template.yaml` is
made by `local.stack.deploy`. moto ignores resource types that it does not have, properties that it does not read,
missing capabilities and values of unknown parameters, and reports success. It also reads templates with a YAML loader
that runs code. `install` puts other behaviour in moto's place, and stays in force for the process.

Sources: CloudFormation user guide, "Acknowledging IAM resources" and "Template anatomy"; API reference, CreateStack.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any

import moto.cloudformation.parsing as moto_parsing
import yaml
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import yaml_tag_constructor
from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores

from local.stack.errors import ParameterError
from local.stack.template import check_parameters

_UNNAMED_IAM = frozenset(
    f"AWS::IAM::{kind}"
    for kind in (
        "AccessKey",
        "Group",
        "InstanceProfile",
        "ManagedPolicy",
        "Policy",
        "Role",
        "User",
        "UserToGroupAddition",
    )
)
_IAM_NAMES = {"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"}
_READ_BY_CLOUDFORMATION = frozenset({"Tags"})
"""Properties that moto's CloudFormation itself, not a resource's class, may put on."""

_installed = threading.Lock()
_making = threading.local()


class InsufficientCapabilitiesError(CloudFormationError):
    """The template makes IAM resources, and the caller has not acknowledged that."""

    code = "InsufficientCapabilitiesException"


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
        left = given - self.asked - _READ_BY_CLOUDFORMATION
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
        self.maker: type = object


def install() -> None:
    """Put everything in place."""
    if not _installed.acquire(blocking=False):
        return
    Stack.parse_template = staticmethod(parse_template)  # type: ignore[method-assign]
    _check_change_sets()
    _check_requests()
    _watch_properties()
    _fail_stacks()


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, and without Python's objects."""


_TemplateLoader.add_multi_constructor("!", yaml_tag_constructor)


def parse_template(template: str) -> dict[str, Any]:
    """Read a template, and refuse what cannot be made here.

    Raises:
        ValidationError: It is no template, or has resource types that this local AWS cannot make. CloudFormation says
            so of types that it does not have in the Region.
    """
    try:
        read = yaml.load(template, _TemplateLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError:
        try:
            read = json.loads(template)
        except ValueError as error:
            raise ValidationError(message=f"Template format error: {error}") from error
    if not isinstance(read, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    resources = read.get("Resources", {})
    if not isinstance(resources, dict):
        raise ValidationError(message="Template format error: Resources is no object.")
    unknown = sorted({kind for kind in map(_type_of, resources.values()) if not _can_be_made(kind)})
    if unknown:
        message = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
        raise ValidationError(message=message)
    return read


def _type_of(resource: Any) -> str:
    return str(resource.get("Type", "")) if isinstance(resource, dict) else ""


def _can_be_made(kind: str) -> bool:
    return kind.startswith("Custom::") or kind in moto_parsing.get_model_map()


def _check_change_sets() -> None:
    original = CloudFormationBackend.create_change_set

    @wraps(original)
    def create_change_set(self: CloudFormationBackend, *given: Any, **named: Any) -> Any:
        # Before anything is kept: moto reads the template only when the change set is executed.
        Stack.parse_template(named["template"])
        return original(self, *given, **named)

    CloudFormationBackend.create_change_set = create_change_set  # type: ignore[method-assign]


def _check_requests() -> None:
    """Look at capabilities and parameters before a template is taken."""
    for name in ("create_stack", "update_stack", "create_change_set"):
        original = getattr(CloudFormationResponse, name)

        @wraps(original)
        def checked(self: CloudFormationResponse, _original: Callable[..., Any] = original) -> Any:
            body = self._get_param("TemplateBody")
            url = self._get_param("TemplateURL")
            if url:
                body = self._get_stack_from_s3_url(url)
            if body:
                template = Stack.parse_template(body)
                check_capabilities(template, self._get_param("Capabilities", []))
                _check_values(template, self._get_param("Parameters", []))
            return _original(self)

        setattr(CloudFormationResponse, name, checked)


def check_capabilities(template: dict[str, Any], capabilities: list[str]) -> None:
    """Refuse IAM resources that the caller has not acknowledged.

    Raises:
        InsufficientCapabilitiesError: `CAPABILITY_IAM`, or `CAPABILITY_NAMED_IAM` where a name is given, is missing.
    """
    made = [
        each for each in template.get("Resources", {}).values() if _type_of(each) in _UNNAMED_IAM
    ]
    named = any(_IAM_NAMES & set(each.get("Properties") or {}) for each in made)
    wanted = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
    enough = {"CAPABILITY_NAMED_IAM", wanted}
    if made and not enough & set(capabilities):
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{wanted}]")


def _check_values(template: dict[str, Any], given: list[dict[str, Any]]) -> None:
    declared = template.get("Parameters") or {}
    values = {each["ParameterKey"]: each.get("ParameterValue") for each in given}
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise ValidationError(
            message=f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )
    # A value that the stack has already (`UsePreviousValue`) was checked when it came.
    new = {name: declared[name] for name in declared if values.get(name) is not None}
    try:
        check_parameters(new, {name: str(values[name]) for name in new})
    except ParameterError as error:
        raise ValidationError(message=str(error)) from error


def _watch_properties() -> None:
    """Find the properties of a resource that its class in moto never reads."""
    parse = moto_parsing.parse_resource
    create: Callable[..., Any] = moto_parsing.parse_and_create_resource

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
        return resource_class, {**read, "Properties": frame.properties}, kind

    @wraps(create)
    def parse_and_create_resource(
        logical_id: str, resource_json: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        frame = _Making()
        frames = _making.__dict__.setdefault("frames", [])
        frames.append(frame)
        try:
            made = create(logical_id, resource_json, *rest, **named)
        finally:
            frames.pop()
        unread = (
            frame.properties.unread(frame.given, frame.maker)
            if frame.properties is not None
            else []
        )
        if unread and hasattr(_making, "failures"):
            _making.failures.append((logical_id, resource_json["Type"], unread))
        return made

    moto_parsing.parse_resource = parse_resource
    moto_parsing.parse_and_create_resource = parse_and_create_resource


def _fail_stacks() -> None:
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
