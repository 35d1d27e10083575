"""The MCP gateway of environment `dev`, as AgentCore and IAM have it, and what changes it by hand."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.gateway.deploy import deploy_gateway
from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.runtime_world import ACCOUNT, World

FUNCTION = f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:orders-get"
OTHER_FUNCTION = f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:orders-put"
ROLE = "agentcore-stack-dev-gateway"


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "description": f"To {name}.", "inputSchema": {"type": "object"}}


def target(name: str = "orders", arn: str = FUNCTION, tools: tuple[str, ...] = ("get",)) -> Any:
    schema = {"inline": [tool(each) for each in tools]}
    return {"name": name, "lambda": {"lambdaArn": arn, "toolSchema": schema}}


def mcp(*targets: Any) -> dict[str, Any]:
    """A request with an MCP gateway."""
    chosen = list(targets) or [target()]
    test = {"tool": f"{chosen[0]['name']}___get", "arguments": {"id": "1"}}
    return {"gateway": {"type": "mcp", "targets": chosen, "test": test}}


class Tools(Front):
    """An environment whose version is promoted, and its MCP gateway."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.iam = world.clients.iam
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        self.document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        self.boundary = str(
            self.iam.create_policy(PolicyName="gateway-boundary", PolicyDocument=self.document)[
                "Policy"
            ]["Arn"]
        )

    def provision(self, name: str, request: dict[str, Any] | None = None) -> Any:
        self.world.provision(name, request or mcp())
        self.world.begin(name, request or mcp())
        return self.deploy()

    def again(self, name: str, request: dict[str, Any] | None = None) -> Any:
        self.world.begin(name, request or mcp())
        return self.deploy()

    def named(self, name: str) -> dict[str, Any]:
        (found,) = [each for each in self.targets() if each["name"] == name]
        answer: dict[str, Any] = self.control.get_gateway_target(
            gatewayIdentifier=self.id, targetId=found["targetId"]
        )
        return answer

    def role(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.iam.get_role(RoleName=ROLE)["Role"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        return found

    def rights(self) -> dict[str, Any]:
        found: dict[str, Any] = self.iam.get_role_policy(RoleName=ROLE, PolicyName="environment")[
            "PolicyDocument"
        ]
        return found

    def delete_named(self, name: str) -> None:
        which = {"gatewayIdentifier": self.id, "targetId": self.named(name)["targetId"]}
        self.control.delete_gateway_target(**which)
        self.world.pass_(10)

    def change_schema(self) -> None:
        now = self.target()
        now["targetConfiguration"]["mcp"]["lambda"]["toolSchema"]["inlinePayload"] = [tool("drop")]
        self.update_target(targetConfiguration=now["targetConfiguration"])

    def update(self, **changes: Any) -> None:
        super().update(**({"protocolType": "MCP"} | changes))


__all__ = ["FUNCTION", "OTHER_FUNCTION", "ROLE", "Tools", "deploy_gateway", "mcp", "target", "tool"]
