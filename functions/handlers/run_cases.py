"""Run a batch of cases: ask the agent each of them, and note how it answered."""

from lifecycle.cases import batch
from lifecycle.cases.batch import BatchEvent, BatchResult
from lifecycle.entry import stage


@stage(BatchEvent)
def handler(event: BatchEvent) -> BatchResult:
    """Run the stage; see `lifecycle.cases.batch.run_cases`."""
    return batch.run_cases(event)
