"""Which permissions a request to IAM needs that is about a role.

Source: service authorization reference, the page of AWS Identity and Access Management.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.edge.iam.permission import Members, Permission, Place, request_tags


@dataclass(frozen=True)
class Role:
    """What IAM knows of a role that is there.

    Attributes:
        arn: Its ARN, with its path.
        boundary: ARN of its permissions boundary, if it has one.
    """

    arn: str
    boundary: str | None


RoleOf = Callable[[str], Role | None]
"""Returns a role by its name; `None` if there is none."""

_BOUNDARY, _POLICY = "iam:PermissionsBoundary", "iam:PolicyARN"
_BY_BOUNDARY = frozenset(
    {
        "AttachRolePolicy",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePolicy",
    }
)
"""The actions for which `iam:PermissionsBoundary` is the role's own; otherwise it is the one that a request names."""
_BY_POLICY = frozenset({"AttachRolePolicy", "DetachRolePolicy"})


def of_roles(
    operation: str, members: Members, place: Place, role_of: RoleOf
) -> Iterator[Permission] | None:
    """Return what a request about one role needs; `None` for a request about something else.

    Args:
        operation: botocore's name of an operation of IAM.
        members: The request's input.
        place: Region and account.
        role_of: Knows the roles that are there, whose paths no request has.
    """
    name = members.get("RoleName")
    if name is None:
        return None
    path = str(members.get("Path", "/")) if operation == "CreateRole" else "/"
    found = role_of(str(name))
    arn = f"arn:aws:iam::{place.account_id}:role{path}{name}"
    if found is not None and operation != "CreateRole":
        arn = found.arn
    return _of_role(operation, members, arn, found)


def _of_role(
    operation: str, members: Members, arn: str, found: Role | None
) -> Iterator[Permission]:
    context = dict(request_tags(members))
    boundary = members.get("PermissionsBoundary")
    if operation in _BY_BOUNDARY:
        boundary = found.boundary if found is not None else None
    if boundary is not None:
        context[_BOUNDARY] = str(boundary)
    if operation in _BY_POLICY:
        context[_POLICY] = str(members.get("PolicyArn"))
    yield Permission(f"iam:{operation}", arn, context)
    if operation == "CreateRole" and members.get("Tags"):
        yield Permission("iam:TagRole", arn, dict(request_tags(members)))
