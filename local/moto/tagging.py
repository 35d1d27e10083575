"""Resource Groups Tagging API: which resources GetResources finds, and their tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import moto.resourcegroupstaggingapi.models as tagging_models
from moto.cognitoidp.models import cognitoidp_backends
from moto.core.resource_tagging import TaggedResource
from moto.secretsmanager.models import secretsmanager_backends

from local.moto.iam import role_tags

TaggedThings = Callable[[], list[tuple[str, dict[str, str]]]]
"""Returns ARN and tags of every resource of a service."""

_tagged: list[TaggedThings] = []


def tag_sources(*sources: TaggedThings) -> None:
    """Choose which resources GetResources finds in addition to moto's."""
    _tagged[:] = sources


def user_pool_tags(account_id: str, region: str) -> list[tuple[str, dict[str, str]]]:
    """Return ARN and tags of every user pool."""
    return [
        (pool.arn, dict(pool.extended_config.get("UserPoolTags") or {}))
        for pool in [*cognitoidp_backends[account_id][region].user_pools.values()]
    ]


class _MoreTagged:
    """Has the methods of a moto backend that the tagging API calls."""

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for source in _tagged:
            for arn, resource_tags in source():
                service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
                kind = f"{service}:{resource.partition('/')[0]}"
                yield TaggedResource(arn, resource_tags, kind)

    def owns_arn(self, _arn: str) -> bool:
        return False


def find_more_tagged() -> None:
    """Let GetResources find user pools and AgentCore resources, which moto omits.

    Upstream: upstream/cognito-operations.md.
    """
    original = tagging_models.iter_taggable_backends  # type: ignore[attr-defined]

    def iter_taggable_backends(account_id: str, region_name: str) -> Iterator[Any]:
        yield from original(account_id, region_name)
        yield _MoreTagged()

    tagging_models.iter_taggable_backends = iter_taggable_backends  # type: ignore[attr-defined]


def tags_of(account_id: str, region: str, arn: str) -> dict[str, str]:
    """Return the tags of a user pool, a secret or a role, and no tags for anything else.

    They are read from moto's models, because a request for each authorization would fill the call log.
    """
    service, resource = arn.split(":", 5)[2::3] if arn.count(":") >= 5 else ("", "")
    if service == "cognito-idp":
        pool = cognitoidp_backends[account_id][region].user_pools.get(resource.partition("/")[2])
        return dict(pool.extended_config.get("UserPoolTags") or {}) if pool else {}
    if service == "iam":
        return role_tags(account_id, arn)
    if service == "secretsmanager":
        for secret in [*secretsmanager_backends[account_id][region].secrets.values()]:
            if arn in (secret.arn, f"{secret.arn[:-6]}??????"):
                return {tag["Key"]: tag["Value"] for tag in secret.tags or []}
    return {}
