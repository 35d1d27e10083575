"""Start the execution that an event asks for, once per event."""

from lifecycle.entry import stage
from lifecycle.request import trigger
from lifecycle.request.trigger import Started, TriggerEvent


@stage(TriggerEvent)
def handler(event: TriggerEvent) -> Started:
    """Run the trigger; see `lifecycle.request.trigger.start_execution`."""
    return trigger.start_execution(event)
