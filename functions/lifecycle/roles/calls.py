"""Calls to IAM about a role; for a missing one they return None or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import is_explicit_deny
from lifecycle.names import STACK_TAG, role_path
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


def tagged_roles(iam: Any, stack: str) -> Iterator[tuple[str, dict[str, str]]]:
    """ARN and tags of the roles that environments of a stack have. A list of roles has no tags."""
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=role_path(stack))
    for listed in (role for page in pages for role in page["Roles"]):
        role = get_role(iam, listed["RoleName"])
        if role is not None and tags_of(role).get(STACK_TAG) == stack:
            yield role["Arn"], tags_of(role)


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


def still_has_policies(error: ClientError) -> bool:
    """Tell whether an error says that a role cannot be deleted because something is attached to it.

    botocore's model of IAM: DeleteConflictException, whose code on the wire is DeleteConflict.
    """
    return bool(error.response["Error"]["Code"] == "DeleteConflict")


def is_denied(error: ClientError) -> bool:
    """Tell whether a policy does not allow a call, without a statement that denies it."""
    is_code = error.response["Error"]["Code"].startswith("AccessDenied")
    return bool(is_code and not is_explicit_deny(error))


def is_missing(error: ClientError) -> bool:
    """Tell whether an error says that there is no such role or policy.

    botocore's model of IAM: NoSuchEntityException, whose code on the wire is NoSuchEntity.
    """
    return bool(error.response["Error"]["Code"] == "NoSuchEntity")


def _listed(paginator: Any, name: str, member: str) -> list[Any]:
    pages = paginator.paginate(RoleName=name)
    return (_or_none(lambda: [item for page in pages for item in page[member]])) or []


def _or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        if is_missing(error):
            return None
        raise
