"""Tags of runtimes and their endpoints, gateways, identities and credential providers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from local.agentcore.control.store import Store
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import invalid_field, not_found, quota_exceeded

Tagged = Callable[[], Iterable[tuple[str, dict[str, str]]]]
"""Returns the ARN and the tags of each resource of another kind; a change of the tags is a change of the resource."""


class TagOperations:
    """TagResource, UntagResource, ListTagsForResource.

    Args:
        store: The account's runtimes and endpoints.
        others: What else can have tags.
    """

    def __init__(self, store: Store, *others: Tagged) -> None:
        self._store = store
        self._others = others

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
        """Return ARN and tags of every resource, for the resource groups tagging API."""
        with self._store.using():
            found = [(arn, dict(tags)) for arn, tags in self._of_runtimes()]
            # The tagging API finds what has tags; a runtime's own identity has none unless somebody tags it.
            found += [(arn, dict(tags)) for arn, tags in self._of_others() if tags]
        return found

    def _tags(self, arn: str) -> dict[str, str]:
        for known, tags in (*self._of_runtimes(), *self._of_others()):
            if known == arn:
                return tags
        raise not_found(f"Resource not found: '{arn}'.")

    def _of_runtimes(self) -> Iterable[tuple[str, dict[str, str]]]:
        runtimes = self._store.runtimes.values()
        yield from ((runtime.arn, runtime.tags) for runtime in runtimes)
        for runtime in runtimes:
            yield from ((endpoint.arn, endpoint.tags) for endpoint in runtime.endpoints.values())

    def _of_others(self) -> Iterable[tuple[str, dict[str, str]]]:
        for tagged in self._others:
            yield from tagged()


def check_tags(tags: dict[str, str]) -> None:
    """Check for keys that only AWS may set.

    Raises:
        ServiceError: ValidationException.
    """
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid_field("tags", "Tag keys that start with 'aws:' are reserved.")
