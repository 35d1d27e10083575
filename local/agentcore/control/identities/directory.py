"""The workload identities of an account: those that were created, and the one that each runtime and gateway has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from local.agentcore.control.store import Store
from local.agentcore.model.errors import not_found

Linked = Callable[[], Iterable[tuple[str, str, float]]]
"""Returns name, ARN and time of creation of the identities that belong to something else."""

RESOURCE = "workload-identity-directory/default/workload-identity"


@dataclass
class Identity:
    """A workload identity.

    Attributes:
        name: Its name; that of a runtime's or gateway's own is the runtime's or gateway's id.
        created_at: Seconds since the epoch.
        updated_at: The same.
        linked: Whether the service made it for a runtime or gateway, so that nobody else may delete it.
        return_urls: Where users may come back to after they have consented; `None` if none were given.
    """

    name: str
    arn: str
    created_at: float
    updated_at: float
    linked: bool = False
    return_urls: list[str] | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Directory:
    """Finds identities. Hold `store.using()` while calling it.

    Args:
        store: The account's runtimes.
        of_gateways: The identities of its gateways.
    """

    def __init__(self, store: Store, of_gateways: Linked = tuple) -> None:
        self._store = store
        self._of_gateways = of_gateways
        self._created: dict[str, Identity] = {}
        self._linked: dict[str, Identity] = {}

    def all(self) -> list[Identity]:
        """Return every identity; that of a runtime or gateway is gone as soon as the runtime or gateway is."""
        runtimes = self._store.runtimes.values()
        owners = [(one.id, one.workload_identity_arn, one.created_at) for one in runtimes]
        owners += self._of_gateways()
        names = {name for name, _, _ in owners}
        self._linked = {name: one for name, one in self._linked.items() if name in names}
        for name, arn, created_at in owners:
            if name not in self._linked:
                self._linked[name] = Identity(name, arn, created_at, created_at, linked=True)
        return [*self._created.values(), *self._linked.values()]

    def find(self, name: str) -> Identity | None:
        """Return an identity, or `None` if there is none with this name."""
        return next((one for one in self.all() if one.name == name), None)

    def get(self, name: str) -> Identity:
        """Return an identity.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = self.find(name)
        if found is None:
            raise not_found(f"Resource not found: no workload identity is called '{name}'.")
        return found

    def add(self, identity: Identity) -> None:
        """Add an identity whose name is free."""
        self._created[identity.name] = identity

    def remove(self, name: str) -> None:
        """Remove an identity that was created by hand."""
        del self._created[name]

    def tagged(self) -> list[tuple[str, dict[str, str]]]:
        """Return the ARN and the tags of each identity; a change of the tags is a change of the identity."""
        return [(one.arn, one.tags) for one in self.all()]
