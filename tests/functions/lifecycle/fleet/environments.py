"""Environments at rest, and what a fleet selects of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.fleet.files import read_list
from lifecycle.fleet.select import FleetEvent, FleetItem, Selection, select_environments
from lifecycle.request.model import parse_request
from lifecycle.sections.runtime import RuntimeRecord

MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:lifecycle"


class Executions:
    """A Step Functions client that lists the executions that run, one a page."""

    def __init__(self) -> None:
        self.running: dict[str, datetime] = {}

    def run(self, arn: str, hours: float = 0) -> None:
        """Have an execution that began so many hours ago."""
        self.running[arn] = datetime.now(UTC) - timedelta(hours=hours)

    def get_paginator(self, operation: str) -> Executions:
        assert operation == "list_executions"
        return self

    def paginate(self, **given: str) -> Iterator[dict[str, Any]]:
        assert given == {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
        for arn, start in self.running.items():
            yield {"executions": [{"executionArn": arn, "startDate": start}]}


def select(world: Any, execution: str = "fleet:one", **request: Any) -> Selection:
    event = FleetEvent(execution=execution, input=request)
    return select_environments(event, clients=world.clients)


def items(world: Any, selection: Selection) -> list[FleetItem]:
    """The items in the selection's file."""
    if selection.items is None:
        return []
    return [FleetItem.model_validate(item) for item in read_list(world.clients.s3, selection.items)]


def named(world: Any, selection: Selection) -> list[str]:
    return [item.environment for item in items(world, selection)]


def environment(world: Any, name: str, **changes: Any) -> None:
    """An environment at rest, as a provision left it."""
    request = parse_request({"environment": name} | changes.pop("request", {}))
    world.records.acquire(name, "execution:one", lambda _: False, {"request": request.to_json()})
    runtime = RuntimeRecord(name=name, id=f"{name}-1", arn=f"arn:{name}", live_version="1")
    changes = {"state": "READY", "runtime": runtime} | changes
    world.records.release(name, "execution:one", **changes)
