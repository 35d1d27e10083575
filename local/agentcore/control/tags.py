"""Tags of runtimes and their endpoints, and of gateways."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from local.agentcore.control.store import Store
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import invalid_field, not_found, quota_exceeded


class TagOperations:
    """TagResource, UntagResource, ListTagsForResource.

    Args:
        store: The account's runtimes.
        more: Returns (ARN, tags) of what else has tags; called while the store is locked.
    """

    def __init__(
        self,
        store: Store,
        more: Callable[[], Iterable[tuple[str, dict[str, str]]]] = lambda: (),
    ) -> None:
        self._store = store
        self._more = more

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
        }

    def tag(self, request: dict[str, Any]) -> dict[str, Any]:
        """TagResource: adds, and overwrites the values of keys that are there."""
        check_tags(request["tags"])
        with self._store.using() as now:
            tags = self._tags(request["resourceArn"])
            if len({**tags, **request["tags"]}) > self._store.quotas.tags:
                raise quota_exceeded("The resource has reached its limit of tags.")
            self._store.count_mutation(now)
            tags.update(request["tags"])
        return {}

    def untag(self, request: dict[str, Any]) -> dict[str, Any]:
        """UntagResource: a key that is not there changes nothing."""
        with self._store.using() as now:
            tags = self._tags(request["resourceArn"])
            self._store.count_mutation(now)
            for key in request["tagKeys"]:
                tags.pop(key, None)
        return {}

    def list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        with self._store.using():
            return {"tags": dict(self._tags(request["resourceArn"]))}

    def everything(self) -> list[tuple[str, dict[str, str]]]:
        """Return ARN and tags of everything that can have tags, for the resource groups tagging API."""
        with self._store.using():
            return [(arn, dict(tags)) for arn, tags in self._tagged()]

    def _tags(self, arn: str) -> dict[str, str]:
        for known, tags in self._tagged():
            if known == arn:
                return tags
        raise not_found(f"Resource not found: '{arn}'.")

    def _tagged(self) -> Iterable[tuple[str, dict[str, str]]]:
        """Yield everything that can have tags: runtimes, then endpoints, then the rest."""
        runtimes = self._store.runtimes.values()
        yield from ((runtime.arn, runtime.tags) for runtime in runtimes)
        for runtime in runtimes:
            yield from ((endpoint.arn, endpoint.tags) for endpoint in runtime.endpoints.values())
        yield from self._more()


def check_tags(tags: dict[str, str]) -> None:
    """Check for keys that only AWS may set.

    Raises:
        ServiceError: ValidationException.
    """
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid_field("tags", "Tag keys that start with 'aws:' are reserved.")
