"""Report the outcome: give the lock back, announce the end, make the output."""

from lifecycle import outcome
from lifecycle.entry import stage
from lifecycle.outcome import Outcome, OutcomeEvent


@stage(OutcomeEvent)
def handler(event: OutcomeEvent) -> Outcome:
    """Run the stage; see `lifecycle.outcome.report_outcome`."""
    return outcome.report_outcome(event)
