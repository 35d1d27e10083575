"""Links into AWS's own console, for a stack in AWS."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from lifecycle.fleet.failures import console_link, console_of


def of_execution(arn: str) -> list[tuple[str, str]]:
    """Return the links of an execution: key of the text, and address."""
    link = console_link(arn)
    return [] if link is None else [("aws.execution", link)]


def of_environment(machine: str, found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the links of an environment: key of the text, and address.

    Args:
        machine: ARN of the lifecycle's state machine.
        found: What `cli.environments.view.view` returns.
    """
    host, region = console_of(machine)
    base = f"https://{host}"
    links = []
    runtime, identity = found["runtime"] or {}, found["identity"] or {}
    if pool := identity.get("userPoolId"):
        links.append(
            (
                "aws.user_pool",
                f"{base}/cognito/v2/idp/user-pools/{quote(pool)}/info?region={region}",
            )
        )
    if runtime.get("id"):
        # CloudWatch's console takes a prefix of the groups' names in its search.
        prefix = quote(quote(f"/aws/bedrock-agentcore/runtimes/{runtime['id']}", safe=""), safe="")
        links.append(
            (
                "aws.logs",
                f"{base}/cloudwatch/home?region={region}#logsV2:log-groups$3FlogGroupNameFilter$3D"
                + prefix.replace("%25", "$25"),
            )
        )
    return links
