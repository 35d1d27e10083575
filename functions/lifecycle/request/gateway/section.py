"""The input's section `gateway`: an AgentCore Gateway in front of the environment's runtime, or one of tools."""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from lifecycle.request.gateway.targets import SEPARATOR, McpTarget, McpTest
from lifecycle.request.inputs import InputModel, allowed, problem, problems

LARGEST = 50_000
"""How many bytes the section has at most as JSON: the record holds it once more than the request."""
_MOST_TARGETS = 10
_ONLY_MCP = "only with gateway.type mcp"


class Gateway(InputModel):
    """The gateway that callers reach the runtime, or tools, through."""

    type: Literal["runtime", "mcp"] = Field(
        description="`runtime`: an HTTP gateway whose target is the endpoint `live` of the runtime, with the same "
        "sign-in. `mcp`: an MCP server with the tools of `targets`, with the same sign-in.",
        json_schema_extra=allowed("runtime or mcp"),
    )
    only: bool = Field(
        default=False,
        description="For `runtime`: closes the runtime to everybody but the gateway: AgentCore then refuses a call "
        "that is sent to the runtime directly, even with a valid token or the right permissions.",
        json_schema_extra=allowed("true or false, true only with gateway.type runtime"),
    )
    targets: list[McpTarget] = Field(
        default_factory=list,
        max_length=_MOST_TARGETS,
        description="For `mcp`: where the tools are. See [targets](#targets-of-an-mcp-gateway).",
        json_schema_extra=allowed(f"a list of 1 to {_MOST_TARGETS} targets, {_ONLY_MCP}"),
    )
    test: McpTest | None = Field(
        default=None,
        json_schema_extra=allowed(f"{{tool, arguments?, expect?}}, {_ONLY_MCP}"),
    )

    @model_validator(mode="after")
    def _fields_fit_the_type(self) -> Self:
        if self.type != "mcp":
            given = {"targets": len(self.targets) or None, "test": self.test and self.test.tool}
            found: list[tuple[str, Any, str]] = [
                (name, value, _ONLY_MCP) for name, value in given.items() if value is not None
            ]
        else:
            found = list(self._of_mcp())
        if found:
            raise problems(found)
        size = len(json.dumps(self.to_json(), ensure_ascii=False).encode())
        if size > LARGEST:
            raise problem(
                "", f"{size} bytes as JSON", f"at most {LARGEST} bytes; put schemas into S3"
            )
        return self

    def _of_mcp(self) -> list[tuple[str, Any, str]]:
        found: list[tuple[str, Any, str]] = []
        if self.only:
            # Its callers call tools; nobody calls the runtime through it, so it would answer nobody.
            found.append(("only", True, "true only with gateway.type runtime"))
        if not self.targets:
            found.append(("targets", None, "required with gateway.type mcp"))
        if self.test is None:
            # A list of tools proves nothing of the gateway's role (awslabs/agentcore-samples#1035).
            found.append(("test", None, "required with gateway.type mcp: the call that proves it"))
        names = [target.name for target in self.targets]
        for index, name in enumerate(names):
            if name in names[:index]:
                found.append((f"targets.{index}.name", name, "each name once"))
        if self.test is not None and self.test.tool.partition(SEPARATOR)[0] not in names:
            tools = ", ".join(f"{name}{SEPARATOR}<tool>" for name in names)
            found.append(("test.tool", self.test.tool, f"one of {tools}"))
        return found

    def to_json(self) -> dict[str, Any]:
        """The section as JSON."""
        return self.model_dump(mode="json", by_alias=True)
