"""Deploy a template, and later what differs: every resource after those it refers to, then the stack's record."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import compute_makers, event_makers, identity_makers, storage_makers
from local.stack.errors import ResourceFailedError, TemplateError, UnknownResourceError
from local.stack.intrinsics import Resolver, references
from local.stack.making import Creator, Making, Properties, Resource
from local.stack.record import write_record
from local.stack.sources import LOCATIONS, Sources
from local.stack.template import Template, read_template

if TYPE_CHECKING:
    from local.services.functions.spec import FunctionSpec

CREATORS: dict[str, Creator] = {
    **identity_makers.CREATORS,
    **storage_makers.CREATORS,
    **compute_makers.CREATORS,
    **event_makers.CREATORS,
}
"""One creator for each resource type."""

_ATTRIBUTES = frozenset(
    {
        *("Type", "Properties", "DependsOn", "Condition", "Metadata"),
        *("CreationPolicy", "DeletionPolicy", "UpdatePolicy", "UpdateReplacePolicy"),
    }
)
"""What a resource may have in a template (CloudFormation user guide, "Resource attribute reference")."""


@dataclass(frozen=True)
class Stack:
    """A stack that is deployed. An update changes `outputs`, `parameters` and `resources`.

    Attributes:
        name: Its name.
        outputs: Its outputs.
        parameters: Its parameters with their values.
        resources: What was made, by logical id.
    """

    name: str
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)


@dataclass
class Changes:
    """What differs between a stack and the files that it was deployed from, and what came of it.

    Attributes:
        files: Files that differ, by their path from the template's folder.
        updated: Logical ids of what was made or updated.
        left: Logical ids of what differs in the template, and can only be updated by a new start.
    """

    files: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Made:
    """What a resource was made from: its properties, and the digests of its files."""

    properties: dict[str, Any]
    files: dict[str, str]


class Deployment:
    """A template, and the stack that is deployed from it.

    Args:
        template: The SAM template.
        parameters: Values for its parameters.
        stack_name: Name of the stack.
        region: Region to deploy to.
        account_id: Account to deploy to.
        state_dir: Where code and layers are laid out.
        client: Makes a boto3 client by service name.
        register: Takes each function's `FunctionSpec`.

    Attributes:
        stack: The stack.
    """

    def __init__(
        self,
        *,
        template: Path,
        parameters: Mapping[str, str],
        stack_name: str,
        region: str,
        account_id: str,
        state_dir: Path,
        client: Callable[[str], Any],
        register: Callable[[FunctionSpec], None],
    ) -> None:
        self._file, self._given = template, dict(parameters)
        sources = Sources(template.parent, state_dir / "functions" / "code")
        self._making = Making(client, register, sources, region, account_id, stack_name)
        self._made: dict[str, _Made] = {}
        self._template: Template | None = None
        self._recorded: str | None = None
        self._number = 0
        self._lock = threading.Lock()
        self.stack = Stack(stack_name)

    def create(self) -> Stack:
        """Deploy the template and return the stack.

        Raises:
            StackError: Saying which resource, parameter or property is at fault.
        """
        self.update()
        return self.stack

    def update(self) -> Changes:
        """Deploy what differs from the files, as `sam build && sam deploy` would.

        What is no longer in the template stays.

        Raises:
            StackError: As for `create`. What was updated before stays updated.
        """
        with self._lock:
            self._template = self._read()
            resolver = self._resolver(self._template)
            changes = Changes()
            self._making.sources.begin()
            wanted = {
                logical_id: resource
                for logical_id, resource in self._template.resources.items()
                if "Condition" not in resource or resolver.condition(resource["Condition"])
            }
            for logical_id in in_order(wanted):
                self._bring(logical_id, wanted[logical_id], resolver, changes)
            changes.left += sorted(set(self._made) - set(wanted))
            outputs = {
                name: str(resolver.resolve(output["Value"]))
                for name, output in self._template.outputs.items()
                if "Condition" not in output or resolver.condition(output["Condition"])
            }
            if self._recorded != self._template.body:
                self._number += 1
                write_record(self._making, self._template, outputs, self._number)
                self._recorded = self._template.body
            for now, found in (
                (self.stack.outputs, outputs),
                (self.stack.parameters, self._template.parameters),
            ):
                now.clear()
                now.update(found)
            return changes

    def _read(self) -> Template:
        """Read the template; SAM takes a second to translate it, so one that has not changed is not read again."""
        if self._template and self._template.body == self._file.read_text(encoding="utf-8"):
            return self._template
        return read_template(self._file, self._given, self._making.region)

    def _bring(
        self, logical_id: str, resource: Mapping[str, Any], resolver: Resolver, changes: Changes
    ) -> None:
        """Make or update one resource, if it differs from what was deployed."""
        kind = resource["Type"]
        properties = resolver.resolve(resource.get("Properties", {}))
        sources = self._making.sources
        locations = [properties[name] for name in LOCATIONS if name in properties]
        old = self._made.get(logical_id)
        files = {
            name: digest
            for location in locations
            for name, digest in sources.digests(location, logical_id).items()
        }
        if old == _Made(properties, files):
            return
        if old is not None:
            changes.files += sorted(_differing(old.files, files) - set(changes.files))
            if kind not in compute_makers.UPDATERS:
                changes.left.append(logical_id)
                return
        made = self.stack.resources
        made[logical_id] = _make(
            self._making,
            Properties(logical_id, kind, copy.deepcopy(properties)),
            made.get(logical_id),
        )
        for location in locations:
            files |= sources.digests(location, logical_id)
        self._made[logical_id] = _Made(properties, files)
        changes.updated.append(logical_id)
        self._recorded = None

    def _resolver(self, template: Template) -> Resolver:
        making = self._making
        where = f"{making.region}:{making.account_id}"
        return Resolver(
            parameters=template.parameters,
            pseudo={
                "AWS::AccountId": making.account_id,
                "AWS::Region": making.region,
                "AWS::Partition": "aws",
                "AWS::URLSuffix": "amazonaws.com",
                "AWS::StackName": making.stack_name,
                "AWS::StackId": f"arn:aws:cloudformation:{where}:stack/{making.stack_name}/local",
                "AWS::NotificationARNs": [],
            },
            mappings=template.mappings,
            conditions=template.conditions,
            made=self.stack.resources,
        )


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> set[str]:
    """Return the names of what was added, changed or removed."""
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def in_order(resources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return logical ids so that each comes after all it refers to; else as in the template.

    Raises:
        TemplateError: If resources refer to each other in a circle, or a type is unknown.
    """
    for logical_id, resource in resources.items():
        if resource["Type"] not in CREATORS:
            raise UnknownResourceError(logical_id, resource["Type"])
        unknown = sorted(set(resource) - _ATTRIBUTES)
        if unknown:
            named = ", ".join(unknown)
            raise TemplateError(f"{logical_id}: a resource has no attribute {named}")
    needs = {
        logical_id: (references(resource.get("Properties", {})) | _depends_on(resource))
        & set(resources)
        for logical_id, resource in resources.items()
    }
    ordered: list[str] = []
    while needs:
        ready = [logical_id for logical_id, left in needs.items() if not left - set(ordered)]
        if not ready:
            raise TemplateError(f"circular dependency between {', '.join(sorted(needs))}")
        ordered += ready
        for logical_id in ready:
            del needs[logical_id]
    return ordered


def _depends_on(resource: Mapping[str, Any]) -> set[str]:
    named = resource.get("DependsOn", [])
    return {named} if isinstance(named, str) else set(named)


def _make(making: Making, properties: Properties, old: Resource | None) -> Resource:
    kind = properties.resource_type
    try:
        if old is None:
            made = CREATORS[kind](making, properties)
        else:
            made = compute_makers.UPDATERS[kind](making, properties, old)
    except (ClientError, BotoCoreError) as error:
        raise ResourceFailedError(properties.logical_id, kind, str(error)) from error
    properties.finish()
    return made
