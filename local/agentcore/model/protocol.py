"""The rest-json protocol, driven by botocore's model: routes, requests in, answers out."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore
from werkzeug import Request, Response

from local.agentcore.model.errors import invalid_field, unparsable
from local.edge.service_models import reading_session

_MEMBER = re.compile(r"\{([A-Za-z]+)\}")


@functools.cache
def load_model(service: str) -> Any:
    """Return botocore's `ServiceModel` of a service."""
    return reading_session().get_service_model(service)


@dataclass(frozen=True)
class Route:
    """One operation and the requests that mean it.

    Attributes:
        operation: botocore's `OperationModel`.
        method: HTTP method.
        pattern: Matches the path as it was sent, still percent-encoded.
    """

    operation: Any
    method: str
    pattern: re.Pattern[str]


class Routes:
    """Finds the operation of a request by method and path."""

    def __init__(self, model: Any, operations: Iterable[str]) -> None:
        self._routes = [_route(model.operation_model(name)) for name in operations]

    def find(self, method: str, path: str) -> tuple[Any, dict[str, str]] | None:
        """Look an operation up.

        Args:
            method: HTTP method.
            path: The path as it was sent, still percent-encoded, without the query.

        Returns:
            The operation model and the members that stand in the path, or `None`.
        """
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if route.method == method and found is not None:
                return route.operation, {k: unquote(v) for k, v in found.groupdict().items()}
        return None


def _route(operation: Any) -> Route:
    uri = operation.http["requestUri"].split("?")[0].rstrip("/")
    pattern, end = "", 0
    for found in _MEMBER.finditer(uri):
        pattern += re.escape(uri[end : found.start()]) + f"(?P<{found.group(1)}>[^/]+)"
        end = found.end()
    # The service takes a path with and without the slash at its end.
    pattern += re.escape(uri[end:]) + "/?"
    return Route(operation, operation.http["method"], re.compile(pattern))


def raw_path(environ: dict[str, Any]) -> str:
    """Return the request's path as it was sent, still percent-encoded, without the query.

    WSGI's PATH_INFO is decoded, and so cannot tell `%2F` from `/`; werkzeug (server and test
    client) keeps the target that was sent in REQUEST_URI and RAW_URI.
    """
    target = str(environ.get("RAW_URI") or environ["REQUEST_URI"])
    if "://" in target:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    return target.partition("?")[0]


def parse_request(
    operation: Any, request: Request, path_members: dict[str, str], body: bytes
) -> dict[str, Any]:
    """Read the members of a request from path, query, headers and body.

    Args:
        operation: botocore's operation model.
        request: The request, for its query and headers.
        path_members: What `Routes.find` took from the path.
        body: The request's body: JSON, or the value of the payload member if there is one.

    Returns:
        The members that are present, in Python's types. Constraints are not checked here.

    Raises:
        ServiceError: ValidationException (CannotParse) for a body or a number that is unreadable.
    """
    shape = operation.input_shape
    query = parse_qs(request.query_string.decode("latin-1"), keep_blank_values=True)
    members: dict[str, Any] = {}
    payload = shape.serialization.get("payload")
    in_body: dict[str, Any] = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if location == "uri":
            members[name] = path_members[wire]
        elif location == "querystring" and wire in query:
            many = member.type_name == "list"
            members[name] = query[wire] if many else _scalar(member, name, query[wire][-1])
        elif location == "header" and wire in request.headers:
            members[name] = _scalar(member, name, request.headers[wire])
        elif location is None and name == payload:
            members[name] = body
        elif location is None:
            in_body[name] = member
    if in_body:
        document = _document(body)
        _refuse_unknown({m.serialization.get("name", n) for n, m in in_body.items()}, document, "")
        for name, member in in_body.items():
            value = document.get(member.serialization.get("name", name))
            if value is not None:
                members[name] = _from_json(member, value, name)
    return members


def _document(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except ValueError as error:
        raise unparsable("The request body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise unparsable("The request body is not a JSON object.")
    return document


def _refuse_unknown(known: set[str], document: dict[str, Any], path: str) -> None:
    """Refuse members that the bundled model does not have.

    A newer SDK sends them, and AgentCore would act on them: what is made here without them is not what was asked for.
    How the service answers a member that *it* does not know is not documented.

    Raises:
        ServiceError: ValidationException.
    """
    unknown = sorted(
        name for name, value in document.items() if name not in known and value is not None
    )
    if unknown:
        named = ", ".join(f"{path}.{name}".lstrip(".") for name in unknown)
        raise invalid_field(
            f"{path}.{unknown[0]}".lstrip("."),
            f"This local AWS does not know the member {named} (botocore {botocore.__version__}).",
        )


def _scalar(shape: Any, name: str, text: str) -> Any:
    """Read one value of a query string or header."""
    try:
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name in ("float", "double"):
            return float(text)
    except ValueError as error:
        raise unparsable(f"Value at '{name}' is not a number.") from error
    if shape.type_name == "boolean":
        if text not in ("true", "false"):
            raise unparsable(f"Value at '{name}' is neither true nor false.")
        return text == "true"
    return text


def _from_json(shape: Any, value: Any, path: str) -> Any:
    """Turn JSON into Python's types, member by member."""
    if shape.type_name == "structure" and isinstance(value, dict) and not shape.is_document_type:
        wire = {m.serialization.get("name", n): n for n, m in shape.members.items()}
        _refuse_unknown(set(wire), value, path)
        return {
            wire[name]: _from_json(shape.members[wire[name]], item, f"{path}.{wire[name]}")
            for name, item in value.items()
            if item is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_from_json(shape.member, item, path) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _from_json(shape.value, item, path) for key, item in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError as error:
            raise unparsable(f"Value at '{path}' is not base64.") from error
    return value


def answer(operation: Any, members: dict[str, Any]) -> Response:
    """Make the HTTP answer of an operation whose output has no payload member.

    Args:
        operation: botocore's operation model.
        members: Members of the output shape; timestamps are `datetime`s with a time zone.
    """
    status = int(operation.http.get("responseCode", 200))
    shape = operation.output_shape
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}
    for name, member in shape.members.items() if shape else ():
        value = members.get(name)
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if value is None:
            continue
        if location == "statusCode":
            status = int(value)
        elif location == "header":
            headers[wire] = str(value)
        else:
            body[wire] = to_json(member, value)
    if status == 204:
        return Response(status=204, headers=headers)
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def to_json(shape: Any, value: Any) -> Any:
    """Turn a value into JSON's types, as rest-json writes it."""
    if shape.type_name == "structure":
        return {
            member.serialization.get("name", name): to_json(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [to_json(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: to_json(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        form = shape.serialization.get("timestampFormat", "unixTimestamp")
        moment: datetime = value.astimezone(UTC)
        return moment.timestamp() if form == "unixTimestamp" else moment.strftime(ISO_8601)
    if shape.type_name == "blob":
        return base64.b64encode(value).decode("ascii")
    return value


ISO_8601 = "%Y-%m-%dT%H:%M:%S.%fZ"
