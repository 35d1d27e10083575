"""Report the outcome: release the lock, announce the end, make the output."""

from lifecycle.entry import stage
from lifecycle.outcome import report
from lifecycle.outcome.report import Outcome, OutcomeEvent


@stage(OutcomeEvent)
def handler(event: OutcomeEvent) -> Outcome:
    """Run the stage; see `lifecycle.outcome.report.report_outcome`."""
    return report.report_outcome(event)
