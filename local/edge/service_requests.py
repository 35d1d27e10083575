"""How the requests of one service look: which operation a request is, and what stands in its path and query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs, unquote

from botocore.model import OperationModel, ServiceModel
from werkzeug import Request

from local.edge.host_names import HostNames
from local.edge.signatures.claims import raw_target

_RPC_V2_PATH = re.compile(r"^/service/[^/]+/operation/(?P<operation>\w+)$")


@dataclass(frozen=True)
class _Route:
    """How a request of one REST operation looks."""

    operation: str
    method: str
    path: re.Pattern[str]
    members: tuple[str, ...]
    literal: int
    query: tuple[tuple[str, str | None], ...]
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]
    deprecated: bool

    def score(
        self, method: str, path: str, query: dict[str, list[str]], headers: set[str]
    ) -> tuple[int, int, int, bool] | None:
        """Return how well a request fits (higher is better), or `None` if it does not."""
        if method != self.method or not self.path.fullmatch(path):
            return None
        for name, value in self.query:
            if name not in query or (value is not None and value not in query[name]):
                return None
        # What is required only ranks, so that a request without it is still named: the service
        # itself says what is missing.
        present = sum(name in query for name in self.required_query)
        present += sum(name in headers for name in self.required_headers)
        absent = len(self.required_query) + len(self.required_headers) - present
        return (len(self.query), present - 2 * absent, self.literal, not self.deprecated)


class ServiceRequests:
    """What requests of one service look like.

    Args:
        model: botocore's model of the service.
        names: By which names the local AWS is asked for.
    """

    def __init__(self, model: ServiceModel, names: HostNames) -> None:
        self.model = model
        self._names = names

    def operation_of(self, request: Request, body: bytes) -> str | None:
        """Return the operation of a request, or `None` if no operation of the service has such a request."""
        target = request.headers.get("X-Amz-Target")
        if target:
            return self._known(target.rpartition(".")[2])
        rpc = _RPC_V2_PATH.match(request.path)
        if rpc:
            return self._known(rpc.group("operation"))
        # A service may speak several; the request tells which: "query" posts a form.
        spoken = self.model.metadata.get("protocols", [self.model.metadata["protocol"]])
        if {"query", "ec2"} & set(spoken):
            action = parse_qs(body.decode("utf-8", "replace")).get("Action")
            return self._known(action[0] if action else request.args.get("Action", ""))
        if {"rest-json", "rest-xml"} & set(spoken):
            return self._by_route(request)
        return None

    def _target(self, request: Request) -> tuple[str, str]:
        """Return path and query; a bucket that is part of the host comes first in the path, as in the model."""
        path, _, query_string = raw_target(request).partition("?")
        bucket = self._names.bucket(request.headers.get("Host", ""))
        if self.model.service_name == "s3" and bucket is not None:
            path = f"/{bucket}{path}"
        return path, query_string

    def path_members(self, request: Request, operation: str) -> dict[str, str]:
        """Return the members of a request that stand in its path or query."""
        path, query_string = self._target(request)
        members = {name: values[-1] for name, values in parse_qs(query_string).items()}
        for route in self.routes:
            found = route.path.fullmatch(path) if route.operation == operation else None
            if found is not None:
                members |= zip(route.members, map(unquote, found.groups()), strict=True)
        return members

    def _known(self, operation: str) -> str | None:
        return operation if operation in self.model.operation_names else None

    def _by_route(self, request: Request) -> str | None:
        path, query_string = self._target(request)
        query = parse_qs(query_string, keep_blank_values=True)
        headers = {name.lower() for name in request.headers.keys()}  # noqa: SIM118
        best: tuple[tuple[int, int, int, bool], str] | None = None
        for route in self.routes:
            score = route.score(request.method, path, query, headers)
            if score is not None and (best is None or score > best[0]):
                best = (score, route.operation)
        return best[1] if best else None

    @cached_property
    def routes(self) -> list[_Route]:
        """Every operation, as its requests look."""
        return [_route(self.model.operation_model(name)) for name in self.model.operation_names]


def _route(operation: OperationModel) -> _Route:
    template, _, static = operation.http["requestUri"].partition("?")
    shape = operation.input_shape
    required_query: list[str] = []
    required_headers: list[str] = []
    for name in shape.required_members if shape else []:
        serialization = shape.members[name].serialization
        if serialization.get("location") == "querystring":
            required_query.append(serialization["name"])
        elif serialization.get("location") == "header":
            required_headers.append(serialization["name"].lower())
    pattern, members, literal = _path_pattern(template)
    query = tuple(
        (unquote(name), unquote(value) if given else None)
        for name, given, value in (part.partition("=") for part in static.split("&") if part)
    )
    return _Route(
        operation.name,
        operation.http["method"],
        re.compile(pattern),
        members,
        literal,
        query,
        tuple(required_query),
        tuple(required_headers),
        operation.deprecated,
    )


def _path_pattern(template: str) -> tuple[str, tuple[str, ...], int]:
    """Turn `/runtimes/{arn}/x/{Key+}` into a regular expression; also name its groups and count literal characters."""
    pattern, members, literal = "", list[str](), 0
    for part in re.split(r"(\{[^}]+\})", template):
        if part.startswith("{"):
            pattern += "(.+)" if part.endswith("+}") else "([^/]+)"
            members.append(part.strip("{+}"))
        else:
            pattern += re.escape(part)
            literal += len(part)
    pattern = pattern.removesuffix("/") + "/?"
    return pattern, tuple(members), literal
