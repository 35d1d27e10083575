"""The tools of a Lambda function, as AgentCore's own model describes them."""

from __future__ import annotations

from typing import Any

from lifecycle.request.inputs import problems
from lifecycle.request.service.service_model import Fault, find_faults, input_shape


def tool_faults(tools: list[Any]) -> list[Fault]:
    """What is wrong with a list of tools, by botocore's model (`ToolDefinitions`) and by their names.

    Args:
        tools: As the input or an object in S3 has them.
    """
    target = input_shape("CreateGatewayTarget").members["targetConfiguration"]
    schema = target.members["mcp"].members["lambda"].members["toolSchema"]
    faults = list(find_faults(schema.members["inlinePayload"], tools))
    if faults:
        return faults
    names = [tool["name"] for tool in tools]
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            faults.append(Fault(f"[{index}].name", name, "a name, each once"))
    return faults


def refuse_tools(tools: list[Any]) -> None:
    """Refuse tools that AgentCore would not take.

    Raises:
        PydanticCustomError: Names each member that is wrong.
    """
    found = tool_faults(tools)
    if found:
        raise problems([(fault.path, fault.given, fault.allowed) for fault in found])
