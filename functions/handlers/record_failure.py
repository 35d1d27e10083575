"""Record the failure: write it into the environment's record."""

from lifecycle.entry import stage
from lifecycle.outcome import failure
from lifecycle.outcome.cause import Failure
from lifecycle.outcome.failure import FailureEvent


@stage(FailureEvent)
def handler(event: FailureEvent) -> Failure:
    """Run the stage; see `lifecycle.outcome.failure.record_failure`."""
    return failure.record_failure(event)
