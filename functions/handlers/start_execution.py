"""Start the execution: what an event asks for, once."""

from lifecycle import trigger
from lifecycle.entry import stage
from lifecycle.trigger import Started, TriggerEvent


@stage(TriggerEvent)
def handler(event: TriggerEvent) -> Started:
    """Run the trigger; see `lifecycle.trigger.start_execution`."""
    return trigger.start_execution(event)
