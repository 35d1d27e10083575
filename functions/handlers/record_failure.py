"""Record the failure: write what went wrong into the environment's record."""

from lifecycle.entry import stage
from lifecycle.outcome import report
from lifecycle.outcome.report import Failure, FailureEvent


@stage(FailureEvent)
def handler(event: FailureEvent) -> Failure:
    """Run the stage; see `lifecycle.outcome.report.record_failure`."""
    return report.record_failure(event)
