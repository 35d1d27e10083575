"""Removes everything that a proof made: its environments, the stack, and what the stack keeps on purpose."""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from rich.console import Console

from cli.execution.follow import RUNNING
from cli.prove.kept import AGENT_LOGS, Kept, gone_is_fine
from cli.prove.place import Place
from cli.target.target import FLEET_OUTPUT, MACHINE_OUTPUT

CONTROL = "bedrock-agentcore-control"
_POLL_SECONDS = 1.0
_TEARDOWN_SECONDS = 3600.0
_ATTEMPTS = 3


def runtimes_of(place: Place, environment: str = "") -> list[str]:
    """Return the ids of the runtimes whose name begins with that of the stack's environment."""
    prefix = f"{place.stack}_{environment}".replace("-", "_")
    found = _all(place, CONTROL, "list_agent_runtimes", "agentRuntimes")
    return [one["agentRuntimeId"] for one in found if one["agentRuntimeName"].startswith(prefix)]


def leftovers(place: Place, environment: str = "") -> list[str]:
    """Return what is there of an environment, looked for by name; of all environments of the stack by default."""
    slug, suffix = place.stack.replace("-", "_"), environment.replace("-", "_")
    pools = _all(place, "cognito-idp", "list_user_pools", "UserPools", MaxResults=60)
    secrets_ = _all(place, "secretsmanager", "list_secrets", "SecretList")
    logs = f"{AGENT_LOGS}{slug}_{suffix}"
    groups = _all(place, "logs", "describe_log_groups", "logGroups", logGroupNamePrefix=logs)
    named = {
        "runtime": iter(runtimes_of(place, environment)),
        "user pool": (
            one["Name"] for one in pools if one["Name"].startswith(f"{place.stack}-{environment}")
        ),
        "secret": (
            one["Name"]
            for one in secrets_
            if one["Name"].startswith(f"{place.stack}/{environment}")
        ),
        "log group": (one["logGroupName"] for one in groups),
    }
    return [f"{kind} {name}" for kind, names in named.items() for name in names]


def _all(
    place: Place, service: str, operation: str, member: str, **arguments: Any
) -> Iterator[dict[str, Any]]:
    for page in place.client(service).get_paginator(operation).paginate(**arguments):
        yield from page[member]


@contextmanager
def uninterrupted(console: Console) -> Iterator[None]:
    """Let the first interruption pass with a message; the second one ends the block with KeyboardInterrupt."""
    heard = 0

    def hear(_signal: int, _frame: FrameType | None) -> None:
        nonlocal heard
        heard += 1
        if heard > 1:
            raise KeyboardInterrupt
        console.print(
            "Removing what the proof made. Interrupt once more to stop, and to see what is left."
        )

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Removal:
    """Removes what a proof made. A step that fails does not stop the others.

    Args:
        place: Where.
        console: Where to say what is removed.

    Attributes:
        left: What could not be removed, each with the reason.
    """

    def __init__(self, place: Place, console: Console) -> None:
        self._place = place
        self._console = console
        self.left: list[str] = []
        self._outputs: dict[str, str] = {}

    def everything(self, environments: list[str], running: str | None) -> None:
        """Remove everything.

        Args:
            environments: Environments that were started.
            running: ARN of an execution that may still run.
        """
        status = self._place.status()
        if status is not None:
            self._outputs = self._place.outputs()
        if MACHINE_OUTPUT in self._outputs:
            self._step("the running execution", lambda: self._stop(running))
            for name in self._known(environments):
                self._step(f"environment {name}", partial(self._tear_down, name))
        self._step("runtimes without an environment", self._delete_runtimes)
        if status is not None:
            self._step(f"stack {self._place.stack}", self._delete_stack)
        kept = Kept(self._place, self._outputs)
        self._step("the artifact bucket", kept.delete_bucket)
        self._step("the tables", kept.delete_tables)
        self._step("the log groups", kept.delete_logs)
        self._step("what the deployment uploaded", kept.delete_uploads)
        self._step("what may be left", self._look)

    def _step(self, what: str, act: Callable[[], None]) -> None:
        self._console.print(f"removing {what}", style="dim", soft_wrap=True)
        try:
            act()
        except (ClientError, BotoCoreError, WaiterError, _FailedError) as error:
            self.left.append(f"{what}: {error}")

    def _stop(self, running: str | None) -> None:
        client = self._place.client("stepfunctions")
        arns = [running] if running else []
        for output in (FLEET_OUTPUT, MACHINE_OUTPUT):
            pages = client.get_paginator("list_executions").paginate(
                stateMachineArn=self._outputs[output], statusFilter="RUNNING"
            )
            arns += [one["executionArn"] for page in pages for one in page["executions"]]
        for arn in dict.fromkeys(arns):
            client.stop_execution(executionArn=arn, cause="the proof removes its environments")
            self._end_of(arn)

    def _known(self, environments: list[str]) -> list[str]:
        """Return the environments that were started, and those in the table."""
        pages = self._place.client("dynamodb").get_paginator("scan")
        items = [
            item["environment"]["S"]
            for page in pages.paginate(
                TableName=self._outputs["EnvironmentsTableName"],
                ProjectionExpression="environment",
            )
            for item in page["Items"]
        ]
        # The item `_stack` holds what the stack has learned. The name of an environment begins with a letter. The keys
        # of its promotions have a `#`.
        items = [name for name in items if not name.startswith("_") and "#" not in name]
        return list(dict.fromkeys((*items, *environments)))

    def _tear_down(self, environment: str) -> None:
        request: dict[str, Any] = {"action": "teardown", "environment": environment}
        if self._place.wait:
            request["wait"] = self._place.wait
        ended: dict[str, Any] = {}
        for _ in range(_ATTEMPTS):
            arn = self._place.client("stepfunctions").start_execution(
                stateMachineArn=self._outputs[MACHINE_OUTPUT],
                name=f"prove-{secrets.token_hex(6)}",
                input=json.dumps(request),
            )["executionArn"]
            ended = self._end_of(arn)
            # A stopped execution's function can still make something: the next teardown finds it.
            if not leftovers(self._place, environment):
                return
        raise _FailedError(
            f"{ended.get('error') or ended['status']}; left: "
            f"{', '.join(leftovers(self._place, environment))}"
        )

    def _end_of(self, arn: str) -> dict[str, Any]:
        client, deadline = self._place.client("stepfunctions"), time.monotonic() + _TEARDOWN_SECONDS
        while True:
            found: dict[str, Any] = client.describe_execution(executionArn=arn)
            if found["status"] not in RUNNING:
                return found
            if time.monotonic() > deadline:
                raise _FailedError(f"{arn} still runs")
            time.sleep(_POLL_SECONDS)

    def _delete_runtimes(self) -> None:
        """Delete the runtimes that a claim made without the product, and wait until they are gone."""
        control, deadline = self._place.client(CONTROL), time.monotonic() + _TEARDOWN_SECONDS
        asked: set[str] = set()
        while found := runtimes_of(self._place):
            for runtime_id in found:
                if runtime_id not in asked:
                    asked.add(runtime_id)
                    with gone_is_fine():
                        control.delete_agent_runtime(agentRuntimeId=runtime_id)
            if time.monotonic() > deadline:
                raise _FailedError(f"still there: {', '.join(found)}")
            time.sleep(_POLL_SECONDS)

    def _delete_stack(self) -> None:
        client = self._place.client("cloudformation")
        client.delete_stack(StackName=self._place.stack)
        client.get_waiter("stack_delete_complete").wait(
            StackName=self._place.stack, WaiterConfig={"Delay": 5, "MaxAttempts": 360}
        )

    def _look(self) -> None:
        if left := leftovers(self._place):
            raise _FailedError(", ".join(left))


class _FailedError(Exception):
    """A step did not remove what it should."""
