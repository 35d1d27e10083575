"""What a policy must allow: an action on a resource, with the condition keys of the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
