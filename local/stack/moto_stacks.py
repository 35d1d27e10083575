"""What moto's CloudFormation passes over without a word, refused as CloudFormation refuses it.

These are stacks that a program makes by the API (`aws cloudformation create-stack`); the stack of `template.yaml` is
made by `local.stack.deploy`. moto ignores resource types that it does not have, properties that it does not read,
missing capabilities and values of unknown parameters, and reports success. It also reads templates with a YAML loader
that runs code. `install` puts other behaviour in moto's place, and stays in force for the process.

Sources: CloudFormation user guide, "Acknowledging IAM resources" and "Template anatomy"; API reference, CreateStack.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import moto.cloudformation.parsing as moto_parsing
import yaml
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import yaml_tag_constructor

from local.stack.errors import ParameterError
from local.stack.template import check_parameters
from local.stack.unread_properties import fail_stacks, watch_properties

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
_installed = threading.Lock()


class InsufficientCapabilitiesError(CloudFormationError):
    """The template makes IAM resources, and the caller has not acknowledged that."""

    code = "InsufficientCapabilitiesException"


def install() -> None:
    """Put everything in place."""
    if not _installed.acquire(blocking=False):
        return
    Stack.parse_template = staticmethod(parse_template)  # type: ignore[method-assign]
    _check_change_sets()
    _check_requests()
    watch_properties()
    fail_stacks()


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
