"""What the control plane remembers of gateways, their targets and rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.agentcore.control.gateways.openapi.operations import Operation
from local.agentcore.control.records import BUSY, Stateful

HTTP_RUNTIME = ("http", "agentcoreRuntime")
MCP_LAMBDA = ("mcp", "lambda")
MCP_OPENAPI = ("mcp", "openApiSchema")
MCP_SERVER = ("mcp", "mcpServer")
"""The kinds of targets that are served: the two members of a `targetConfiguration` that choose one."""

USABLE = (
    "READY",
    "UPDATING",
    "UPDATE_UNSUCCESSFUL",
    "SYNCHRONIZING",
    "SYNCHRONIZE_UNSUCCESSFUL",
)
"""The states in which a gateway or a target serves; that it does during an update is not documented."""

CHANGING = BUSY | {"SYNCHRONIZING"}
"""The states in which nothing else may be changed."""


@dataclass(frozen=True)
class Catalog:
    """What a target offers.

    Attributes:
        tools: The tools of an MCP server, as it lists them.
        operations: The operations of an OpenAPI document.
    """

    tools: tuple[dict[str, Any], ...] = ()
    operations: tuple[Operation, ...] = ()


@dataclass
class Target(Stateful):
    """A target of a gateway.

    Attributes:
        id: 10 letters and digits.
        members: Members of GetGatewayTarget's answer that came with create or update.
        created_at: Seconds since the epoch.
        catalog: What it offers, as far as that is not in its members.
        synchronized_at: When the tools of an MCP server were last read, in seconds since the epoch.
    """

    id: str = ""
    name: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0
    catalog: Catalog = Catalog()
    synchronized_at: float | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """One of the kinds above."""
        return kind_of(self.members["targetConfiguration"])

    @property
    def settings(self) -> dict[str, Any]:
        """What the configuration says for its kind, such as `arn` and `qualifier`."""
        outer, inner = self.kind
        found: dict[str, Any] = self.members["targetConfiguration"][outer][inner]
        return found

    @property
    def credentials(self) -> str | None:
        """The type of the credentials that a call of the target is made with; `None` for a call without any."""
        given = self.members.get("credentialProviderConfigurations")
        return str(given[0]["credentialProviderType"]) if given else None

    @property
    def provider(self) -> dict[str, Any]:
        """What the configuration says of these credentials, such as `providerArn`."""
        found = self.members["credentialProviderConfigurations"][0]["credentialProvider"]
        settings: dict[str, Any] = next(iter(found.values()))
        return settings

    @property
    def dynamic(self) -> bool:
        """Whether the tools of an MCP server are listed when a client asks for them."""
        return self.kind == MCP_SERVER and self.settings.get("listingMode") == "DYNAMIC"


@dataclass
class Rule(Stateful):
    """A rule of a gateway: where calls go that its conditions match.

    Attributes:
        id: A UUID.
        scope: What the client token of its creation is unique in, below the gateway.
        members: Members of GetGatewayRule's answer that came with create or update.
        created_at: Seconds since the epoch.
        before: What the members were before the last update or delete.
        changed_at: When that began, in seconds since the epoch.
    """

    id: str = ""
    scope: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0
    before: dict[str, Any] | None = None
    changed_at: float = 0.0

    @property
    def route(self) -> dict[str, Any]:
        """The `routeToTarget` of its action."""
        found: dict[str, Any] = self.members["actions"][0]["routeToTarget"]
        return found

    @property
    def targets(self) -> list[tuple[str, int]]:
        """The names of the targets it leads to, with their weights."""
        if "staticRoute" in self.route:
            return [(self.route["staticRoute"]["targetName"], 100)]
        return [
            (entry["targetName"], entry["weight"])
            for entry in self.route["weightedRoute"]["trafficSplit"]
        ]

    def matches(self, path: str) -> bool:
        """Say whether all of its conditions match a path below the gateway's address."""
        return all(
            any(
                path.startswith(pattern.removesuffix("*"))
                for pattern in each["matchPaths"]["anyOf"]
            )
            for each in self.members.get("conditions", [])
        )


@dataclass
class Gateway(Stateful):
    """A gateway.

    Attributes:
        id: `{name in lower case}-{10 letters and digits}`.
        url: Where it is called.
        members: Members of GetGateway's answer that came with create or update.
        targets: Its targets by id.
        rules: Its rules by id.
        gone: Its targets that were deleted.
        gone_rules: Its rules that were deleted.
    """

    id: str = ""
    arn: str = ""
    name: str = ""
    url: str = ""
    workload_identity_arn: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    gone: list[Target] = field(default_factory=list)
    gone_rules: list[Rule] = field(default_factory=list)

    def settle(self, now: float) -> None:
        """Finish every change of the gateway, its targets and rules whose time has come."""
        for rule in list(self.rules.values()):
            rule.settle(now)
        for target in list(self.targets.values()):
            target.settle(now)
        super().settle(now)


def kind_of(configuration: dict[str, Any]) -> tuple[str, str]:
    """Return the kind of a target, such as `("http", "agentcoreRuntime")`."""
    outer = next(iter(configuration))
    return outer, next(iter(configuration[outer]))
