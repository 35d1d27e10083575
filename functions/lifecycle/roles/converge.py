"""Make a role of an environment, or repair what differs: its trust, its policies, its boundary, its tags."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import refused_call
from lifecycle.errors import CredentialsError, ServiceUnavailableError
from lifecycle.roles import calls
from lifecycle.roles.wanted import INLINE_POLICY, Policy, WantedRole

# How long after its creation a role may not be seen everywhere: more than IAM usually needs.
_SHOWN_SECONDS = 60


@dataclass(frozen=True)
class Converged:
    """A role that is as it must be.

    Attributes:
        arn: Its ARN.
        created: Whether it was made now.
        repaired: What was found changed and repaired, one phrase each; empty for one that was made now.
    """

    arn: str
    created: bool
    repaired: list[str]


def converge_role(
    iam: Any,
    wanted: WantedRole,
    *,
    former: Policy | None = None,
    former_tags: Mapping[str, str] | None = None,
    fresh: bool = False,
) -> Converged:
    """Make the role, or repair it. IAM needs some seconds until AgentCore sees a change.

    Args:
        iam: boto3's client of IAM.
        wanted: How the role must be.
        former: Its inline policy as it was last written: to replace that with another one is no repair.
        former_tags: Its tags as they were last written: one that is not wanted any more is removed.
        fresh: This execution has written it. IAM may show what was there before, which is written again and is no
            repair; only policies that the lifecycle never gave it are.

    Raises:
        CredentialsError: A role of the name has not the tags of stack and environment; it is left alone.
        ServiceUnavailableError: The name is taken, but IAM does not show the role yet, or not all of it.
    """
    role = calls.get_role(iam, wanted.name)
    if role is None:
        return Converged(_create(iam, wanted), created=True, repaired=[])
    _refuse_foreign(role, wanted.name, wanted.owner)
    with _until_shown(wanted.name, role):
        # The boundary first: IAM lets us change the policies only of a role that has it.
        changed = [*_bound(iam, wanted, role), *_trust(iam, wanted, role)]
        added = _take_away(iam, wanted)
        changed += [*_policies(iam, wanted, former), *_tags(iam, wanted, role, former_tags or {})]
    return Converged(role["Arn"], created=False, repaired=[*([] if fresh else changed), *added])


def differs(iam: Any, wanted: WantedRole) -> bool:
    """Tell whether a role is missing, or has another inline policy than is wanted; for a plan, which only reads."""
    role = calls.get_role(iam, wanted.name)
    return role is None or calls.inline_policy(iam, wanted.name, INLINE_POLICY) != wanted.policy


def _create(iam: Any, wanted: WantedRole) -> str:
    try:
        made = iam.create_role(
            RoleName=wanted.name,
            Path=wanted.path,
            AssumeRolePolicyDocument=json.dumps(wanted.trust),
            PermissionsBoundary=wanted.boundary,
            Tags=[{"Key": key, "Value": value} for key, value in wanted.tags.items()],
        )
    except ClientError as error:
        if calls.is_taken(error):
            raise ServiceUnavailableError(
                f"a role is called '{wanted.name}', but IAM does not show it yet; the lifecycle retries this step"
            ) from error
        raise
    with _until_shown(wanted.name, made["Role"]):
        _put_policy(iam, wanted)
        for policy in sorted(wanted.attached):
            iam.attach_role_policy(RoleName=wanted.name, PolicyArn=policy)
    arn: str = made["Role"]["Arn"]
    return arn


@contextmanager
def _until_shown(name: str, role: Mapping[str, Any]) -> Iterator[None]:
    """Let the next call give a young role what it lacks.

    As long as IAM does not show it everywhere, it has no path and no boundary, by which the function's own policy
    allows the calls: they are denied, not only not found.

    Raises:
        ServiceUnavailableError: IAM refused a call for this reason.
    """
    try:
        yield
    except ClientError as error:
        created = role.get("CreateDate")
        young = created is None or time.time() - created.timestamp() < _SHOWN_SECONDS
        if young and (calls.is_missing(error) or calls.is_denied(error)):
            raise ServiceUnavailableError(
                f"the role '{name}' was made, but IAM does not show all of it yet ({refused_call(error)}); the "
                "lifecycle retries this step"
            ) from error
        raise


def _bound(iam: Any, wanted: WantedRole, role: Mapping[str, Any]) -> list[str]:
    there = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if there == wanted.boundary:
        return []
    iam.put_role_permissions_boundary(RoleName=wanted.name, PermissionsBoundary=wanted.boundary)
    return [f"the permissions boundary of role {wanted.name} was changed"]


def _trust(iam: Any, wanted: WantedRole, role: Mapping[str, Any]) -> list[str]:
    if role["AssumeRolePolicyDocument"] == wanted.trust:
        return []
    iam.update_assume_role_policy(RoleName=wanted.name, PolicyDocument=json.dumps(wanted.trust))
    return [f"the trust policy of role {wanted.name} was changed"]


def _policies(iam: Any, wanted: WantedRole, former: Policy | None) -> list[str]:
    repaired, name = [], wanted.name
    there = calls.inline_policy(iam, name, INLINE_POLICY)
    if there != wanted.policy:
        _put_policy(iam, wanted)
        # A role whose creation ended before its policy was written is no drift either.
        if there != former and there is not None:
            repaired.append(f"the policy of role {name} was changed")
    for arn in sorted(wanted.attached - set(calls.attached_policies(iam, name))):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        if former is not None:
            repaired.append(f"the policy {arn} was taken from role {name}")
    return repaired


def _take_away(iam: Any, wanted: WantedRole) -> list[str]:
    """Take the policies away that somebody gave the role."""
    repaired, name = [], wanted.name
    for other in calls.inline_policies(iam, name):
        if other != INLINE_POLICY:
            calls.delete_inline_policy(iam, name, other)
            repaired.append(f"role {name} was given the policy {other}")
    for arn in sorted(set(calls.attached_policies(iam, name)) - wanted.attached):
        calls.detach_policy(iam, name, arn)
        repaired.append(f"role {name} was given the policy {arn}")
    return repaired


def _tags(
    iam: Any, wanted: WantedRole, role: dict[str, Any], former: Mapping[str, str]
) -> list[str]:
    there = calls.tags_of(role)
    missing = {key: value for key, value in wanted.tags.items() if there.get(key) != value}
    # First, because for IAM a key in another case is the same one (user guide, "Tags for IAM resources").
    gone = [key for key in former if key in there and key not in wanted.tags]
    if gone:
        iam.untag_role(RoleName=wanted.name, TagKeys=gone)
    if missing:
        tags = [{"Key": key, "Value": value} for key, value in missing.items()]
        iam.tag_role(RoleName=wanted.name, Tags=tags)
    # Another value than the last one that was asked for is a new wish.
    changed = [key for key in missing if former.get(key, wanted.tags[key]) == wanted.tags[key]]
    new = [key for key in missing if former and key not in former]
    drifted = sorted(key for key in changed if key not in new)
    return [f"the tags of role {wanted.name} were changed: {', '.join(drifted)}"] if drifted else []


def _put_policy(iam: Any, wanted: WantedRole) -> None:
    iam.put_role_policy(
        RoleName=wanted.name,
        PolicyName=INLINE_POLICY,
        PolicyDocument=json.dumps(wanted.policy),
    )


def remove_role(iam: Any, name: str, owner: Mapping[str, str]) -> bool:
    """Remove a role and its policies.

    Args:
        iam: boto3's client of IAM.
        name: The role's name.
        owner: The tags of stack and environment; a role without them is left alone.

    Returns:
        Whether there was a role to remove.

    Raises:
        ServiceUnavailableError: IAM does not see yet that its policies are gone.
    """
    role = calls.get_role(iam, name)
    if role is None or not is_owned(role, owner):
        return False
    for policy in calls.inline_policies(iam, name):
        calls.delete_inline_policy(iam, name, policy)
    for arn in calls.attached_policies(iam, name):
        calls.detach_policy(iam, name, arn)
    try:
        calls.ignore_missing(lambda: iam.delete_role(RoleName=name))
    except ClientError as error:
        if calls.still_has_policies(error):
            raise ServiceUnavailableError(
                f"the role '{name}' still has policies, says IAM ({refused_call(error)}), which were taken away; the "
                "lifecycle retries this step"
            ) from error
        raise
    return True


def is_owned(role: dict[str, Any], owner: Mapping[str, str]) -> bool:
    """Tell whether a role, from `GetRole`, has the tags of stack and environment."""
    there = calls.tags_of(role)
    return all(there.get(key) == value for key, value in owner.items())


def _refuse_foreign(role: dict[str, Any], name: str, owner: Mapping[str, str]) -> None:
    if not is_owned(role, owner):
        stack, environment = owner.values()
        raise CredentialsError(
            f"the role {role['Arn']} has the name '{name}', and its tags do not say that stack {stack} created it for "
            f"environment '{environment}'; delete it, or use another environment name"
        )
