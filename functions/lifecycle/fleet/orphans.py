"""Orphans: resources that carry this stack's tags, and that no record knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.entry import Wire
from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG
from lifecycle.record import Record
from lifecycle.runtime import agentcore


class Orphan(Wire):
    """A resource without a home.

    Attributes:
        arn: The resource.
        environment: The environment that its tag names.
        removable: The environment has no record, so tearing it down takes nothing that is in use.
    """

    arn: str
    environment: str
    removable: bool


def find_orphans(clients: Clients, stack: str, records: list[Record]) -> list[Orphan]:
    """Look for orphans by tag.

    Args:
        clients: Resource Groups Tagging API and AgentCore.
        stack: The stack's name, the value of its tag.
        records: Every record.

    Returns:
        The orphans, by ARN. Of an environment that is being worked on there are none: its record is not yet whole.
    """
    by_name = {record.environment: record for record in records}
    orphans = {}
    for arn, tags in _tagged(clients, stack):
        environment = tags.get(ENVIRONMENT_TAG)
        if environment is None:
            continue  # the stack's own
        record = by_name.get(environment)
        if record is None:
            orphans[arn] = Orphan(arn=arn, environment=environment, removable=True)
        elif record.lock is None and not _knows(record, arn):
            orphans[arn] = Orphan(arn=arn, environment=environment, removable=False)
    return [orphans[arn] for arn in sorted(orphans)]


def _tagged(clients: Clients, stack: str) -> Iterator[tuple[str, dict[str, str]]]:
    pages = clients.tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": STACK_TAG, "Values": [stack]}]
    )
    for page in pages:
        for resource in page["ResourceTagMappingList"]:
            yield resource["ResourceARN"], {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
    # Whether the tagging API lists AgentCore's resources is nowhere documented, so AgentCore is asked itself.
    control = clients.agentcore_control
    prefix = names.runtime_name(stack, "")
    for page in control.get_paginator("list_agent_runtimes").paginate():
        for runtime in page["agentRuntimes"]:
            if not runtime["agentRuntimeName"].startswith(prefix):
                continue  # not a name of ours, and each look at tags is a call
            tags = agentcore.tags_of(control, runtime["agentRuntimeArn"])
            if tags.get(STACK_TAG) == stack:
                yield runtime["agentRuntimeArn"], tags


def _knows(record: Record, arn: str) -> bool:
    known: list[Any] = []
    if record.identity is not None:
        known += [record.identity.user_pool_arn, *record.identity.secret_arns.values()]
    if record.runtime is not None:
        known.append(record.runtime.arn)
    # A runtime's endpoints have its ARN and more.
    return any(item is not None and (arn == item or arn.startswith(f"{item}/")) for item in known)
