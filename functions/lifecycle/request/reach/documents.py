"""Read what describes the tools of a target: a Lambda function's tools, or an OpenAPI document.

AgentCore gets both inline, never as an object in S3: what was checked is what it uses, and the gateway's role may read
no bucket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from lifecycle.request.artifact import Source
from lifecycle.request.cases.source import read_latest
from lifecycle.request.gateway.targets import OpenApi, ToolSchema
from lifecycle.request.gateway.tools import tool_faults
from lifecycle.request.inputs import shown

_OPENAPI = ("3.0", "3.1")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_OPERATIONS = 500


class DocumentRefusedError(Exception):
    """The document cannot be used. The message says what was given and what is allowed; the caller names the field."""


def tools_of(schema: ToolSchema, s3: Callable[[], Any]) -> tuple[list[dict[str, Any]], str | None]:
    """The tools of a Lambda function.

    Args:
        schema: As the input has it.
        s3: Returns a boto3 S3 client; called only for an object.

    Returns:
        The tools, and the version of the object that was read; None where there is none.

    Raises:
        DocumentRefusedError: What S3 has is no list of tools.
        UnreadableError: There is no such object, it may not be read, or it has more than 1 MB.
    """
    if schema.inline is not None:
        return schema.inline, None
    value, version = _json_of(_source(schema), s3)
    if not isinstance(value, list):
        raise DocumentRefusedError("given what is no JSON list, allowed: a list of tools")
    faults = tool_faults(value)
    if faults:
        fault = faults[0]
        raise DocumentRefusedError(
            f"{fault.path}: given {shown(fault.given)}, allowed: {fault.allowed}"
        )
    if not value:
        raise DocumentRefusedError("given no tool, allowed: 1 or more")
    return value, version


def openapi_of(document: OpenApi, s3: Callable[[], Any]) -> tuple[str, str | None]:
    """An OpenAPI document as AgentCore gets it: JSON, written in one way.

    Args:
        document: As the input has it.
        s3: As for `tools_of`.

    Returns:
        The document, and the version of the object that was read; None where there is none.

    Raises:
        DocumentRefusedError: It is no OpenAPI document in JSON.
        UnreadableError: As for `tools_of`.
    """
    if document.inline is not None:
        value, version = _parsed(document.inline), None
    else:
        value, version = _json_of(_source(document), s3)
    named = value.get("openapi") if isinstance(value, dict) else None
    if not isinstance(named, str) or not named.startswith(_OPENAPI):
        raise DocumentRefusedError(
            "given no OpenAPI document in JSON, allowed: an object with openapi 3.0 or 3.1"
        )
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")), version


def operations_of(document: str) -> list[str]:
    """The names of the tools of a document: its operations' ids.

    AgentCore makes no tool of an operation without one (developer guide, "OpenAPI schema targets").

    Raises:
        DocumentRefusedError: It has none, or more than 500.
    """
    paths = json.loads(document).get("paths")
    found = [
        operation["operationId"]
        for item in (paths.values() if isinstance(paths, dict) else ())
        if isinstance(item, dict)
        for method, operation in item.items()
        if method in _METHODS
        and isinstance(operation, dict)
        and isinstance(operation.get("operationId"), str)
    ]
    if not found or len(found) > _MOST_OPERATIONS:
        raise DocumentRefusedError(
            f"given {len(found)} operations with an operationId, allowed: 1 to {_MOST_OPERATIONS}"
        )
    return found


def servers_of(document: str) -> list[str]:
    """The URLs of every server that a document names, at whatever level.

    Raises:
        DocumentRefusedError: It names none at its root, one with variables, or refers to another document.
    """
    value = json.loads(document)
    if not isinstance(value.get("servers"), list) or not value["servers"]:
        raise DocumentRefusedError("given no servers, allowed: at least one server with a URL")
    found = []
    for key, item in _members(value):
        if key == "$ref" and isinstance(item, str) and not item.startswith("#"):
            raise DocumentRefusedError(
                f"given the reference {shown(item)}, allowed: references that begin with #"
            )
        if key != "servers" or not isinstance(item, list):
            continue
        for server in item:
            url = server.get("url") if isinstance(server, dict) else None
            if not isinstance(url, str) or "{" in url:
                raise DocumentRefusedError(
                    f"given the server {shown(url)}, allowed: a URL without variables"
                )
            found.append(url)
    return found


def _members(root: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object, however deep."""
    left = [root]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield from value.items()
            left += value.values()
        elif isinstance(value, list):
            left += value


def _source(document: ToolSchema | OpenApi) -> Source:
    source = document.source
    if source is None:
        raise DocumentRefusedError("given nothing, allowed: inline, or bucket and key")
    return source


def _json_of(source: Source, s3: Callable[[], Any]) -> tuple[Any, str | None]:
    body, pinned = read_latest(s3(), source)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise DocumentRefusedError("given what is no UTF-8, allowed: JSON in UTF-8") from None
    return _parsed(text), pinned.version_id


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DocumentRefusedError("given what is no JSON, allowed: JSON") from None
