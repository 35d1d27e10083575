"""Prepare the request: validate the input and take the environment's lock."""

from lifecycle.entry import stage
from lifecycle.request import preparation
from lifecycle.request.preparation import Prepared, PrepareEvent


@stage(PrepareEvent)
def handler(event: PrepareEvent) -> Prepared:
    """Run the stage; see `lifecycle.request.preparation.prepare_request`."""
    return preparation.prepare_request(event)
