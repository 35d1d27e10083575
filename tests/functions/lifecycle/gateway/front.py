"""The gateway of environment `dev`, as AgentCore has it, and what changes it by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway.teardown import delete_gateway
from tests.functions.lifecycle.refusing import refused
from tests.functions.lifecycle.runtime_world import ACCOUNT, World

ON: dict[str, Any] = {"gateway": {"type": "runtime"}}
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"


class Front:
    """An environment whose version is promoted, and its gateway."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.control = world.control
        self.asked: list[str] = []

    # --- stages ---

    def provision(self, name: str, request: dict[str, Any] | None = None) -> Any:
        """Provision the environment up to the gateway, and that."""
        self.world.provision(name, ON | (request or {}))
        self.world.begin(name, ON | (request or {}))
        return self.deploy()

    def deploy(self) -> Any:
        return self.world.loop(deploy_gateway)

    def delete(self) -> Any:
        return self.world.loop(delete_gateway)

    def step(self, stage: Any = deploy_gateway) -> Any:
        """Call a stage once, and let AgentCore finish what it began."""
        result = self.world.run(stage)
        self.world.pass_(10)
        return result

    # --- what is there ---

    def gateways(self) -> list[str]:
        return [item["gatewayId"] for item in self.control.list_gateways()["items"]]

    @property
    def id(self) -> str:
        (found,) = self.gateways()
        return found

    def gateway(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.control.get_gateway(gatewayIdentifier=self.id)
        return answer

    def targets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control.list_gateway_targets(gatewayIdentifier=self.id)[
            "items"
        ]
        return found

    def target(self) -> dict[str, Any]:
        (found,) = self.targets()
        answer: dict[str, Any] = self.control.get_gateway_target(
            gatewayIdentifier=self.id, targetId=found["targetId"]
        )
        return answer

    def tags(self) -> dict[str, str]:
        arn = self.gateway()["gatewayArn"]
        found: dict[str, str] = self.control.list_tags_for_resource(resourceArn=arn)["tags"]
        return found

    def section(self) -> Any:
        return self.world.record().gateway

    # --- what AgentCore says ---

    @contextmanager
    def told(self, operation: str, change: Callable[[dict[str, Any]], object]) -> Iterator[None]:
        """Change the answers of an operation."""

        def tell(model: Any, parsed: dict[str, Any], **_: Any) -> None:
            if model.name == operation and "Error" not in parsed:
                change(parsed)

        self.control.meta.events.register("after-call", tell)
        try:
            yield
        finally:
            self.control.meta.events.unregister("after-call", tell)

    def refused(
        self, operation: str, message: str, code: str = "ValidationException"
    ) -> AbstractContextManager[None]:
        """Answer an operation with an error."""
        return refused(self.control, operation, message, code)

    # --- by hand ---

    def update(self, **changes: Any) -> None:
        members = ("name", "roleArn", "authorizerType", "authorizerConfiguration")
        now = self.gateway()
        whole = {name: now[name] for name in members if name in now} | changes
        whole = {name: value for name, value in whole.items() if value is not None}
        self.control.update_gateway(gatewayIdentifier=self.id, **whole)
        self.world.pass_(10)

    def update_target(self, **changes: Any) -> None:
        now = self.target()
        members = ("name", "targetConfiguration", "credentialProviderConfigurations")
        whole = {name: now[name] for name in members} | changes
        which = {"gatewayIdentifier": self.id, "targetId": now["targetId"]}
        self.control.update_gateway_target(**which, **whole)
        self.world.pass_(10)

    def point_to(self, endpoint: str, arn: str | None = None) -> None:
        runtime = {"arn": arn or self.world.only_runtime().arn, "qualifier": endpoint}
        self.update_target(targetConfiguration={"http": {"agentcoreRuntime": runtime}})

    def delete_target(self) -> None:
        which = {"gatewayIdentifier": self.id, "targetId": self.targets()[0]["targetId"]}
        self.control.delete_gateway_target(**which)
        self.world.pass_(10)

    def delete_all(self) -> None:
        self.delete_target()
        self.control.delete_gateway(gatewayIdentifier=self.id)
        self.world.pass_(10)

    def writes(self) -> list[str]:
        """The calls since the killer was started that change a gateway."""
        calls = self.world.killer.calls
        return [c for c in calls if "Gateway" in c and not c.startswith(("Get", "List"))]
