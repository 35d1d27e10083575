"""`lifecycle follow`: follow an execution that somebody has started."""

from __future__ import annotations

import typer

from cli.errors import FAILED
from cli.options import AsJson, ExecutionId, Local, Stack, StateDir
from cli.perform.account import asked
from cli.perform.ending import show_end
from cli.perform.execution import follow_to_end
from cli.perform.fleet import show_fleet_end
from cli.perform.naming import describe, is_of_fleet
from cli.streams import Streams
from cli.target.deployed import deployed, lifecycle_of
from lifecycle.request.limits.environment import environment_of


def follow_execution(
    execution: ExecutionId,
    *,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Follow an execution to its end, from its first stage on, and show its result as run does.

    Exit status: 0 succeeded, 1 failed, 2 bad usage or no such execution, 130 interrupted.
    """
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    target = lifecycle_of(place)
    description = describe(place, target.stepfunctions, execution)
    arn = description["executionArn"]
    fleet = is_of_fleet(place, arn)
    environment = None if fleet else environment_of(asked(description))
    action = str(asked(description).get("action")) if fleet else None
    result = follow_to_end(target, arn, streams.progress, environment=environment, fleet=action)
    if fleet:
        show_fleet_end(result, place, streams, as_json=as_json)
    else:
        show_end(result, target, streams, as_json=as_json)
    if not result.succeeded:
        raise typer.Exit(FAILED)
