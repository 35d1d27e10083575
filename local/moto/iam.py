"""IAM: AWS managed policies, and the policies of a role."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

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
    roles = iam_backends[account_id]["aws"].roles.values()
    role = next((role for role in roles if role.arn == role_arn), None)
    if role is None:
        return []
    attached = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return [_document(text) for text in [*role.policies.values(), *attached]]


@lru_cache(maxsize=200)
def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
