"""Calls to IAM about a role; for a missing one they return None or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.roles.wanted import Policy


def get_role(iam: Any, name: str) -> dict[str, Any] | None:
    """Read a role; None when there is none."""
    found: dict[str, Any] | None = _or_none(lambda: iam.get_role(RoleName=name)["Role"])
    return found


def inline_policy(iam: Any, name: str, policy: str) -> Policy | None:
    """Read an inline policy of a role; None when it has none of this name."""
    found: Policy | None = _or_none(
        lambda: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    )
    return found


def inline_policies(iam: Any, name: str) -> list[str]:
    """The names of the inline policies of a role."""
    return _listed(iam.get_paginator("list_role_policies"), name, "PolicyNames")


def attached_policies(iam: Any, name: str) -> list[str]:
    """The ARNs of the managed policies of a role."""
    found = _listed(iam.get_paginator("list_attached_role_policies"), name, "AttachedPolicies")
    return [item["PolicyArn"] for item in found]


def tags_of(role: dict[str, Any]) -> dict[str, str]:
    """The tags of a role, from `GetRole`."""
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}


def delete_inline_policy(iam: Any, name: str, policy: str) -> None:
    """Delete an inline policy of a role."""
    ignore_missing(lambda: iam.delete_role_policy(RoleName=name, PolicyName=policy))


def detach_policy(iam: Any, name: str, arn: str) -> None:
    """Take a managed policy from a role."""
    ignore_missing(lambda: iam.detach_role_policy(RoleName=name, PolicyArn=arn))


def ignore_missing(call: Callable[[], Any]) -> None:
    """Delete something; what is gone already counts as deleted."""
    _or_none(call)


def is_taken(error: ClientError) -> bool:
    """Tell whether an error says that a role of the name is there."""
    return bool(error.response["Error"]["Code"] == "EntityAlreadyExists")


def _listed(paginator: Any, name: str, member: str) -> list[Any]:
    pages = paginator.paginate(RoleName=name)
    return (_or_none(lambda: [item for page in pages for item in page[member]])) or []


def _or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        # botocore's model of IAM: NoSuchEntityException, whose code on the wire is NoSuchEntity.
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return None
        raise
