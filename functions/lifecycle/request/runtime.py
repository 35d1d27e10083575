"""The input's section `runtime`: the options that the lifecycle passes on to AgentCore Runtime."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifecycle.request.inputs import InputModel, allowed, problem, problems
from lifecycle.request.service.environment_names import refused_names
from lifecycle.request.service.headers import wrong_headers
from lifecycle.request.service.ownership import RUNTIME_OWNED
from lifecycle.request.service.service_model import find_faults, input_shape


class Network(InputModel):
    """The VPC that the runtime's network interfaces are created in."""

    subnets: list[Annotated[str, Field(pattern=r"^subnet-[0-9a-zA-Z]{8,17}$")]] = Field(
        min_length=1,
        max_length=16,
        description="Subnets of the runtime.",
        json_schema_extra=allowed("1 to 16 subnet ids"),
    )
    security_groups: list[Annotated[str, Field(pattern=r"^sg-[0-9a-zA-Z]{8,17}$")]] = Field(
        min_length=1,
        max_length=16,
        description="Security groups of the runtime.",
        json_schema_extra=allowed("1 to 16 security group ids"),
    )


class Runtime(InputModel):
    """Options that the lifecycle passes on to the runtime."""

    protocol: Literal["HTTP", "MCP", "A2A", "AGUI"] = Field(
        default="HTTP",
        description="Server protocol of the agent.",
        json_schema_extra=allowed("HTTP, MCP, A2A or AGUI"),
    )
    environment_variables: dict[
        Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")],
        # No process can have a NUL in its environment (POSIX, "Environment Variables").
        Annotated[str, Field(max_length=4096, pattern=r"^[^\x00]*$")],
    ] = Field(
        default_factory=dict,
        max_length=47,
        description="Environment variables of the agent. Do not put secrets here: they are visible in the execution's "
        "input.",
        json_schema_extra=allowed(
            "an object of at most 47 names to strings; all names and values together at most 3840 bytes, on platform "
            "version V2 2304 for a container and 1280 for code"
        ),
    )
    network: Network | None = Field(
        default=None,
        description="VPC of the runtime. Default: the public network.",
        json_schema_extra=allowed("{subnets, securityGroups}"),
    )
    idle_timeout_seconds: int | None = Field(
        default=None,
        ge=60,
        le=1209600,
        description="A session without calls ends after this time. Default: AgentCore's default.",
        json_schema_extra=allowed("60 to 1209600, at most maxLifetimeSeconds"),
    )
    max_lifetime_seconds: int | None = Field(
        default=None,
        ge=60,
        le=1209600,
        description="Every session ends after this time. Default: AgentCore's default.",
        json_schema_extra=allowed("60 to 1209600"),
    )
    request_headers: list[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,255}$")]] = Field(
        default_factory=list,
        max_length=20,
        description="Request headers that AgentCore passes on to the agent.",
        json_schema_extra=allowed(
            "a list of at most 20 header names that AgentCore passes on; Authorization only with auth.type cognito or "
            "jwt"
        ),
    )
    description: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="Description of the runtime.",
        json_schema_extra=allowed("1 to 4096 characters"),
    )
    configuration: dict[str, Any] = Field(
        default_factory=dict,
        description="Any other member of AgentCore's `CreateAgentRuntime`, in AWS's own names, such as "
        "`platformVersion` or `filesystemConfigurations`. The lifecycle checks it against the service model before it "
        "creates anything.",
        json_schema_extra=allowed(
            "an object of members of CreateAgentRuntime that have no field of their own"
        ),
    )

    @field_validator("configuration")
    @classmethod
    def _is_in_the_service_model(cls, value: dict[str, Any]) -> dict[str, Any]:
        # The SDK's model is loaded only by a request that needs it.
        faults = (
            list(find_faults(input_shape("CreateAgentRuntime"), value, RUNTIME_OWNED))
            if value
            else []
        )
        if faults:
            raise problems([(fault.path, fault.given, fault.allowed) for fault in faults])
        return value

    @field_validator("request_headers")
    @classmethod
    def _agentcore_passes_them_on(cls, value: list[str]) -> list[str]:
        wrong = [("", name, reason) for name, reason in wrong_headers(value)]
        if wrong:
            raise problems(wrong)
        return value

    @model_validator(mode="after")
    def _network_options_need_a_network(self) -> Self:
        if "networkConfiguration" in self.configuration and self.network is None:
            raise problem(
                "configuration.networkConfiguration",
                self.configuration["networkConfiguration"],
                "only with runtime.network",
            )
        return self

    @field_validator("environment_variables")
    @classmethod
    def _may_be_set(cls, value: dict[str, str]) -> dict[str, str]:
        refused = [(name, value[name], f"not set: {why}") for name, why in refused_names(value)]
        if refused:
            raise problems(refused)
        return value

    @model_validator(mode="after")
    def _idle_within_lifetime(self) -> Self:
        idle, lifetime = self.idle_timeout_seconds, self.max_lifetime_seconds
        if idle is not None and lifetime is not None and idle > lifetime:
            raise problem("idleTimeoutSeconds", idle, f"at most maxLifetimeSeconds ({lifetime})")
        return self
