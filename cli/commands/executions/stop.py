"""`lifecycle stop`: stop an execution."""

from __future__ import annotations

from cli.display.narrow import print_step
from cli.invocation import hint
from cli.options import AsJson, ExecutionId, Local, Stack, StateDir
from cli.perform.account import asked
from cli.perform.ending import print_json
from cli.perform.naming import is_of_fleet, name_of
from cli.perform.stopping import stop_execution
from cli.streams import Streams
from cli.target.deployed import Deployed, deployed
from lifecycle.request.limits.environment import environment_of


def stop(
    execution: ExecutionId,
    *,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Stop an execution. What it has created stays; nothing happens if it has already ended.

    Exit status: 0, 1 if AWS refuses, 2 bad usage or no such execution.
    """
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    found, runs = stop_execution(place, execution)
    arn = found["executionArn"]
    if as_json:
        status = "ABORTED" if runs else found["status"]
        print_json(streams.result, {"execution": arn, "stopped": runs, "status": status})
    elif not runs:
        print_step(
            streams.result,
            f"It has already ended: {found['status']}. To see what it did:",
            hint("history", place.options, name_of(arn)),
        )
    elif is_of_fleet(place, arn):
        print_step(
            streams.result,
            "Stopped: it starts no more environments. Executions that it has started may still run. To list them:",
            hint("executions", place.options),
        )
    else:
        print_step(streams.result, *_after(place, environment_of(asked(found))))


def _after(place: Deployed, environment: str | None) -> tuple[str, ...]:
    if environment is None:
        return ("Stopped. Its input has no valid name of an environment.",)
    return (
        f"Stopped. What it has created stays, and the next execution for {environment} takes its lock over, "
        "after at most four minutes. To remove all of it:",
        hint("teardown", place.options, environment),
    )
