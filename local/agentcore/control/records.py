"""What the control plane remembers: runtimes, their versions and endpoints, and how states pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "DEFAULT"
"""The endpoint that every runtime has and that follows its newest version."""

BUSY = frozenset({"CREATING", "UPDATING", "DELETING"})


@dataclass
class Change:
    """A change of state that is under way.

    Attributes:
        until: When it ends, in seconds since the epoch.
        status: The state it ends in.
        failure_reason: Why it fails; `None` for a change that succeeds.
        effect: What else happens at the end.
    """

    until: float
    status: str
    failure_reason: str | None = None
    effect: Callable[[], None] | None = None


@dataclass
class Stateful:
    """Something with a state that can be under way to another one."""

    status: str
    updated_at: float
    failure_reason: str | None = None
    change: Change | None = None

    def start(self, status: str, now: float, change: Change) -> None:
        """Enter a state that lasts until the change is due."""
        self.status, self.change, self.updated_at = status, change, now
        self.failure_reason = None

    def settle(self, now: float) -> None:
        """Finish the change if its time has come."""
        change = self.change
        if change is None or now < change.until:
            return
        self.change = None
        self.status, self.failure_reason = change.status, change.failure_reason
        self.updated_at = change.until
        if change.effect is not None:
            change.effect()


@dataclass
class Version(Stateful):
    """One version of a runtime; its configuration never changes.

    Attributes:
        number: `1`, `2`, …
        configuration: Members of GetAgentRuntime's answer that came with create or update.
        created_at: Seconds since the epoch.
        sent: Names of the members that the request had.
    """

    number: str = "1"
    configuration: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0
    sent: frozenset[str] = frozenset()


@dataclass
class Endpoint(Stateful):
    """A name that points to a version.

    Attributes:
        id: `{name}-{10 characters}`.
        live: The version that serves; `None` until there is one.
        target: The version it is on its way to.
    """

    name: str = DEFAULT
    id: str = ""
    arn: str = ""
    description: str | None = None
    live: str | None = None
    target: str | None = None
    created_at: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Runtime:
    """An agent runtime.

    Attributes:
        deletion: Its own state while it is being deleted, or after that failed.
    """

    id: str
    arn: str
    name: str
    created_at: float
    workload_identity_arn: str
    versions: dict[str, Version] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    deletion: Stateful | None = None
    next_version: int = 1

    @property
    def latest(self) -> Version:
        """The newest version, whether it works or not."""
        return next(reversed(self.versions.values()))

    @property
    def status(self) -> str:
        """State of the runtime: that of its newest version, unless it is being deleted."""
        return self.deletion.status if self.deletion else self.latest.status

    @property
    def failure_reason(self) -> str | None:
        """Why the last change failed."""
        return self.deletion.failure_reason if self.deletion else self.latest.failure_reason

    @property
    def updated_at(self) -> float:
        """When the state changed last, in seconds since the epoch."""
        return self.deletion.updated_at if self.deletion else self.latest.updated_at

    def settle(self, now: float) -> None:
        """Finish every change of this runtime whose time has come."""
        for version in list(self.versions.values()):
            version.settle(now)
        for endpoint in list(self.endpoints.values()):
            endpoint.settle(now)
        if self.deletion is not None:
            self.deletion.settle(now)

    def configuration_of(self, number: str) -> dict[str, Any]:
        """Return the configuration of one version."""
        return self.versions[number].configuration
