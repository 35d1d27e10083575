"""Run the smoke test: what must be refused is refused, what must be answered is answered."""

from lifecycle import smoke_test
from lifecycle.entry import StageEvent, stage
from lifecycle.smoke_test import SmokeTested


@stage(StageEvent)
def handler(event: StageEvent) -> SmokeTested:
    """Run the stage; see `lifecycle.smoke_test.run_smoke_test`."""
    return smoke_test.run_smoke_test(event)
