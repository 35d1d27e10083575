"""Where the claims are proved: a stack in an account, or on a local AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.errors import CommandError

LOCAL = "local"
"""The name of the local AWS as a place."""

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, read_timeout=180)


class ProveError(CommandError):
    """The proof cannot go on."""


@dataclass
class Place:
    """A stack of the proof's own, and how to reach it.

    Attributes:
        name: The Region, or `local`. Its recordings are in a folder of this name.
        region: The Region.
        account: The account number.
        stack: The stack's name.
        session: The credentials.
        endpoint_url: The endpoint, if it is not AWS's own.
        deploy: Deploys the stack.
        wait: The input's field `wait` for every execution; empty for the defaults.
        uploads: Bucket and prefix of what the deployment uploaded, if anything.
    """

    name: str
    region: str
    account: str
    stack: str
    session: boto3.Session
    endpoint_url: str | None
    deploy: Callable[[], None]
    wait: dict[str, int] = field(default_factory=dict)
    uploads: Callable[[], tuple[str, str] | None] = lambda: None
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether it is a local AWS."""
        return self.name == LOCAL

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service."""
        if service not in self._clients:
            self._clients[service] = self.session.client(
                service, region_name=self.region, endpoint_url=self.endpoint_url, config=_CONFIG
            )
        return self._clients[service]

    def status(self) -> str | None:
        """Return CloudFormation's status of the stack, or None if there is no such stack."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            # CloudFormation's answer for a stack that does not exist.
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return str(found[0]["StackStatus"]) if found else None

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs; empty before it is deployed.

        Raises:
            botocore.exceptions.ClientError: There is no such stack.
        """
        (found,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
