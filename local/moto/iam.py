"""IAM: AWS managed policies, and the policies of a role."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from local.edge.iam.roles import Role

_JSON = json.JSONDecoder()


def know_managed_policy(account_id: str, arn: str) -> None:
    """Add one AWS managed policy to IAM.

    moto loads all of them or none (`load_aws_managed_policies`), and loading all takes 1.5 seconds.
    Upstream: getmoto/moto#7219, intended.
    """
    backend = iam_backends[account_id]["aws"]
    if arn in backend.managed_policies:
        return
    name = arn.rpartition("/")[2]
    start = aws_managed_policies_data.find(f'\n "{name}":{{')
    if start < 0:
        return
    data, _ = _JSON.raw_decode(
        aws_managed_policies_data, aws_managed_policies_data.index("{", start)
    )
    policy = AWSManagedPolicy.from_data(name, account_id, backend.region_name, data)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy


def policies_of(account_id: str, role_arn: str) -> list[dict[str, Any]]:
    """Return the documents of a role's inline and attached policies; an unknown role has none.

    They are read from moto's models, because calling its API for each request would fill the call log.
    """
    role = _role(account_id, role_arn)
    if role is None:
        return []
    attached = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return [_document(text) for text in [*role.policies.values(), *attached]]


def boundary_of(account_id: str, role_arn: str) -> dict[str, Any] | None:
    """Return the document of a role's permissions boundary; `None` if it has none.

    A boundary that does not exist allows nothing.
    """
    role = _role(account_id, role_arn)
    if role is None or role.permissions_boundary_arn is None:
        return None
    policy = iam_backends[account_id]["aws"].managed_policies.get(role.permissions_boundary_arn)
    if policy is None:
        return {"Version": "2012-10-17", "Statement": []}
    return next(_document(version.document) for version in policy.versions if version.is_default)


def role_named(account_id: str, name: str) -> Role | None:
    """Return what IAM knows of a role, by its name; `None` if there is none."""
    roles = [*iam_backends[account_id]["aws"].roles.values()]
    found = next((role for role in roles if role.name == name), None)
    return Role(found.arn, found.permissions_boundary_arn) if found is not None else None


def role_tags(account_id: str, role_arn: str) -> dict[str, str]:
    """Return the tags of a role; none where there is no such role."""
    role = _role(account_id, role_arn)
    return {tag["Key"]: tag["Value"] for tag in role.tags} if role is not None else {}


def _role(account_id: str, role_arn: str) -> Any:
    roles = [*iam_backends[account_id]["aws"].roles.values()]
    return next((role for role in roles if role.arn == role_arn), None)


@lru_cache(maxsize=200)
def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
