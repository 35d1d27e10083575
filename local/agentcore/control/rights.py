"""What the service does with an execution role's rights: it pulls the image and writes the logs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from local.edge.iam.permission import ANY_RESOURCE, Permission

Lacks = Callable[[str, Iterable[Permission]], str | None]
"""Returns which of some permissions a role lacks, in IAM's words; `None` if it has them all."""

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)"
)


def to_pull(image: str) -> Iterator[Permission]:
    """Name the permissions to pull an image (developer guide, "IAM Permissions for AgentCore Runtime").

    Args:
        image: Its URI in ECR.
    """
    yield Permission("ecr:GetAuthorizationToken", ANY_RESOURCE)
    found = _IMAGE.match(image)
    repository = None
    if found is not None:
        owner = f"{found['region']}:{found['account']}"
        repository = f"arn:aws:ecr:{owner}:repository/{found['repository']}"
    for action in ("BatchGetImage", "GetDownloadUrlForLayer"):
        yield Permission(f"ecr:{action}", repository)


def may_log(
    lacks: Lacks, region: str, account_id: str, role_arn: str, group: str, stream: str
) -> bool:
    """Say whether a role may write into a log stream."""
    return lacks(role_arn, to_write(region, account_id, group, stream)) is None


def to_write(region: str, account_id: str, group: str, stream: str) -> Iterator[Permission]:
    """Name the permissions to write into a log stream (the same page).

    Args:
        region: Region of the log group.
        account_id: Its account.
        group: Its name.
        stream: The stream's name.
    """
    owner = f"arn:aws:logs:{region}:{account_id}:log-group:{group}"
    yield Permission("logs:CreateLogGroup", owner)
    for action in ("CreateLogStream", "PutLogEvents"):
        yield Permission(f"logs:{action}", f"{owner}:log-stream:{stream}")
