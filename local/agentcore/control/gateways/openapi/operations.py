"""The tools of an OpenAPI document: one for each operation, and how a call of it becomes a request.

Sources: AgentCore developer guide, "OpenAPI schema targets" and "Understand how AgentCore Gateway tools are named".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.agentcore.control.gateways.openapi.document import Document, DocumentError, resolved

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
"""The methods that the guide lists."""
JSON = "application/json"
_STYLES = {"path": "simple", "query": "form", "header": "simple"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Attributes:
        location: `path`, `query` or `header`.
    """

    name: str
    location: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """An operation that is a tool.

    Attributes:
        name: Its `operationId`.
        method: Such as `GET`.
        url: Server and path, with `{name}` where parameters go.
        body: The arguments that make the body; empty without one.
        whole_body: Whether the body is the value of its only argument.
        tool: Name, description and input schema, as MCP has them.
    """

    name: str
    method: str
    url: str
    parameters: tuple[Parameter, ...]
    body: tuple[str, ...]
    whole_body: bool
    tool: dict[str, Any]


def operations_of(document: Document, *, nested_body: bool) -> list[Operation]:
    """Return the operations of a document that was checked.

    Args:
        document: The document.
        nested_body: Whether a body is one argument, `body`; otherwise each of its properties is one.

    Raises:
        DocumentError: An operation has no `operationId` or what no gateway supports, or there is none.
    """
    found = [
        _operation(document, path, item, method, nested_body)
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if isinstance(item, dict) and method in item
    ]
    if not found:
        raise DocumentError("paths: the document has no operation.")
    return found


def _operation(
    document: Document, path: str, item: dict[str, Any], method: str, nested_body: bool
) -> Operation:
    place, operation = f"paths.{path}.{method}", item[method]
    name = operation.get("operationId")
    if not name:
        raise DocumentError(f"{place}: the operation has no operationId, which becomes its tool.")
    if operation.get("security"):
        raise DocumentError(f"{place}: security is not supported; use the target's credentials.")
    servers = operation.get("servers") or item.get("servers") or document.get("servers")
    parameters = [*_parameters(document, place, item, operation)]
    properties = {found["name"]: _described(found) for found, _ in parameters}
    required = [each.name for _, each in parameters if each.required]
    body, whole = _body(document, place, operation, nested_body)
    for argument in body.get("properties", {}):
        if argument in properties:
            raise DocumentError(f"{place}: '{argument}' is a parameter and also in the body.")
    schema = {
        "type": "object",
        "properties": properties | body.get("properties", {}),
        "required": [*required, *body.get("required", [])],
    }
    tool = {"name": name, "inputSchema": schema}
    said = operation.get("description") or operation.get("summary")
    return Operation(
        name=name,
        method=method.upper(),
        url=_server(place, servers) + path,
        parameters=tuple(each for _, each in parameters),
        body=tuple(body.get("properties", {})),
        whole_body=whole,
        tool=tool | ({"description": said} if said else {}),
    )


def _server(place: str, servers: Any) -> str:
    url = servers[0].get("url", "") if servers else ""
    if servers and servers[0].get("variables"):
        raise DocumentError(f"{place}: servers with variables are not served by this local AWS.")
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    except ValueError:
        raise DocumentError(f"{place}: the URL of its server is not valid.") from None
    if not parts.hostname or not (parts.scheme == "https" or local) or "{" in url:
        raise DocumentError(f"{place}: it needs a server with an https URL.")
    return str(url).rstrip("/")


def _parameters(
    document: Document, place: str, item: dict[str, Any], operation: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], Parameter]]:
    listed: dict[tuple[str, str], dict[str, Any]] = {}
    for each in [*item.get("parameters", []), *operation.get("parameters", [])]:
        found = resolved(document, each)
        listed[found["name"], found["in"]] = found
    names = [name for name, _ in listed]
    for (name, location), found in listed.items():
        if location not in _STYLES:
            raise DocumentError(f"{place}: parameters in {location} are not supported.")
        own = "content" in found or found.get("style", _STYLES[location]) != _STYLES[location]
        if own or found.get("explode", location == "query") != (location == "query"):
            raise DocumentError(f"{place}: '{name}' has a serialization that is not supported.")
        if names.count(name) > 1:
            raise DocumentError(f"{place}: two parameters are called '{name}'.")
        yield found, Parameter(name, location, bool(found.get("required")))


def _described(parameter: dict[str, Any]) -> dict[str, Any]:
    said = {"description": parameter["description"]} if parameter.get("description") else {}
    return {**parameter.get("schema", {}), **said}


def _body(
    document: Document, place: str, operation: dict[str, Any], nested: bool
) -> tuple[dict[str, Any], bool]:
    """Return the part of the input schema that is the body, and whether its one argument is all of it."""
    if "requestBody" not in operation:
        return {}, False
    found = resolved(document, operation["requestBody"])
    kinds = found["content"]
    if JSON not in kinds:
        raise DocumentError(f"{place}: this local AWS serves bodies of the type {JSON} only.")
    schema, needed = kinds[JSON].get("schema", {}), bool(found.get("required"))
    if nested or not schema.get("properties"):
        return {"properties": {"body": schema}, "required": ["body"] if needed else []}, True
    return {
        "properties": schema["properties"],
        "required": schema.get("required", []) if needed else [],
    }, False
