"""The user pool of an environment: find it by its id or by name and tags, create it, repair its settings.

Nothing here writes to the record: the caller records each result before the next step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG

# Who may sign up, and how strong a password must be. Deletion protection is off, so that a teardown is one action; if
# somebody deletes the pool, the next provision creates it again.
POOL_SETTINGS: dict[str, Any] = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 20,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 1,
        }
    },
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
    "MfaConfiguration": "OFF",
    "DeletionProtection": "INACTIVE",
}
_NOT_FOUND = "ResourceNotFoundException"
# ListUserPools returns at most this many per page (botocore's model: PoolQueryLimitType).
_PAGE = 60

Pool = dict[str, Any]


def describe_pool(cognito: Any, pool_id: str | None) -> Pool | None:
    """Look a pool up by its id; None when there is none, or no id."""
    if pool_id is None:
        return None
    try:
        pool: Pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    except ClientError as error:
        if error.response["Error"]["Code"] == _NOT_FOUND:
            return None
        raise
    return pool


def pools_named(cognito: Any, name: str) -> Iterator[Pool]:
    """Every pool of this name, oldest first, with its tags. Names are not unique: a pool may have another owner."""
    pages = cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": _PAGE})
    found = [pool for page in pages for pool in page["UserPools"] if pool["Name"] == name]
    for summary in sorted(found, key=lambda pool: pool["CreationDate"]):
        pool = describe_pool(cognito, summary["Id"])
        if pool is not None:
            yield pool


def is_ours(pool: Pool, tags: dict[str, str]) -> bool:
    """Tell whether a pool has the tags of the stack and environment."""
    has = pool.get("UserPoolTags", {})
    return all(has.get(key) == tags[key] for key in (STACK_TAG, ENVIRONMENT_TAG))


def find_pool(cognito: Any, name: str, tags: dict[str, str], pool_id: str | None) -> Pool | None:
    """Find the environment's pool: the one that the record names, or else one with the environment's name and tags."""
    known = describe_pool(cognito, pool_id)
    if known is not None:
        return known
    return next((pool for pool in pools_named(cognito, name) if is_ours(pool, tags)), None)


def create_pool(cognito: Any, name: str, tags: dict[str, str]) -> Pool:
    """Create the pool with its tags, so that it can be found even if the next step fails."""
    pool: Pool = cognito.create_user_pool(PoolName=name, UserPoolTags=tags, **POOL_SETTINGS)[
        "UserPool"
    ]
    return pool


def repair_pool(cognito: Any, pool: Pool, tags: dict[str, str]) -> list[str]:
    """Repair manual changes (drift).

    Args:
        cognito: A boto3 Cognito client.
        pool: The pool as it was described.
        tags: The tags that it must have, among others.

    Returns:
        What was repaired, one phrase each. Changed tags of the request are set again, but not reported.
    """
    drift = [key for key, wanted in POOL_SETTINGS.items() if not same(wanted, pool.get(key))]
    has = pool.get("UserPoolTags", {})
    repaired = [f"the user pool's {_words(key)} had been changed" for key in drift]
    if not is_ours(pool, tags):
        tag_pool(cognito, pool, tags)
        repaired.append("the user pool's tags had been removed")
    if drift or any(has.get(key) != value for key, value in tags.items()):
        # The update resets every setting that is left out, so all of them are sent.
        cognito.update_user_pool(
            UserPoolId=pool["Id"], UserPoolTags={**has, **tags}, **POOL_SETTINGS
        )
    return repaired


def tag_pool(cognito: Any, pool: Pool, tags: dict[str, str]) -> None:
    """Set a pool's tags, which the functions' policies require."""
    cognito.tag_resource(ResourceArn=pool["Arn"], Tags=tags)


def same(wanted: Any, seen: Any) -> bool:
    """Tell whether a setting is as wanted. Extra members and the order of lists do not matter; False equals absent."""
    if isinstance(wanted, dict):
        return isinstance(seen, dict) and all(same(wanted[key], seen.get(key)) for key in wanted)
    if isinstance(wanted, list):
        return sorted(wanted) == sorted(seen or [])
    if wanted in (False, "INACTIVE"):
        return seen in (None, wanted)
    return bool(wanted == seen)


def _words(key: str) -> str:
    return {
        "Policies": "password policy",
        "AdminCreateUserConfig": "sign-up setting",
        "MfaConfiguration": "MFA setting",
        "DeletionProtection": "deletion protection",
    }[key]
