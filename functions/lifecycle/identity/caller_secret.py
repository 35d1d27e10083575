"""The secret that the smoke test's caller signs in with.

This module creates and writes it. Only `lifecycle.smoke_test.sign_in` reads its value.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from botocore.exceptions import ClientError

from lifecycle.entry import refused_call
from lifecycle.errors import AwsCallError, ServiceUnavailableError
from lifecycle.identity import unseen
from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG

PASSWORD_LENGTH = 32
# Shells and JSON give these characters a special meaning.
_AWKWARD = "\"'\\`"
_DESCRIPTION = "What the AgentCore Lifecycle's smoke test signs in with."

Secret = dict[str, Any]


def describe_secret(secrets: Any, name_or_arn: str) -> Secret | None:
    """Look a secret up without its value; None when there is none."""
    try:
        secret: Secret = secrets.describe_secret(SecretId=name_or_arn)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return secret


def is_ours(secret: Secret, tags: dict[str, str]) -> bool:
    """Tell whether a secret has the tags of the stack and environment."""
    has = _tags_of(secret)
    return all(has.get(key) == tags[key] for key in (STACK_TAG, ENVIRONMENT_TAG))


def is_gone(secrets: Any, arn: str) -> bool:
    """Tell whether a secret is deleted or being deleted: a forced delete continues for a moment after its answer."""
    secret = describe_secret(secrets, arn)
    return secret is None or bool(secret.get("DeletedDate"))


def ensure_secret(
    secrets: Any, name: str, tags: dict[str, str], known_arn: str | None
) -> tuple[Secret, Literal["created", "restored", "retagged", "kept"]]:
    """Create the secret, without a value yet, or cancel its scheduled deletion.

    Args:
        secrets: A boto3 Secrets Manager client.
        name: The secret's name.
        tags: The tags that it must have, among others.
        known_arn: The ARN that the record has, if any.

    Returns:
        Its description, and what was done.

    Raises:
        AwsCallError: A secret of this name exists and does not belong to the environment.
        ServiceUnavailableError: The secret is still being deleted, or exists and is not found.
    """
    secret = describe_secret(secrets, name)
    if secret is None:
        with _still_deleting():
            made = unseen.create(
                secrets.create_secret,
                "the secret",
                "DescribeSecret",
                Name=name,
                Description=_DESCRIPTION,
                Tags=_as_list(tags),
            )
        return {"ARN": made["ARN"], "Name": name}, "created"
    if not is_ours(secret, tags) and secret["ARN"] != known_arn:
        raise AwsCallError(
            f"a secret named {name} exists without this environment's tags, so it is not changed; "
            "rename or delete it and retry"
        )
    done: Literal["restored", "retagged", "kept"] = "kept"
    if secret.get("DeletedDate"):
        with _still_deleting():
            secrets.restore_secret(SecretId=secret["ARN"])
        done = "restored"
    has = _tags_of(secret)
    if any(has.get(key) != value for key, value in tags.items()):
        tag_secret(secrets, secret, tags)
        done = done if is_ours(secret, tags) else "retagged"
    return secret, done


def tag_secret(secrets: Any, secret: Secret, tags: dict[str, str]) -> None:
    """Set a secret's tags, which the functions' policies require."""
    secrets.tag_resource(SecretId=secret["ARN"], Tags=_as_list(tags))


def current_version(secret: Secret) -> str | None:
    """The current version of the secret; None when it has no value yet."""
    versions = secret.get("VersionIdsToStages", {})
    return next((version for version, stages in versions.items() if "AWSCURRENT" in stages), None)


def write_secret(secrets: Any, arn: str, value: dict[str, str]) -> str:
    """Store a value as a new version; returns the version's id."""
    version = str(uuid.uuid4())
    secrets.put_secret_value(
        SecretId=arn,
        ClientRequestToken=version,
        SecretString=json.dumps(value, ensure_ascii=False),
    )
    return version


def new_password(secrets: Any) -> str:
    """A password from Secrets Manager's generator, with a character of every kind."""
    return str(
        secrets.get_random_password(
            PasswordLength=PASSWORD_LENGTH,
            ExcludeCharacters=_AWKWARD,
            RequireEachIncludedType=True,
        )["RandomPassword"]
    )


@contextmanager
def _still_deleting() -> Iterator[None]:
    # A forced delete continues for a moment after its answer (API reference, DeleteSecret).
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidRequestException":
            raise ServiceUnavailableError(
                f"the secret of this name is still being deleted ({refused_call(error)}); the lifecycle "
                "retries this step"
            ) from error
        raise


def _tags_of(secret: Secret) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in secret.get("Tags", [])}


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
