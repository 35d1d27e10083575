"""Run the smoke test: what must be refused is refused, what must be answered is answered."""

from lifecycle.entry import stage
from lifecycle.smoke_test import run
from lifecycle.smoke_test.run import SmokeTested, SmokeTestEvent


@stage(SmokeTestEvent)
def handler(event: SmokeTestEvent) -> SmokeTested:
    """Run the stage; see `lifecycle.smoke_test.run.run_smoke_test`."""
    return run.run_smoke_test(event, ready=event.runtime)
