"""Operations on workload identities.

That a name in use and a runtime's own identity are refused with a ValidationException, and the texts, are reported by
users: aws-samples/sample-autonomous-cloud-coding-agents, ekristen/aws-nuke#835.
"""

from __future__ import annotations

from typing import Any

from local.agentcore.control.identities.directory import RESOURCE, Directory, Identity
from local.agentcore.control.pages import page
from local.agentcore.control.store import Store
from local.agentcore.control.tags import check_tags
from local.agentcore.control.views import moment, without_none
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import invalid

_LIST_SIZE = 20
"""The most that a page can have, by botocore's model."""


class IdentityOperations:
    """CreateWorkloadIdentity and its family.

    Args:
        store: The account.
        directory: Its identities.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateWorkloadIdentity": self.create,
            "GetWorkloadIdentity": self.get,
            "ListWorkloadIdentities": self.list_identities,
            "UpdateWorkloadIdentity": self.update,
            "DeleteWorkloadIdentity": self.delete,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateWorkloadIdentity."""
        name = request["name"]
        check_tags(request.get("tags", {}))
        with self._store.using() as now:
            if self._directory.find(name) is not None:
                raise invalid(f"WorkloadIdentity with name '{name}' already exists.")
            self._store.count_mutation(now)
            made = Identity(
                name=name,
                arn=self._store.arn(f"{RESOURCE}/{name}"),
                created_at=now,
                updated_at=now,
                return_urls=request.get("allowedResourceOauth2ReturnUrls"),
                tags=dict(request.get("tags", {})),
            )
            self._directory.add(made)
            return _named(made)

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetWorkloadIdentity."""
        with self._store.using():
            return _detail(self._directory.get(request["name"]))

    def list_identities(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListWorkloadIdentities: those of runtimes, too."""
        with self._store.using():
            asked = {"maxResults": _LIST_SIZE, **request}
            chosen, token = page(self._directory.all(), asked, lambda one: one.name)
            entries = [{"name": one.name, "workloadIdentityArn": one.arn} for one in chosen]
        return without_none({"workloadIdentities": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateWorkloadIdentity: its return URLs, of a runtime's own identity, too."""
        with self._store.using() as now:
            found = self._directory.get(request["name"])
            self._store.count_mutation(now)
            found.return_urls = request.get("allowedResourceOauth2ReturnUrls")
            found.updated_at = now
            return _detail(found)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteWorkloadIdentity."""
        with self._store.using() as now:
            found = self._directory.get(request["name"])
            if found.linked:
                raise invalid(
                    "WorkloadIdentity is linked to a service and cannot be deleted by the caller."
                )
            self._store.count_mutation(now)
            self._directory.remove(found.name)
        return {}


def _named(identity: Identity) -> dict[str, Any]:
    return without_none(
        {
            "name": identity.name,
            "workloadIdentityArn": identity.arn,
            "allowedResourceOauth2ReturnUrls": identity.return_urls,
        }
    )


def _detail(identity: Identity) -> dict[str, Any]:
    return {
        **_named(identity),
        "createdTime": moment(identity.created_at),
        "lastUpdatedTime": moment(identity.updated_at),
    }
