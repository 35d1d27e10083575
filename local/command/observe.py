"""`lifecycle local logs`, `calls` and `delays`: look into the embedded AWS while it is up."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from local.command.embedded import running_api, running_aws
from local.command.inputs import UsageError
from local.command.run import parse_delays
from local.command.streams import console
from local.command.target import session_of

_FOLLOW_SECONDS = 0.5


def logs(
    function: Annotated[
        str, typer.Argument(help="The function's logical id, such as CheckRuntimeFunction.")
    ],
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print what a function has logged, as CloudWatch Logs has it."""
    running = running_aws()
    session = session_of(running.environment())

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=running.endpoint_url)

    name, group = log_group(
        client("cloudformation"), client("lambda"), running.stack_name, function
    )
    out = console()
    seen: set[str] = set()
    while True:
        for event in log_events(client("logs"), group, name):
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                out.print(event["message"].rstrip("\n"), soft_wrap=True)
        if not follow:
            return
        time.sleep(_FOLLOW_SECONDS)


def log_group(cloudformation: Any, lambda_: Any, stack: str, function: str) -> tuple[str, str]:
    """Return the name of a function of a stack, and that of its log group.

    Raises:
        UsageError: The stack has no such function; the message names those it has.
    """
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    names = {
        r["LogicalResourceId"]: r["PhysicalResourceId"]
        for r in resources
        if r["ResourceType"] == "AWS::Lambda::Function"
    }
    if function not in names:
        raise UsageError(f"no function {function}; there are {', '.join(sorted(names))}")
    configuration = lambda_.get_function_configuration(FunctionName=names[function])
    # Without a group of its own, Lambda writes to /aws/lambda/{name}.
    group = configuration.get("LoggingConfig", {}).get("LogGroup")
    return names[function], group or f"/aws/lambda/{names[function]}"


def log_events(client: Any, group: str, name: str) -> list[dict[str, Any]]:
    """Return what a function has written to a log group that others may share, oldest first.

    Each process of a function has a log stream of its own, in which Powertools names the function; Lambda puts the
    name into the stream's name, too, when the group is not the function's own.
    """
    try:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
        events = [event for page in pages for event in page["events"]]
    except client.exceptions.ResourceNotFoundException:
        return []
    streams = {
        event["logStreamName"]
        for event in events
        if group.endswith(f"/{name}") or name in event["logStreamName"] or name in event["message"]
    }
    return [event for event in events if event["logStreamName"] in streams]


def calls(
    *,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation.")] = None,
    caller: Annotated[
        str | None, typer.Option(help="Only of this caller: a function's logical id, root, …")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the calls that reached the embedded AWS: who called what, and how it ended."""
    found = running_api().calls(service=service, operation=operation, caller=caller)
    out = console()
    if as_json:
        for call in found:
            out.print(json.dumps(call), soft_wrap=True)
        return
    table = Table("time", "caller", "service", "operation", "status")
    for call in found:
        table.add_row(
            f"{datetime.fromtimestamp(call['at']).astimezone():%H:%M:%S.%f}"[:-3],
            call["caller"] or "",
            call["service"],
            call["operation"] or "?",
            "" if call["status"] is None else str(call["status"]),
        )
    out.print(table)


def delays(
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=SECONDS]…", help="Such as create=1.")
    ] = None,
) -> None:
    """Show how long AgentCore takes, in seconds, and change it."""
    for name, seconds in running_api().delays(parse_delays(changes)).items():
        console().print(f"{name}={seconds:g}")
