"""What create and update take over into a version, and the rules that no shape can say."""

from __future__ import annotations

from typing import Any

from local.agentcore.control.headers import refusal
from local.agentcore.model.errors import invalid_field

# Members of a version's configuration; each is gone from the next version if an update leaves it out.
_TAKEN = (
    "agentRuntimeArtifact",
    "roleArn",
    "networkConfiguration",
    "description",
    "authorizerConfiguration",
    "requestHeaderConfiguration",
    "protocolConfiguration",
    "lifecycleConfiguration",
    "hooksConfiguration",
    "metadataConfiguration",
    "environmentVariables",
    "filesystemConfigurations",
    "capacityProviderConfiguration",
    "platformVersion",
    "allowedPorts",
    "resourceConfigurations",
)

# Defaults of the AgentCore developer guide: 15 minutes idle, 8 hours of life.
_LIFECYCLE = {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800}
# Developer guide, "Platform versions" and "Environment variables": names and values of all together, in bytes.
_VARIABLES_BYTES = 4096
_VARIABLES_BYTES_V2 = {"containerConfiguration": 2560, "codeConfiguration": 1536}
_CONSTRAINTS = ("allowedAudience", "allowedClients", "allowedScopes", "customClaims")


def configuration_from(request: dict[str, Any]) -> dict[str, Any]:
    """Return a version's configuration: what the request has, and defaults for what is left out."""
    configuration = {name: request[name] for name in _TAKEN if request.get(name) is not None}
    configuration.setdefault("networkConfiguration", {"networkMode": "PUBLIC"})
    configuration.setdefault("protocolConfiguration", {"serverProtocol": "HTTP"})
    configuration.setdefault("metadataConfiguration", {"requireMMDSV2": True})
    configuration["lifecycleConfiguration"] = {
        **_LIFECYCLE,
        **configuration.get("lifecycleConfiguration", {}),
    }
    return configuration


def artifact_kind(configuration: dict[str, Any]) -> str:
    """Return `containerConfiguration` or `codeConfiguration`."""
    return str(next(iter(configuration["agentRuntimeArtifact"])))


def check_configuration(configuration: dict[str, Any]) -> None:
    """Check what one member means for another.

    Raises:
        ServiceError: ValidationException that names the member.
    """
    network = configuration["networkConfiguration"]
    if network["networkMode"] == "VPC" and "networkModeConfig" not in network:
        raise invalid_field(
            "networkConfiguration.networkModeConfig",
            "Network mode VPC needs security groups and subnets.",
        )
    lifecycle = configuration["lifecycleConfiguration"]
    if lifecycle["idleRuntimeSessionTimeout"] > lifecycle["maxLifetime"]:
        raise invalid_field(
            "lifecycleConfiguration.idleRuntimeSessionTimeout",
            "The idle time-out must not be longer than the maximum lifetime.",
        )
    _check_variables(configuration)
    _check_headers(configuration)
    authorizer = configuration.get("authorizerConfiguration", {}).get("customJWTAuthorizer")
    if authorizer is not None:
        check_authorizer(authorizer)


def _check_variables(configuration: dict[str, Any]) -> None:
    variables = configuration.get("environmentVariables", {})
    for name, value in variables.items():
        if "=" in name or "\x00" in name:
            raise invalid_field("environmentVariables", "A name must not hold '=' or NUL.")
        if "\x00" in value:
            raise invalid_field("environmentVariables", "A value must not hold NUL.")
    second = configuration.get("platformVersion") == "V2"
    limit = _VARIABLES_BYTES_V2[artifact_kind(configuration)] if second else _VARIABLES_BYTES
    if sum(len(f"{name}{value}".encode()) for name, value in variables.items()) > limit:
        message = f"Names and values together must not be longer than {limit} bytes."
        raise invalid_field("environmentVariables", message)


def _check_headers(configuration: dict[str, Any]) -> None:
    listed = configuration.get("requestHeaderConfiguration", {}).get("requestHeaderAllowlist", [])
    authorizer = configuration.get("authorizerConfiguration", {}).get("customJWTAuthorizer")
    message = refusal(listed, with_tokens=authorizer is not None)
    if message is not None:
        raise invalid_field("requestHeaderConfiguration.requestHeaderAllowlist", message)


def check_authorizer(authorizer: dict[str, Any]) -> None:
    """Check a `customJWTAuthorizer`, of a runtime or of a gateway.

    Raises:
        ServiceError: ValidationException that names the member.
    """
    path = "authorizerConfiguration.customJWTAuthorizer"
    if not any(name in authorizer for name in _CONSTRAINTS):
        raise invalid_field(path, f"At least one of {', '.join(_CONSTRAINTS)} must be set.")
    for number, claim in enumerate(authorizer.get("customClaims", []), start=1):
        match = claim["authorizingClaimMatchValue"]
        chosen = next(iter(match["claimMatchValue"]))
        # botocore's documentation of ClaimMatchOperatorType: EQUALS is for strings, CONTAINS and
        # CONTAINS_ANY are for arrays, and only CONTAINS_ANY takes a list.
        allowed = {
            "EQUALS": ("STRING", "matchValueString"),
            "CONTAINS": ("STRING_ARRAY", "matchValueString"),
            "CONTAINS_ANY": ("STRING_ARRAY", "matchValueStringList"),
        }[match["claimMatchOperator"]]
        if (claim["inboundTokenClaimValueType"], chosen) != allowed:
            raise invalid_field(
                f"{path}.customClaims.{number}.member",
                f"{match['claimMatchOperator']} goes with {allowed[0]} and {allowed[1]}.",
            )
