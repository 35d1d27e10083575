"""Name the service and the operation of any AWS request, from botocore's own service models."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from werkzeug import Request

from local.gateway.sigv4 import raw_target

SERVICES_BY_SIGNING_NAME: dict[str, tuple[str, ...]] = {
    "bedrock": ("bedrock-runtime", "bedrock"),
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
    "email": ("sesv2", "ses"),
    "monitoring": ("cloudwatch",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""botocore's service names where they are not the signing name (`metadata.signingName` there)."""

_OF_CLIENTS = Loader()
_OF_REQUESTS = Loader()
"""Read botocore's model files; shared, since reading one takes up to a tenth of a second.

Two, because a client writes into what it was given: the first S3 call with a bucket takes
`/{Bucket}` out of the operation's path in the model (botocore's
`handlers.remove_bucket_from_url_paths_from_model`), and no request would fit that path again.
"""


def new_session() -> botocore.session.Session:
    """Return a botocore session for clients; model files are read at most once in this process."""
    return _session(_OF_CLIENTS)


def _session(loader: Loader) -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", loader)
    return session


_RPC_V2_PATH = re.compile(r"^/service/[^/]+/operation/(?P<operation>\w+)$")


@dataclass(frozen=True)
class Identity:
    """What a request is. `service` is botocore's name, `operation` `None` if there is no such."""

    service: str
    operation: str | None


@dataclass(frozen=True)
class _Route:
    """How a request of one REST operation looks."""

    operation: str
    method: str
    path: re.Pattern[str]
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


class Operations:
    """botocore's models, loaded when first asked for; safe between threads."""

    def __init__(self) -> None:
        self._session = _session(_OF_REQUESTS)
        self._models: dict[str, _Service | None] = {}
        self._lock = threading.Lock()

    def service(self, name: str) -> ServiceModel | None:
        """Return botocore's model of a service, or `None` if there is none of that name."""
        service = self._service(name)
        return service.model if service else None

    def identify(self, request: Request, signing_name: str, body: bytes) -> Identity:
        """Name the service and the operation of a request.

        Args:
            request: The request.
            signing_name: The service in its SigV4 scope, such as `states`.
            body: Its body (the query protocol has the operation there).

        Returns:
            The operation's name is `None` if no operation has such a request; the service's name
            is then the first one with this signing name.
        """
        names = SERVICES_BY_SIGNING_NAME.get(signing_name, (signing_name,))
        for name in names:
            service = self._service(name)
            operation = service.operation_of(request, body) if service else None
            if operation is not None:
                return Identity(name, operation)
        return Identity(names[0], None)

    def _service(self, name: str) -> _Service | None:
        with self._lock:
            if name not in self._models:
                known = name in self._session.get_available_services()
                self._models[name] = (
                    _Service(self._session.get_service_model(name)) if known else None
                )
            return self._models[name]


class _Service:
    def __init__(self, model: ServiceModel) -> None:
        self.model = model

    def operation_of(self, request: Request, body: bytes) -> str | None:
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

    def _known(self, operation: str) -> str | None:
        return operation if operation in self.model.operation_names else None

    def _by_route(self, request: Request) -> str | None:
        path, _, query_string = raw_target(request).partition("?")
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
        return [
            _route(self.model.operation_model(name), self.model.service_name)
            for name in self.model.operation_names
        ]


def _route(operation: OperationModel, service: str) -> _Route:
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
    pattern, literal = _path_pattern(template, service)
    query = tuple(
        (unquote(name), unquote(value) if given else None)
        for name, given, value in (part.partition("=") for part in static.split("&") if part)
    )
    return _Route(
        operation.name,
        operation.http["method"],
        re.compile(pattern),
        literal,
        query,
        tuple(required_query),
        tuple(required_headers),
        operation.deprecated,
    )


def _path_pattern(template: str, service: str) -> tuple[str, int]:
    """Turn `/runtimes/{arn}/x/{Key+}` into a regular expression; also count literal characters."""
    pattern, literal = "", 0
    for part in re.split(r"(\{[^}]+\})", template):
        if part.startswith("{"):
            pattern += ".+" if part.endswith("+}") else "[^/]+"
        else:
            pattern += re.escape(part)
            literal += len(part)
    pattern = pattern.removesuffix("/") + "/?"
    return pattern, literal
