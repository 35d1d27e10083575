"""Orphans: resources that have this stack's tags or names, or artifacts in use, but no record; and strays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from lifecycle import names
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.stored import tagged_images
from lifecycle.clients import Clients
from lifecycle.credentials import calls as credentials
from lifecycle.entry import Wire
from lifecycle.fleet.strays import Strays
from lifecycle.gateway import calls
from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG
from lifecycle.record import Record
from lifecycle.roles.calls import tagged_roles
from lifecycle.runtime import agentcore
from lifecycle.telemetry.section import TelemetryRecord


class Orphan(Wire):
    """A resource that no record lists.

    Attributes:
        arn: The resource; for an image its URI with the tag; for an artifact `artifact <content hash>`.
        environment: The environment that its tag, or its name, names, or that uses it; None for a stray.
        removable: True when the environment has no record, so a teardown removes nothing that is in use; for a stray,
            when its name is the lifecycle's.
        removed: True when this sweep has removed it: a stray. All others are removed by a teardown.
    """

    arn: str
    environment: str | None
    removable: bool
    removed: bool = False


def find_orphans(
    clients: Clients,
    stack: str,
    records: list[Record],
    artifacts: Iterable[SharedArtifact],
    *,
    bucket: str,
    repository_uri: str,
) -> list[Orphan]:
    """Find orphans by their tags, images and objects by their names, artifacts by their users.

    Args:
        clients: Resource Groups Tagging API, AgentCore, IAM, S3 and ECR.
        stack: The stack's name, the value of its tag.
        records: Every record.
        artifacts: Every artifact of the stack, read after the records.
        bucket: The artifact bucket.
        repository_uri: The repository of the images.

    Returns:
        The orphans, sorted by ARN. An environment that is locked has none, because its record is not complete yet.
        Images and objects belong to an environment until its teardown, so only one without a record has orphans of
        them.
    """
    by_name = {record.environment: record for record in records}
    orphans = {}
    for written, tags in _tagged(clients, stack):
        # The lists may write one ARN in two ways.
        arn = agentcore.in_one_form(written)
        environment = tags.get(ENVIRONMENT_TAG)
        if environment is None:
            continue  # belongs to the stack itself
        record = by_name.get(environment)
        if record is None:
            orphans[arn] = Orphan(arn=arn, environment=environment, removable=True)
        elif record.lock is None and not _knows(record, stack, arn):
            orphans[arn] = Orphan(arn=arn, environment=environment, removable=False)
    named = chain(_images(clients.ecr, repository_uri), _folders(clients.s3, bucket))
    for arn, environment in named:
        if environment not in by_name:
            orphans[arn] = Orphan(arn=arn, environment=environment, removable=True)
    used = [
        Orphan(arn=f"artifact {item.content_hash}", environment=user, removable=True)
        for item in artifacts
        for user in sorted(item.used_by)
        if user not in by_name
    ]
    return [
        *(orphans[arn] for arn in sorted(orphans)),
        *sorted(used, key=lambda orphan: (orphan.arn, orphan.environment)),
    ]


def find_strays(
    strays: Strays,
    records: list[Record],
    artifacts: Callable[[], Iterable[SharedArtifact]],
    *,
    remove: bool,
) -> list[Orphan]:
    """Find what no environment owns, and remove it if told to; see `lifecycle.fleet.strays`."""
    found = strays.find(records, artifacts)
    removed = strays.remove(found) if remove else set()
    return [
        Orphan(
            arn=stray.arn,
            environment=None,
            removable=stray.removable,
            removed=stray.arn in removed,
        )
        for stray in found
    ]


def _images(ecr: Any, repository_uri: str) -> Iterator[tuple[str, str]]:
    for image in tagged_images(ecr, repository_uri.partition("/")[2]):
        for tag in image.get("imageTags", []):
            environment = names.environment_of_image(tag)
            if environment is not None:
                yield f"{repository_uri}:{tag}", environment


def _folders(s3: Any, bucket: str) -> Iterator[tuple[str, str]]:
    # Versions, so that a folder with nothing but old versions and delete markers is found, too.
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=names.ARTIFACT_FOLDER, Delimiter="/"
    )
    for page in pages:
        for folder in page.get("CommonPrefixes", []):
            environment = names.environment_of_prefix(folder["Prefix"])
            if environment is not None:
                yield f"arn:{s3.meta.partition}:s3:::{bucket}/{folder['Prefix']}", environment


def _tagged(clients: Clients, stack: str) -> Iterator[tuple[str, dict[str, str]]]:
    pages = clients.tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": STACK_TAG, "Values": [stack]}]
    )
    for page in pages:
        for resource in page["ResourceTagMappingList"]:
            yield resource["ResourceARN"], {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
    # It is not documented whether the tagging API lists AgentCore's resources, so AgentCore is asked, too.
    control = clients.agentcore_control
    prefix = names.runtime_name(stack, "")
    for page in control.get_paginator("list_agent_runtimes").paginate():
        for runtime in page["agentRuntimes"]:
            if not runtime["agentRuntimeName"].startswith(prefix):
                continue  # not one of our names; reading its tags would cost a call
            tags = agentcore.tags_of(control, runtime["agentRuntimeArn"])
            if tags.get(STACK_TAG) == stack:
                yield runtime["agentRuntimeArn"], tags
    for _, _, arn in credentials.providers_that_begin_with(control, names.provider_prefix(stack)):
        tags = agentcore.tags_of(control, arn)
        if tags.get(STACK_TAG) == stack:
            yield arn, tags
    yield from tagged_roles(clients.iam, stack)
    for gateway in calls.gateways_that_begin_with(control, names.gateway_prefix(stack)):
        tags = agentcore.tags_of(control, gateway["gatewayArn"])
        if tags.get(STACK_TAG) == stack:
            yield gateway["gatewayArn"], tags


def _knows(record: Record, stack: str, arn: str) -> bool:
    known: list[Any] = []
    if record.identity is not None:
        known += [record.identity.user_pool_arn, *record.identity.secret_arns.values()]
    if record.runtime is not None:
        known.append(record.runtime.arn)
    if record.gateway is not None:
        known.append(record.gateway.arn)
        if record.gateway.mcp is not None:
            role = f"role{names.role_path(stack)}{record.gateway.mcp.role}"
            if arn.split(":", 5)[-1] == role:
                return True
    if record.credentials is not None:
        section = record.credentials
        providers = (*section.providers.values(), *section.former)
        known += [agentcore.in_one_form(one.arn) for one in providers if one.arn is not None]
        known.append(section.role.arn if section.role else None)
    if record.telemetry is not None:
        name = names.runtime_name(stack, record.environment)
        if _delivers(record.telemetry, name, arn):
            return True
    # The ARN of an endpoint begins with the ARN of its runtime.
    return any(item is not None and (arn == item or arn.startswith(f"{item}/")) for item in known)


def _delivers(telemetry: TelemetryRecord, runtime_name: str, arn: str) -> bool:
    """Whether a resource of CloudWatch Logs, if it is one, delivers the logs and traces that a record lists."""
    resource = arn.split(":", 5)[-1].removesuffix(":*")
    known = [
        f"log-group:{telemetry.log_group}",
        *(f"delivery:{delivery_id}" for delivery_id in telemetry.deliveries.values()),
    ]
    ours = (f"delivery-source:{runtime_name}-", f"delivery-destination:{runtime_name}-")
    # Deliveries are recorded when all of them are there.
    some = () if telemetry.deliveries else ("delivery:",)
    return resource in known or resource.startswith((*ours, *some))
