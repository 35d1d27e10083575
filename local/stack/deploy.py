"""Deploy a template: every resource in the order of its references, then the stack's record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import compute_makers, event_makers, identity_makers, storage_makers
from local.stack.errors import ResourceFailedError, TemplateError, UnknownResourceError
from local.stack.intrinsics import Resolver, references
from local.stack.making import Creator, Making, Properties, Resource
from local.stack.template import Template, read_template

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
    """A stack that is deployed.

    Attributes:
        name: Its name.
        outputs: Its outputs.
        parameters: Its parameters with their values.
        resources: What was made, by logical id.
    """

    name: str
    outputs: dict[str, str]
    parameters: dict[str, Any]
    resources: dict[str, Resource]


def deploy(
    *,
    template: Path,
    parameters: Mapping[str, str],
    stack_name: str,
    region: str,
    account_id: str,
    state_dir: Path,
    client: Callable[[str], Any],
    register: Callable[..., None],
) -> Stack:
    """Deploy a template and return the stack.

    Args:
        template: The SAM template.
        parameters: Values for its parameters.
        stack_name: Name of the stack.
        region: Region to deploy to.
        account_id: Account to deploy to.
        state_dir: Where code and layers are laid out.
        client: Makes a boto3 client by service name.
        register: Takes each function's `FunctionSpec`.

    Raises:
        StackError: Saying which resource, parameter or property is at fault.
    """
    read = read_template(template, parameters, region)
    making = Making(client, register, read.folder, state_dir, region, account_id, stack_name)
    made: dict[str, Resource] = {}
    resolver = Resolver(
        parameters=read.parameters,
        pseudo={
            "AWS::AccountId": account_id,
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack_name,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{account_id}:stack/{stack_name}/local",
            "AWS::NotificationARNs": [],
        },
        mappings=read.mappings,
        conditions=read.conditions,
        made=made,
    )
    wanted = {
        logical_id: resource
        for logical_id, resource in read.resources.items()
        if "Condition" not in resource or resolver.condition(resource["Condition"])
    }
    for logical_id in in_order(wanted):
        made[logical_id] = _make(making, logical_id, wanted[logical_id], resolver)
    outputs = {
        name: str(resolver.resolve(output["Value"]))
        for name, output in read.outputs.items()
        if "Condition" not in output or resolver.condition(output["Condition"])
    }
    _record(making, read, outputs)
    return Stack(stack_name, outputs, read.parameters, made)


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


def _make(
    making: Making, logical_id: str, resource: Mapping[str, Any], resolver: Resolver
) -> Resource:
    kind = resource["Type"]
    properties = Properties(logical_id, kind, resolver.resolve(resource.get("Properties", {})))
    try:
        made = CREATORS[kind](making, properties)
    except (ClientError, BotoCoreError) as error:
        raise ResourceFailedError(logical_id, kind, str(error)) from error
    properties.finish()
    return made


def _record(making: Making, template: Template, outputs: Mapping[str, str]) -> None:
    """Tell CloudFormation of the stack, so that `describe-stacks` answers as after a deployment.

    moto would make the resources a second time, and many of them wrongly or not at all, so it gets
    a template with the parameters and the finished outputs, and nothing to make.
    """
    declared = {
        name: {"Type": "String", "Default": value if isinstance(value, str) else ",".join(value)}
        for name, value in template.parameters.items()
    }
    body = {
        "Description": template.description,
        "Parameters": declared,
        "Resources": {},
        "Outputs": {
            name: {
                "Value": value,
                "Description": template.outputs[name].get("Description", name),
            }
            for name, value in outputs.items()
        },
    }
    making.client("cloudformation").create_stack(
        StackName=making.stack_name,
        TemplateBody=json.dumps(body),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": str(item["Default"])}
            for name, item in declared.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
