"""Prepare the request: validate the input and take the environment's lock."""

from lifecycle import preparation
from lifecycle.entry import stage
from lifecycle.preparation import Prepared, PrepareEvent


@stage(PrepareEvent)
def handler(event: PrepareEvent) -> Prepared:
    """Run the stage; see `lifecycle.preparation.prepare_request`."""
    return preparation.prepare_request(event)
