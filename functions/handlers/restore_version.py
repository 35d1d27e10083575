"""Restore the version: put the endpoint candidate on the version that a rollback goes back to."""

from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.rollback import restore
from lifecycle.runtime.rollback.restore import RestoredVersion


@stage(StageEvent)
def handler(event: StageEvent) -> RestoredVersion:
    """Run the stage; see `lifecycle.runtime.rollback.restore.restore_version`."""
    return restore.restore_version(event)
