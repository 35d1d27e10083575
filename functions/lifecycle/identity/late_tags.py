"""Tags that do not count yet: IAM may refuse a call on a resource that was tagged a moment ago.

The policies allow the operations of `GUARDED` only on resources with the stack's tag (`aws:ResourceTag`). A change of
such tags takes time to become visible everywhere (IAM user guide, "Changes that I make are not always immediately
visible"). So a refusal within `SECONDS` of the tagging may be temporary, and a later one is final.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from lifecycle.entry import describe, is_explicit_deny
from lifecycle.errors import TagsNotVisibleError

SECONDS = 60
GUARDED = frozenset(
    {
        "AdminCreateUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminInitiateAuth",
        "AdminSetUserPassword",
        "CreateResourceServer",
        "CreateUserPoolClient",
        "CreateUserPoolDomain",
        "DeleteSecret",
        "DeleteUserPool",
        "DeleteUserPoolDomain",
        "DescribeResourceServer",
        "DescribeUserPoolClient",
        "GetSecretValue",
        "ListUserPoolClients",
        "PutSecretValue",
        "UpdateResourceServer",
        "UpdateUserPool",
        "UpdateUserPoolClient",
    }
)


def is_late(error: ClientError, tagged_at: float | None) -> bool:
    """Tell whether a refusal may pass by itself, because the resource's tags are new.

    Args:
        error: The error of any AWS call.
        tagged_at: When the resource was last tagged, in seconds since the epoch; None for unknown.
    """
    return (
        error.response["Error"].get("Code", "").startswith("AccessDenied")
        and error.operation_name in GUARDED
        and not is_explicit_deny(error)
        and tagged_at is not None
        and time.time() < tagged_at + SECONDS
    )


@contextmanager
def late_tags(tagged_at: Callable[[], float | None]) -> Iterator[None]:
    """Turn a refusal that may pass by itself into an error that the state machine retries.

    Args:
        tagged_at: Returns when a resource was last tagged, in seconds since the epoch; asked after a refusal.

    Raises:
        TagsNotVisibleError: AWS refused a call less than `SECONDS` after the tagging.
    """
    try:
        yield
    except ClientError as error:
        if is_late(error, tagged_at()):
            raise TagsNotVisibleError(
                f"{describe(error)}; the resource's tags are new, and AWS may not see them yet; the lifecycle retries "
                "this step"
            ) from error
        raise
