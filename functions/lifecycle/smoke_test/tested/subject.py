"""What is tested: the runtime, and the identity that its endpoint was promoted with."""

from __future__ import annotations

from lifecycle.errors import EnvironmentNotFoundError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.record import IdentityRecord, Record, RuntimeRecord


def deployed(record: Record | None, environment: str) -> tuple[IdentityRecord, RuntimeRecord]:
    """The sections of a record that a smoke test needs.

    Raises:
        EnvironmentNotFoundError: There is no runtime to test.
    """
    if (
        record is None
        or record.identity is None
        or record.runtime is None
        or not record.runtime.arn
    ):
        raise EnvironmentNotFoundError(
            f"environment '{environment}' has no runtime to test; provision it first"
        )
    return record.identity, record.runtime


def identity_at(endpoint: str, identity: IdentityRecord, runtime: RuntimeRecord) -> IdentityRecord:
    """The identity that an endpoint is called with."""
    if endpoint == LIVE_ENDPOINT and runtime.live_identity is not None:
        # A provision that failed may have recorded another identity than that of `live`.
        return runtime.live_identity
    return identity
