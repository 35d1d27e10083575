"""Finds executions by status, name and environment, the newest first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from cli.environments.moments import iso_of
from cli.perform.account import asked
from cli.perform.listing import LOOKED_AT
from lifecycle.request.limits.environment import environment_of

LISTED = 2000
"""How many of the newest executions are searched."""
_KEPT = 20_000
_PAGE = 1000


@dataclass(frozen=True)
class Subject:
    """What an execution is about: environment and action of its input."""

    environment: str | None
    action: str | None


@dataclass
class Subjects:
    """What executions are about. An input never changes, so each execution is described once."""

    _known: OrderedDict[str, Subject] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def known(self, arn: str) -> bool:
        """Whether an execution needs no call any more."""
        return arn in self._known

    def of(self, client: Any, arn: str, *, fleet: bool) -> Subject:
        """Return what an execution is about; DescribeExecution says it the first time."""
        found = self._known.get(arn)
        if found is None:
            value = asked(client.describe_execution(executionArn=arn))
            environment = None if fleet else environment_of(value)
            action = value.get("action", None if fleet else "provision")
            found = Subject(environment, None if action is None else str(action))
            with self._lock:
                self._known[arn] = found
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return found


@dataclass(frozen=True)
class Wanted:
    """What is searched for; empty for all.

    Attributes:
        machine: ARN of the state machine.
        fleet: Whether it is the fleet's.
        status: The status.
        name: A part of the execution's name.
        environment: The environment.
    """

    machine: str
    fleet: bool = False
    status: str = ""
    name: str = ""
    environment: str = ""


def search(client: Any, wanted: Wanted, subjects: Subjects) -> tuple[list[dict[str, Any]], bool]:
    """Search the newest executions.

    Args:
        client: boto3's `stepfunctions` client.
        wanted: What is searched for.
        subjects: What executions are about, as far as it is known.

    Returns:
        What ListExecutions says of each, and whether there may be more, which were not searched. A search for an
        environment describes at most `LOOKED_AT` executions that are not known yet.
    """
    found: list[dict[str, Any]] = []
    looked = 0
    for number, one in enumerate(_newest(client, wanted)):
        if number == LISTED:
            return found, True
        if wanted.name not in one["name"].lower():
            continue
        if wanted.environment:
            arn = one["executionArn"]
            looked += not subjects.known(arn)
            if looked > LOOKED_AT:
                return found, True
            if subjects.of(client, arn, fleet=wanted.fleet).environment != wanted.environment:
                continue
        found.append(one)
    return found, False


def line(one: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Return what a list shows of an execution that `search` found."""
    began, ended = one["startDate"], one.get("stopDate")
    return {
        "name": one["name"],
        "status": one["status"],
        "environment": subject.environment,
        "action": subject.action,
        "startedAt": iso_of(began),
        "seconds": ((ended or datetime.now(UTC)) - began).total_seconds(),
    }


def _newest(client: Any, wanted: Wanted) -> Iterator[dict[str, Any]]:
    # ListExecutions returns the newest first (API reference).
    given = {"statusFilter": wanted.status} if wanted.status else {}
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=wanted.machine, **given, PaginationConfig={"PageSize": _PAGE}
    )
    return islice((one for page in pages for one in page["executions"]), LISTED + 1)
