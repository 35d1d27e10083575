"""The stack of a console: its AWS clients are made once and shared by the threads that answer requests."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from typing import Any, Self

from botocore.config import Config

from cli.target.deployed import Deployed


@dataclass(frozen=True)
class Shared(Deployed):
    """A deployed stack that makes each client once.

    boto3's clients may be used by several threads at once, its sessions may not.

    Attributes:
        place: The stack that makes the clients.
    """

    place: Deployed | None = None
    _made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    @classmethod
    def of(cls, place: Deployed) -> Self:
        """Return the same stack with shared clients."""
        known = {one.name: getattr(place, one.name) for one in dataclasses.fields(Deployed)}
        return cls(**known, place=place)

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return a client as `Deployed.client` does; the same one each time, unless it has settings of its own."""
        make = self.place.client if self.place else super().client
        with self._lock:
            if config is not None:
                return make(service, config)
            if service not in self._made:
                self._made[service] = make(service)
            return self._made[service]
