"""The record of a stack in CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Mapping

from local.stack.making import Making
from local.stack.template import Template


def write_record(
    making: Making, template: Template, outputs: Mapping[str, str], number: int
) -> None:
    """Tell CloudFormation of a stack, new or updated, so that `describe-stacks` answers as after a deployment.

    moto would make the resources a second time, and many of them wrongly or not at all, so it gets
    a template with the parameters and the finished outputs, and nothing to make.
    """
    declared = {
        name: {"Type": "String", "Default": value if isinstance(value, str) else ",".join(value)}
        for name, value in template.parameters.items()
    }
    body = {
        # CloudFormation refuses an update that changes nothing; what SAM deploys names its code's content.
        "Metadata": {"Deployment": number},
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
    client = making.client("cloudformation")
    (client.create_stack if number == 1 else client.update_stack)(
        StackName=making.stack_name,
        TemplateBody=json.dumps(body),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": str(item["Default"])}
            for name, item in declared.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
