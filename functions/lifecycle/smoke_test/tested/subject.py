"""What is tested: the runtime, and the identity that the version at its endpoint belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.errors import EnvironmentNotFoundError
from lifecycle.names import CANDIDATE_ENDPOINT, LIVE_ENDPOINT
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record
from lifecycle.runtime.rollback.candidate import identity_of, provisioned_with
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord


@dataclass(frozen=True)
class Subject:
    """A runtime to test.

    Attributes:
        record: The environment's record.
        identity: The identity as it was provisioned last.
        runtime: The record's section about the runtime, which has an ARN.
    """

    record: Record
    identity: IdentityRecord
    runtime: RuntimeRecord

    def identity_at(self, endpoint: str, items: PromotionItems) -> IdentityRecord:
        """The identity that an endpoint is called with.

        Args:
            endpoint: DEFAULT, `live` or `candidate`.
            items: What earlier versions were provisioned with.

        Raises:
            SmokeTestError: The record has lost what the version on `candidate` was provisioned with.
        """
        candidate = self.runtime.candidate
        if endpoint == LIVE_ENDPOINT and self.runtime.live_identity is not None:
            # A provision that failed may have recorded another identity than that of `live`.
            return self.runtime.live_identity
        if endpoint == CANDIDATE_ENDPOINT and candidate is not None:
            then = provisioned_with(
                items, self.record.environment, self.record.promotions, candidate.version
            )
            return identity_of(then, self.identity, self.runtime.live_identity)
        return self.identity


def subject_of(record: Record | None, environment: str) -> Subject:
    """What a smoke test needs of a record.

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
    return Subject(record, record.identity, record.runtime)
