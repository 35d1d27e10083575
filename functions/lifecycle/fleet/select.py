"""Select the environments that a fleet execution works on, and the input of each lifecycle execution."""

from __future__ import annotations

import time
from collections.abc import Container
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from pydantic import Field

from lifecycle import names
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.expired import expired_records, records_of
from lifecycle.fleet.files import Location, folder, write_list
from lifecycle.fleet.gauges import (
    measure_environments,
    measure_expired,
    measure_locks,
    measure_orphans,
)
from lifecycle.fleet.orphans import Orphan, find_orphans, find_strays
from lifecycle.fleet.request import FleetRequest, parse_fleet_request
from lifecycle.fleet.strays import Strays
from lifecycle.items import Items
from lifecycle.record import Record
from lifecycle.request.again import input_again
from lifecycle.settings import Settings
from lifecycle.table import Records

# A state's output is at most 256 KiB; no Catch can catch a larger output (Step Functions, "Service quotas"). So an
# output lists only the first of something, and the whole list is in S3.
_LISTED = 50
_NAMED = 10


class SelectionSettings(Settings):
    """Where the files of fleet executions are kept, beside the artifacts; where the images are; and who uses them."""

    artifact_bucket: str
    artifacts_table_name: str
    repository_uri: str
    lifecycle_machine_arn: str


class FleetEvent(Wire):
    """What the first state passes: the fleet execution's ARN and its unchanged input."""

    execution: str
    input: Any


class FleetItem(Wire):
    """One lifecycle execution to start.

    Attributes:
        environment: Which environment.
        input: The execution's input.
        execution_name: The execution's name, derived from the fleet execution, so that a retry does not start a second
            execution.
    """

    environment: str
    input: dict[str, Any]
    execution_name: str


class Selection(Wire):
    """What `select_environments` returns. Its size does not depend on the number of environments.

    Attributes:
        action: As requested.
        max_concurrency: As requested.
        dry_run: As requested.
        selected: How many environments were selected.
        items: The file with a `FleetItem` for each selected environment; none if nothing was selected.
        results_prefix: Where the results of the environments are to be written, in the same bucket.
        would_start: In a dry run: the first selected environments.
        orphan_count: How many orphans were found.
        orphans: The first orphans.
        orphan_list: The file with all orphans; none if `orphans` has them all.
    """

    action: str
    max_concurrency: int
    dry_run: bool
    selected: int
    items: Location | None = None
    results_prefix: str
    would_start: list[str] = Field(default_factory=list)
    orphan_count: int = 0
    orphans: list[Orphan] = Field(default_factory=list)
    orphan_list: Location | None = None


def select_environments(event: FleetEvent, *, clients: Clients = CLIENTS) -> Selection:
    """Choose the environments of a fleet execution.

    Args:
        event: The execution and its input.
        clients: DynamoDB, S3, Step Functions, and for orphans ECR, Resource Groups Tagging API and AgentCore.

    Returns:
        How many environments were selected, and the file with one item per environment. A dry run also names the first
        of them, and changes no record. An orphaned environment that is to be removed gets a record first, which its
        teardown requires.

    Raises:
        InvalidRequestError: The input is wrong, or names an environment that has no record.
    """
    request = parse_fleet_request(event.input)
    settings = SelectionSettings.load()
    table = Records(clients.dynamodb, settings.table_name)
    running = _running(clients.stepfunctions, settings.lifecycle_machine_arn)
    measure_locks(running.values())
    stored = Items(clients.dynamodb, settings.table_name)
    records = _candidates(table, stored, request)
    measure_expired(records)
    _refuse_unknown(table, stored, request, records)
    inputs = {
        record.environment: chosen
        for record in records
        if _is_named(request, record.environment)
        and (chosen := _input(request, record, running)) is not None
    }
    orphans: list[Orphan] = []
    if request.action == "sweep" and request.find_orphans:
        shared = SharedArtifacts(clients.dynamodb, settings.artifacts_table_name)
        places = {"bucket": settings.artifact_bucket, "repository_uri": settings.repository_uri}
        artifacts = cache(lambda: list(shared.all()))
        # Strays have no environment that a name or pattern could choose.
        remove = request.remove_orphans and not request.dry_run and request.is_of_all
        strays = find_strays(Strays(clients, **places), records, artifacts, remove=remove)
        orphans = find_orphans(clients, settings.stack_name, records, artifacts(), **places)
        orphans += strays
        measure_orphans(len(orphans))
    if request.remove_orphans:
        for environment in _removable(request, orphans):
            if request.dry_run or table.adopt(environment, event.execution):
                inputs[environment] = {"action": "teardown", "environment": environment}
    items = [
        FleetItem(
            environment=environment,
            input=inputs[environment],
            execution_name=_execution_name(event.execution, request.action, environment),
        )
        for environment in sorted(inputs)
    ]
    place, bucket = folder(event.execution), settings.artifact_bucket

    def file(name: str) -> Location:
        return Location(bucket=bucket, key=f"{place}/{name}.json")

    return Selection(
        action=request.action,
        max_concurrency=request.max_concurrency,
        dry_run=request.dry_run,
        selected=len(items),
        items=write_list(clients.s3, file("items"), items) if items else None,
        results_prefix=f"{place}/results",
        would_start=[item.environment for item in items[:_LISTED]] if request.dry_run else [],
        orphan_count=len(orphans),
        orphans=orphans[:_LISTED],
        orphan_list=write_list(clients.s3, file("orphans"), orphans)
        if len(orphans) > _LISTED
        else None,
    )


def _running(stepfunctions: Any, machine_arn: str) -> dict[str, datetime]:
    """When each execution of a state machine that runs began, by its ARN."""
    pages = stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, statusFilter="RUNNING"
    )
    return {
        item["executionArn"]: item["startDate"] for page in pages for item in page["executions"]
    }


def _candidates(table: Records, stored: Items, request: FleetRequest) -> list[Record]:
    """The records to choose from: all of them only where each may be chosen, or is needed to tell an orphan."""
    if request.action == "sweep" and not request.find_orphans:
        found = expired_records(stored)
    else:
        found = [*table.all()]
        measure_environments(len(found))
    return sorted(found, key=lambda record: record.environment)


def _refuse_unknown(
    table: Records, stored: Items, request: FleetRequest, records: list[Record]
) -> None:
    known = {record.environment for record in records}
    unknown = {*(request.environments or [])} - known
    unknown -= {record.environment for record in records_of(stored, unknown)}
    if unknown:
        known = {record.environment for record in table.all()}
        raise InvalidRequestError(
            f"environments: given {_first(sorted(unknown))}, allowed: those that have a record "
            f"({_first(sorted(known)) or 'none has'})"
        )


def _first(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _is_named(request: FleetRequest, environment: str) -> bool:
    if request.environments is not None and environment not in request.environments:
        return False
    return request.pattern is None or fnmatchcase(environment, request.pattern)


def _input(request: FleetRequest, record: Record, running: Container[str]) -> dict[str, Any] | None:
    if request.action == "sweep":
        return _sweep(record, running)
    if request.action == "verify":
        live = record.runtime is not None and record.runtime.live_version is not None
        also = {"autoRollback": True} if request.auto_rollback else {}
        return {"action": "smokeTest", "environment": record.environment, **also} if live else None
    return _rebuild(request, record)


def _sweep(record: Record, running: Container[str]) -> dict[str, Any] | None:
    if not record.has_expired(time.time()):
        return None
    # The sweep before this one, or somebody else, tears it down right now.
    if record.state == "REMOVING" and record.lock and record.lock.execution in running:
        return None
    return {"action": "teardown", "environment": record.environment}


def _rebuild(request: FleetRequest, record: Record) -> dict[str, Any] | None:
    if request.source is not None:
        last = record.request or {}
        source = (last.get("artifact") or {}).get("source") or {}
        uses = (source.get("bucket"), source.get("key")) == (
            request.source.bucket,
            request.source.key,
        )
        # An environment with a pinned version does not use the new upload.
        if not uses or source.get("versionId"):
            return None
    return input_again(record)


def _removable(request: FleetRequest, orphans: list[Orphan]) -> list[str]:
    environments = {
        orphan.environment for orphan in orphans if orphan.removable and orphan.environment
    }
    return sorted(name for name in environments if _is_named(request, name))


def _execution_name(execution: str, action: str, environment: str) -> str:
    return f"{environment}{names.fleet_suffix(execution, action)}"
