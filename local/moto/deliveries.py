"""CloudWatch Logs: the delivery of vended logs and traces, as AWS holds it together.

moto keeps sources, destinations and deliveries, but does not know AgentCore, X-Ray or the rules between them. Sources
of the rules: CloudWatch Logs API reference (PutDeliverySource, PutDeliveryDestination, CreateDelivery and the calls
that delete); for the conflicts and their texts hashicorp/terraform-provider-aws#40885 and
aws-cloudformation/cloudformation-coverage-roadmap#2513.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from moto.logs.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from moto.logs.models import (
    Delivery,
    DeliveryDestination,
    DeliverySource,
    LogsBackend,
    logs_backends,
)
from moto.logs.responses import LogsResponse

from local.moto.xray import sends_spans_to_logs

AGENTCORE = "bedrock-agentcore"
APPLICATION_LOGS, USAGE_LOGS, TRACES = "APPLICATION_LOGS", "USAGE_LOGS", "TRACES"
RUNTIME_LOG_TYPES = (APPLICATION_LOGS, USAGE_LOGS, TRACES)
"""What a runtime sends (CloudWatch Logs API reference, PutDeliverySource)."""

Exists = Callable[[str], bool]
"""Says whether AgentCore has a resource of this ARN."""

_exists: list[Exists] = []


def resources(*exists: Exists) -> None:
    """Choose who knows the resources that a source may name; without it, AgentCore has none."""
    _exists[:] = exists


def deliver_agentcore() -> None:
    """Take AgentCore's resources as sources and X-Ray as a destination, and keep the rules between the three.

    moto refuses the service `bedrock-agentcore` and a destination without a resource, lets two sources have the same
    resource, deletes what is still in use, and its lists ignore their filters.
    Upstream: upstream/log-deliveries.md.
    """
    sources = LogsBackend.put_delivery_source

    @wraps(sources)
    def put_delivery_source(
        self: LogsBackend, name: str, resource_arn: str, log_type: str, tags: Any
    ) -> DeliverySource:
        if resource_arn.split(":")[2:3] != [AGENTCORE]:
            return sources(self, name, resource_arn, log_type, tags)
        _check_source(self, name, resource_arn, log_type, tags)
        source = DeliverySource(
            self.account_id, self.region_name, name, resource_arn, log_type, tags
        )
        before = self.delivery_sources.get(name)
        source.tags = before.tags if before else tags
        self.delivery_sources[name] = source
        if tags:
            self.tag_resource(source.arn, tags)
        return source

    LogsBackend.put_delivery_source = put_delivery_source  # type: ignore[method-assign]
    LogsResponse.put_delivery_destination = _put_delivery_destination  # type: ignore[method-assign]
    LogsResponse.describe_delivery_sources = _describe_delivery_sources  # type: ignore[method-assign]
    LogsResponse.describe_deliveries = _describe_deliveries  # type: ignore[method-assign]
    _check_deliveries()
    _keep_what_is_used()


def log_groups_of(account_id: str, region: str, arn: str, log_type: str) -> list[str]:
    """The names of the log groups that a resource's logs of a type are delivered to."""
    backend = logs_backends[account_id][region]
    names = {
        source.name
        for source in [*backend.delivery_sources.values()]
        if arn in source.resource_arns and source.log_type == log_type
    }
    places = {each.arn: each for each in [*backend.delivery_destinations.values()]}
    found = [
        places[delivery.delivery_destination_arn].delivery_destination_configuration
        for delivery in [*backend.deliveries.values()]
        if delivery.delivery_source_name in names and delivery.destination_type == "CWL"
    ]
    return [_group_name(place["destinationResourceArn"]) for place in found]


def _check_source(
    backend: LogsBackend, name: str, resource_arn: str, log_type: str, tags: Any
) -> None:
    if log_type not in RUNTIME_LOG_TYPES:
        raise ValidationException("This service is not allowed for this LogSource.")
    if not any(exists(resource_arn) for exists in _exists):
        raise ResourceNotFoundException(msg=f"Resource {resource_arn} does not exist.")
    for other in backend.delivery_sources.values():
        if other.name == name:
            if resource_arn not in other.resource_arns or log_type != other.log_type:
                raise ConflictException(
                    msg="Update to existing Delivery Source with new ResourceId is not allowed. "
                    "Please create a new Delivery Source instead."
                )
            if tags:
                raise ConflictException(
                    msg="Tags can only be provided when a resource is being created, not updated."
                )
        elif resource_arn in other.resource_arns and log_type == other.log_type:
            raise ConflictException(
                msg="This ResourceId has already been used in another Delivery Source in this account."
            )


def _group_name(arn: str) -> str:
    return arn.split(":", 6)[6].removesuffix(":*")


def _put_delivery_destination(self: LogsResponse) -> str:
    backend, name = self.logs_backend, self._get_param("name")
    kind = self._get_param("deliveryDestinationType")
    configuration = self._get_param("deliveryDestinationConfiguration") or {}
    resource = configuration.get("destinationResourceArn", "")
    before = backend.delivery_destinations.get(name)
    if before is not None and kind and kind != before.delivery_destination_type:
        raise ValidationException(
            "Update to existing Delivery Destination with new Delivery Destination Type is not allowed."
        )
    if kind == "XRAY":
        made = _xray_destination(backend, name, configuration, self._get_param("tags"))
    elif not resource:
        raise ValidationException("The destination resource ARN is missing.")
    else:
        if resource.split(":")[2:3] == ["logs"] and _group_name(resource) not in backend.groups:
            raise ResourceNotFoundException(msg="The specified log group does not exist.")
        made = backend.put_delivery_destination(
            name, self._get_param("outputFormat"), configuration, self._get_param("tags")
        )
        if before is not None:
            made.tags = before.tags
    return json.dumps({"deliveryDestination": made.to_dict()})


def _xray_destination(
    backend: LogsBackend, name: str, configuration: Any, tags: Any
) -> DeliveryDestination:
    if configuration:
        raise ValidationException("An X-Ray destination has no destination resource.")
    if not sends_spans_to_logs(backend.account_id, backend.region_name):
        raise ValidationException(
            "X-Ray Delivery Destination is supported only with CloudWatch Logs as a Trace Segment Destination. "
            "Please enable the CloudWatch Logs destination for your traces using the UpdateTraceSegmentDestination API."
        )
    before = backend.delivery_destinations.get(name)
    if before is not None:
        if tags:
            raise ConflictException(
                msg="Tags can only be provided when a resource is being created, not updated."
            )
        return before
    # moto reads the type off the resource, which there is none of.
    nowhere = {"destinationResourceArn": "arn:aws:logs::::"}
    made = DeliveryDestination(
        backend.account_id, backend.region_name, name, None, nowhere, tags or None
    )
    made.delivery_destination_type, made.delivery_destination_configuration = "XRAY", {}
    backend.delivery_destinations[name] = made
    if tags:
        backend.tag_resource(made.arn, tags)
    return made


def _describe_delivery_sources(self: LogsResponse) -> str:
    wanted = self._get_param("resourceArns")
    found = [
        source.to_dict()
        for source in self.logs_backend.describe_delivery_sources()
        if not wanted or set(wanted) & {*source.resource_arns}
    ]
    return json.dumps({"deliverySources": found})


def _describe_deliveries(self: LogsResponse) -> str:
    wanted = self._get_param("deliverySourceNames")
    found = [
        delivery.to_dict()
        for delivery in self.logs_backend.describe_deliveries()
        if not wanted or delivery.delivery_source_name in wanted
    ]
    return json.dumps({"deliveries": found})


def _check_deliveries() -> None:
    """Refuse logs to X-Ray, and traces to anywhere else; give a delivery no fields of CloudFront's logs."""
    original = LogsBackend.create_delivery

    @wraps(original)
    def create_delivery(self: LogsBackend, *given: Any, **named: Any) -> Delivery:
        name = named.get("delivery_source_name", given[0] if given else None)
        arn = named.get("delivery_destination_arn", given[1] if len(given) > 1 else None)
        source = self.delivery_sources.get(str(name))
        of_agentcore = source is not None and source.service == AGENTCORE
        if source is not None and of_agentcore:
            for destination in self.delivery_destinations.values():
                traces = destination.delivery_destination_type == "XRAY"
                if destination.arn == arn and traces != (source.log_type == TRACES):
                    raise ValidationException(
                        f"{source.log_type} cannot be delivered to "
                        f"{destination.delivery_destination_type}."
                    )
        delivery = original(self, *given, **named)
        if of_agentcore:
            delivery.record_fields = named.get("record_fields") or []
        return delivery

    LogsBackend.create_delivery = create_delivery  # type: ignore[method-assign]


def _keep_what_is_used() -> None:
    """Refuse to delete a source or destination that a delivery uses."""
    source, destination = (
        LogsBackend.delete_delivery_source,
        LogsBackend.delete_delivery_destination,
    )

    @wraps(source)
    def delete_delivery_source(self: LogsBackend, name: str) -> None:
        if any(one.delivery_source_name == name for one in _all(self)):
            raise ConflictException(
                msg="The Delivery Source is used by a Delivery. Delete it first."
            )
        source(self, name)

    @wraps(destination)
    def delete_delivery_destination(self: LogsBackend, name: str) -> None:
        found = self.delivery_destinations.get(name)
        if found is not None and any(
            one.delivery_destination_arn == found.arn for one in _all(self)
        ):
            raise ConflictException(
                msg="The Delivery Destination is used by a Delivery. Delete it first."
            )
        destination(self, name)

    LogsBackend.delete_delivery_source = delete_delivery_source  # type: ignore[method-assign]
    LogsBackend.delete_delivery_destination = (  # type: ignore[method-assign]
        delete_delivery_destination
    )


def _all(backend: LogsBackend) -> Iterator[Delivery]:
    yield from [*backend.deliveries.values()]
