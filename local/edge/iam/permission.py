"""What a policy must allow: an action on a resource, with the condition keys of the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Members = Mapping[str, Any]
"""The input of a request, by the names of its members on the wire."""

ANY_RESOURCE = "*"
"""The resource of an action that has none to name: only a policy's `*` fits."""


BEARER = "*"
"""A caller with a token instead of AWS credentials: no principal of IAM."""


@dataclass(frozen=True)
class Permission:
    """One thing that a policy must allow.

    Attributes:
        action: Such as `s3:GetObject`.
        resource: An ARN, `ANY_RESOURCE`, or `None` where it is not known here which resource is meant.
        context: Condition keys that are known of the request, such as `iam:PassedToService`.
    """

    action: str
    resource: str | None
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where ARNs are.

    Attributes:
        region: Region.
        account_id: Account.
    """

    region: str
    account_id: str

    @property
    def root(self) -> str:
        """ARN of the account's root user."""
        return f"arn:aws:iam::{self.account_id}:root"

    def arn(self, service: str, resource: str) -> str:
        """Name a resource, or leave it as it is if it is an ARN already."""
        if resource.startswith("arn:"):
            return resource
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class Sender:
    """What a request says of where it comes from and goes to, for the condition keys that every service has.

    Attributes:
        region: The Region that it was signed for.
        source_ip: The caller's address.
        user_agent: Its `User-Agent`, if it has one.
        referer: Its `Referer`, if it has one.
        at: When it came in, in seconds since the epoch.
    """

    region: str
    source_ip: str
    user_agent: str | None
    referer: str | None
    at: float


def resource_of_list(operation: str, members: Members) -> str | None:
    """Return `*` for an operation that lists everything, whose request names no resource; otherwise `None`."""
    return ANY_RESOURCE if operation.startswith("List") and not members else None


def request_tags(members: Members) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys `aws:RequestTag/*` and `aws:TagKeys` of a request; none if it has no tags."""
    tags = members.get("UserPoolTags") or members.get("Tags") or members.get("tags") or {}
    if isinstance(tags, list):
        tags = {tag.get("Key"): tag.get("Value") for tag in tags}
    if not tags:
        return {}
    values = {f"aws:RequestTag/{key}": str(value) for key, value in tags.items()}
    return {**values, "aws:TagKeys": tuple(str(key) for key in tags)}


def context_of(
    place: Place,
    tags: Mapping[str, str],
    caller: str,
    needed: Permission,
    sender: Sender | None,
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a request.

    Keys that a request here never has are left out, as AWS leaves them out: those of organizations, VPC endpoints,
    federation, MFA and calls made by a service in the caller's name.

    Args:
        place: Region and account.
        tags: The tags of the resource.
        caller: ARN of the caller's role or of the root user; or `BEARER`.
        needed: What the request needs.
        sender: Where it comes from; without it those keys are missing.
    """
    context: dict[str, str | tuple[str, ...]] = {
        # Loopback counts as encrypted.
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
    }
    if caller != BEARER:
        is_root = caller == place.root
        context |= {
            "aws:PrincipalAccount": place.account_id,
            "aws:PrincipalArn": caller,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "Account" if is_root else "AssumedRole",
        }
    if sender is not None:
        moment = datetime.fromtimestamp(sender.at, UTC)
        context |= {
            "aws:CurrentTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(sender.at)),
            "aws:RequestedRegion": sender.region,
            "aws:SourceIp": sender.source_ip,
        }
        if sender.user_agent is not None:
            context["aws:UserAgent"] = sender.user_agent
        if sender.referer is not None:
            context["aws:Referer"] = sender.referer
    if needed.resource is not None:
        parts = needed.resource.split(":", 5)
        owner = (parts[4] if len(parts) == 6 else "") or place.account_id
        context["aws:ResourceAccount"] = owner
        service = needed.action.partition(":")[0]
        if service == "s3":
            context["s3:ResourceAccount"] = owner
        for key, value in tags.items():
            context[f"aws:ResourceTag/{key}"] = value
            context[f"{service}:ResourceTag/{key}"] = value
    return context | dict(needed.context)
