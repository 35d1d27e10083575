"""What a creator of resources gets and gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.stack.errors import TemplateError, UnknownPropertyError

if TYPE_CHECKING:
    from local.services.functions.spec import FunctionSpec
    from local.stack.sources import Sources


@dataclass(frozen=True)
class Resource:
    """A resource that exists.

    Attributes:
        ref: What `Ref` gives.
        attributes: What `Fn::GetAtt` gives.
    """

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Properties:
    """A resource's properties, resolved; what no creator takes is an error in the end."""

    def __init__(self, logical_id: str, resource_type: str, values: Mapping[str, Any]) -> None:
        self.logical_id = logical_id
        self.resource_type = resource_type
        self._left = dict(values)

    def take(self, name: str, default: Any = None) -> Any:
        """Return a property, or a default if it is not set."""
        return self._left.pop(name, default)

    def need(self, name: str) -> Any:
        """Return a property that has to be set.

        Raises:
            TemplateError: If it is not.
        """
        if name not in self._left:
            raise TemplateError(f"{self.logical_id} ({self.resource_type}) needs {name}")
        return self._left.pop(name)

    def without_effect(self, *names: str) -> None:
        """Take properties that mean nothing here, such as the CPU of a function."""
        for name in names:
            self._left.pop(name, None)

    def rest(self) -> dict[str, Any]:
        """Return all that is left, for a service that takes them by the same names."""
        left, self._left = self._left, {}
        return left

    def finish(self) -> None:
        """Refuse what is left.

        Raises:
            UnknownPropertyError: Naming the properties.
        """
        if self._left:
            raise UnknownPropertyError(self.logical_id, self.resource_type, sorted(self._left))


@dataclass(frozen=True)
class Making:
    """What creators work with.

    Attributes:
        client: Makes a boto3 client by service name.
        register: Takes each function to be run.
        sources: The files beside the template.
        region: Region of the stack.
        account_id: Account of the stack.
        stack_name: Name of the stack.
        layers: The copy of each layer's folder, by the ARN of its version.
    """

    client: Callable[[str], Any]
    register: Callable[[FunctionSpec], None]
    sources: Sources
    region: str
    account_id: str
    stack_name: str
    layers: dict[str, Path] = field(default_factory=dict)

    def name(self, logical_id: str, *, longest: int = 64, lower: bool = False) -> str:
        """Return a name like those CloudFormation makes: stack, logical id, and a random part.

        The random part depends on stack and logical id only, so that a stack has the same names
        at its next start.
        """
        digest = hashlib.sha256(f"{self.stack_name}/{logical_id}".encode()).hexdigest()[:12].upper()
        room = longest - len(digest) - 1
        name = f"{self.stack_name}-{logical_id}"[:room].rstrip("-") + f"-{digest}"
        return name.lower() if lower else name

    def arn(
        self, service: str, resource: str, *, regional: bool = True, account: bool = True
    ) -> str:
        """Return an ARN in this account."""
        region = self.region if regional else ""
        owner = self.account_id if account else ""
        return f"arn:aws:{service}:{region}:{owner}:{resource}"


Creator = Callable[[Making, Properties], Resource]
Updater = Callable[[Making, Properties, Resource], Resource]
"""Takes the resource as it was, too, and returns it as it is."""


def tags(value: Any) -> list[dict[str, str]]:
    """Return tags as a list of `Key` and `Value`, whichever way the template writes them."""
    if isinstance(value, dict):
        return [{"Key": key, "Value": str(item)} for key, item in value.items()]
    return [{"Key": item["Key"], "Value": str(item["Value"])} for item in value or []]


def tag_map(value: Any) -> dict[str, str]:
    """Return tags as a mapping."""
    return {item["Key"]: item["Value"] for item in tags(value)}


def camel(value: Any) -> Any:
    """Return a value with the keys of its objects in lower camel case, as some APIs require them."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: camel(item) for name, item in value.items()}
    return value


def given(**values: Any) -> dict[str, Any]:
    """Return the arguments that are not `None`: boto3 takes no `None`."""
    return {name: value for name, value in values.items() if value is not None}
