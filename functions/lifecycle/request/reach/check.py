"""What an MCP gateway may reach: the functions and hosts that the stack's parameters name, and nothing else.

It is checked when a request is prepared, and again by the stage that makes the targets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

from lifecycle.errors import InvalidRequestError
from lifecycle.provider import hosts
from lifecycle.request.cases.source import UnreadableError
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.gateway.targets import Document, McpTarget
from lifecycle.request.inputs import shown
from lifecycle.request.reach.addresses import servers_of
from lifecycle.request.reach.documents import (
    DocumentRefusedError,
    openapi_of,
    operations_of,
    tools_of,
)
from lifecycle.settings import Networks, Settings

_SHOWN = 300
_NOT_SHOWN = "a URL that is not shown"
# CloudFormation cuts the name of a stack in the name of a function that would be longer than 64 characters.
_CUT = 20


def _split(value: Any) -> Any:
    return tuple(one for one in value.split(",") if one) if isinstance(value, str) else value


class ReachSettings(Settings):
    """What the stack lets MCP gateways reach.

    Attributes:
        gateway_functions: ARNs of Lambda functions; `*` stands for any characters, as in IAM.
        gateway_hosts: Host names; a label `*` stands for exactly one label.
        provider_networks: `any` on the local AWS, where servers are on this machine.
    """

    gateway_functions: Annotated[tuple[str, ...], BeforeValidator(_split)]
    gateway_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)]
    provider_networks: Networks


def checked(gateway: Gateway, settings: ReachSettings, s3: Callable[[], Any]) -> Gateway:
    """Check every target of an MCP gateway.

    Args:
        gateway: The section of the request.
        settings: The stack's.
        s3: Returns a boto3 S3 client; called only for a document in S3.

    Returns:
        The section, with the version of each document in S3 that was read.

    Raises:
        InvalidRequestError: Names each target that the stack does not allow, or whose document cannot be used.
    """
    found: list[str] = []
    targets = []
    for index, target in enumerate(gateway.targets):
        try:
            targets.append(_checked(target, settings, s3))
        except _RefusedError as error:
            found.append(f"gateway.targets.{index}.{error}")
    if found:
        raise InvalidRequestError(*found)
    return gateway.model_copy(update={"targets": targets})


class _RefusedError(Exception):
    """Field, what was given, and what is allowed."""


def _checked(target: McpTarget, settings: ReachSettings, s3: Callable[[], Any]) -> McpTarget:
    if target.function is not None:
        _check_function(target.function.lambda_arn, settings)
        schema = target.function.tool_schema
        version = _read("lambda.toolSchema", schema, lambda: tools_of(schema, s3)[1])
        pinned = target.function.model_copy(update={"tool_schema": _pinned(schema, version)})
        return target.model_copy(update={"function": pinned})
    if target.open_api is not None:
        api = target.open_api
        document, version = _read("openApi", api, lambda: openapi_of(api, s3))
        _read("openApi", api, lambda: operations_of(document))
        for place, url in _read("openApi", api, lambda: servers_of(document)):
            if api.source is None:
                _check_url("openApi", url, shown(url), settings)
            else:
                _check_url(f"openApi: {place}", url, _NOT_SHOWN, settings)
        return target.model_copy(update={"open_api": _pinned(api, version)})
    if target.mcp_server is not None:
        url = target.mcp_server.endpoint
        _check_url("mcpServer.endpoint", url, shown(url), settings)
    return target


def _read(field: str, document: Document, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except DocumentRefusedError as error:
        # Whoever may start an execution may not read every object that the stack may.
        told = error.whole if document.source is None else error
        raise _RefusedError(f"{field}: {told}") from None
    except UnreadableError as error:
        raise _RefusedError(f"{field}: given {error}") from None


def _pinned(document: Document, version: str | None) -> Document:
    if version is None:
        return document
    return document.model_copy(update={"version_id": version})


def _check_function(arn: str, settings: ReachSettings) -> None:
    # CloudFormation names the stack's own functions so; with one of them, a tool could change any environment.
    own = f"{settings.stack_name}-"[:_CUT]
    if arn.split(":")[6].startswith(own):
        raise _RefusedError(
            f"lambda.lambdaArn: given {shown(arn)}, allowed: a function whose name does not begin with {own}, as the "
            "names of the stack's own functions do"
        )
    if not any(_matches(pattern, arn) for pattern in settings.gateway_functions):
        raise _RefusedError(
            f"lambda.lambdaArn: given {shown(arn)}, allowed: {_named(settings.gateway_functions)}; to allow it, add it "
            "to the stack's parameter GatewayFunctions and deploy the stack again"
        )


def _check_url(field: str, url: str, given: str, settings: ReachSettings) -> None:
    place = hosts.place_of(url)
    anywhere = settings.provider_networks == "any"
    is_https = place is not None and (place.scheme, place.port) == ("https", hosts.HTTPS_PORT)
    if place is None or not (is_https or anywhere):
        raise _RefusedError(
            f"{field}: given {given}, allowed: a URL that begins with https://, with a host name and no port other "
            "than 443"
        )
    if not any(hosts.matches(pattern, place.host) for pattern in settings.gateway_hosts):
        host = "its host" if given == _NOT_SHOWN else place.host
        raise _RefusedError(
            f"{field}: given {given}, allowed: a URL of {_named(settings.gateway_hosts)}; to allow {host}, add it to "
            "the stack's parameter GatewayHosts and deploy the stack again"
        )


def _named(patterns: tuple[str, ...]) -> str:
    text = ", ".join(patterns) or "none (the parameter is empty)"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _matches(pattern: str, arn: str) -> bool:
    """Whether an ARN fits a pattern as IAM reads it."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), arn) is not None
