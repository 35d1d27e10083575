"""Record the failure: write what went wrong into the environment's record."""

from lifecycle import outcome
from lifecycle.entry import stage
from lifecycle.outcome import Failure, FailureEvent


@stage(FailureEvent)
def handler(event: FailureEvent) -> Failure:
    """Run the stage; see `lifecycle.outcome.record_failure`."""
    return outcome.record_failure(event)
