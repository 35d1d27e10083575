"""What the state machine passes to each stage."""

from __future__ import annotations

from lifecycle.entry import Wire
from lifecycle.request.model import Request


class StageEvent(Wire):
    """What the state machine passes to a stage.

    Attributes:
        execution: ARN of the execution, which holds the environment's lock.
        request: The request as `prepare_request` returned it.
        deadline: When the polling loop gives up, in seconds since the epoch; only for stages in a loop.
    """

    execution: str
    request: Request
    deadline: int | None = None
