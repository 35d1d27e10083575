"""Name the service and the operation of any AWS request, from botocore's own service models."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from botocore.model import ServiceModel
from werkzeug import Request

from local.edge.cbor import cbor_value, is_cbor
from local.edge.host_names import HostNames
from local.edge.service_models import reading_session
from local.edge.service_requests import ServiceRequests
from local.edge.signatures.claims import raw_target

SERVICES_BY_SIGNING_NAME: dict[str, tuple[str, ...]] = {
    "bedrock": ("bedrock-runtime", "bedrock"),
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
    "email": ("sesv2", "ses"),
    "monitoring": ("cloudwatch",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""botocore's service names where they are not the signing name (`metadata.signingName` there)."""

SERVICES_BY_TARGET: dict[str, str] = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSEvents": "events",
    "AWSStepFunctions": "stepfunctions",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "CodeBuild_20161006": "codebuild",
    "DynamoDB_20120810": "dynamodb",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Logs_20140328": "logs",
    "ResourceGroupsTaggingAPI_20170126": "resourcegroupstaggingapi",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}
"""Services by what begins `X-Amz-Target` (`metadata.targetPrefix`), for requests that no signature names."""

GATEWAY_PREFIX = "/_gateways/"
"""Where the paths of AgentCore's gateways begin. In AWS each has a host of its own; not every machine resolves names
below `localhost`, and no bucket, whose path would look the same, begins with `_`."""

DATA_PLANE_PATHS = (
    GATEWAY_PREFIX,
    "/ab-tests",
    "/browsers/",
    "/code-interpreters/",
    "/evaluations/",
    "/harnesses/",
    "/identities/",
    "/memories/",
    "/payments/",
    "/runtimes/",
    "/web-search/",
)
"""Where paths of AgentCore's data plane begin, for requests with a bearer token or without anything."""

_TAG = re.compile(r"Tags\.member\.(?P<number>\d+)\.(?P<part>Key|Value)")

_INVOCATION = re.compile(r"/runtimes/[^/?]+/invocations/?(?:\?|$)")
_WEBSOCKET = re.compile(r"/runtimes/(?P<runtime>[^/?]+)/ws/?(?:\?|$)")
_GATEWAY = re.compile(rf"{GATEWAY_PREFIX}(?P<gateway>[^/?]+)")

WEBSOCKET, GATEWAY = "InvokeAgentRuntimeWithWebSocketStream", "InvokeGateway"
UNMODELLED = {"bedrock-agentcore": (WEBSOCKET, GATEWAY)}
"""Operations that botocore's models do not have: a handshake, and what goes to a gateway's own address (service
authorization reference, AgentCore)."""

_TELLING_HEADERS = frozenset(
    {
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-tagging",
        "x-amzn-bedrock-agentcore-runtime-user-id",
    }
)
"""Headers that ask for more permissions than the operation itself needs."""


@dataclass(frozen=True)
class Identity:
    """What a request is. `service` is botocore's name, `operation` `None` if there is no such."""

    service: str
    operation: str | None


class Operations:
    """botocore's models, loaded when first asked for; safe between threads.

    Args:
        names: By which names the local AWS is asked for; those of loopback if omitted.
    """

    def __init__(self, names: HostNames | None = None) -> None:
        self._names = names or HostNames()
        self._session = reading_session()
        self._models: dict[str, ServiceRequests | None] = {}
        self._lock = threading.Lock()

    def service(self, name: str) -> ServiceModel | None:
        """Return botocore's model of a service, or `None` if there is none of that name."""
        service = self._service(name)
        return service.model if service else None

    def names(self, service: str) -> list[str]:
        """Return the names of a service's operations; of a service without a model, none."""
        model = self.service(service)
        return [*(model.operation_names if model else ()), *UNMODELLED.get(service, ())]

    def identify(self, request: Request, signing_name: str, body: bytes) -> Identity:
        """Name the service and the operation of a request.

        Args:
            request: The request.
            signing_name: The service in its SigV4 scope, such as `states`.
            body: Its body (the query protocol has the operation there).

        Returns:
            The operation's name is `None` if no operation has such a request; the service's name is then the first one
            with this signing name, for AgentCore that of its data plane.
        """
        names = SERVICES_BY_SIGNING_NAME.get(signing_name, (signing_name,))
        for name in names:
            service = self._service(name)
            operation = service.operation_of(request, body) if service else None
            if operation is not None:
                return Identity(name, operation)
        if signing_name == "bedrock-agentcore":
            return Identity(signing_name, _of_runtime(request))
        return Identity(names[0], None)

    def members(self, request: Request, identity: Identity, body: bytes) -> dict[str, Any]:
        """Read the members of a request's input as far as they stand in path, query or body, and telling headers.

        Args:
            request: The request.
            identity: What it is, from `identify`.
            body: Its body.

        Returns:
            Members by their names on the wire. Of a body that is neither JSON nor CBOR only these are known: `Objects`
            of S3's DeleteObjects, pairs of a key and a version's id or `None`; and the members of IAM's forms.
        """
        service = self._service(identity.service)
        if service is None or identity.operation is None:
            return {}
        if identity == Identity("s3", "DeleteObjects"):
            in_body: dict[str, Any] = {"Objects": _objects(body)}
        elif identity.service == "iam":
            in_body = _form_members(body)
        else:
            in_body = _body_members(request, body)
        headers = {
            name.lower(): value
            for name, value in request.headers.items()
            if name.lower() in _TELLING_HEADERS
        }
        in_path = service.path_members(request, identity.operation)
        opened = _WEBSOCKET.match(raw_target(request))
        if identity.operation == WEBSOCKET and opened is not None:
            in_path["agentRuntimeArn"] = unquote(opened["runtime"])
        gateway = _GATEWAY.match(raw_target(request))
        if identity.operation == GATEWAY and gateway is not None:
            in_path["gatewayIdentifier"] = unquote(gateway["gateway"])
        return {**in_body, **headers, **in_path}

    def unsigned(self, identity: Identity) -> bool:
        """Say whether an operation takes requests that nobody signed, such as Cognito's InitiateAuth.

        The caller's policies count nothing for it (botocore's model: `authtype` none).
        """
        model = self.service(identity.service)
        if model is None or identity.operation not in model.operation_names:
            return False
        return bool(model.operation_model(identity.operation).auth_type == "none")

    def unsigned_body(self, identity: Identity) -> bool:
        """Say whether the signature of an operation's requests may leave out the body."""
        model = self.service(identity.service)
        if model is None or identity.operation not in model.operation_names:
            return False
        return bool(model.operation_model(identity.operation).unsigned_payload)

    def _service(self, name: str) -> ServiceRequests | None:
        with self._lock:
            if name not in self._models:
                known = name in self._session.get_available_services()
                self._models[name] = (
                    ServiceRequests(self._session.get_service_model(name), self._names)
                    if known
                    else None
                )
            return self._models[name]


def _of_runtime(request: Request) -> str | None:
    """Return the operation of a request to a runtime or gateway that is none of the model's by method and path."""
    target = raw_target(request)
    if _WEBSOCKET.match(target) is not None:
        return WEBSOCKET
    if _GATEWAY.match(target) is not None:
        return GATEWAY
    # An MCP client also asks with GET and DELETE for what the model knows by POST alone.
    return "InvokeAgentRuntime" if _INVOCATION.match(target) is not None else None


def _body_members(request: Request, body: bytes) -> dict[str, Any]:
    try:
        if is_cbor(request):
            read = cbor_value(body)
        elif "json" in (request.content_type or "") or "X-Amz-Target" in request.headers:
            read = json.loads(body or b"{}")
        else:
            read = {}
    except ValueError:
        # The service says itself what is wrong with it.
        return {}
    return read if isinstance(read, dict) else {}


def _form_members(body: bytes) -> dict[str, Any]:
    """Read a form of the query protocol: its plain members, and `Tags`."""
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    members: dict[str, Any] = {name: value for name, value in fields.items() if "." not in name}
    tags: dict[str, dict[str, str]] = {}
    for name, value in fields.items():
        tag = _TAG.fullmatch(name)
        if tag is not None:
            tags.setdefault(tag["number"], {})[tag["part"]] = value
    return {**members, "Tags": [*tags.values()]} if tags else members


def _objects(body: bytes) -> list[tuple[str, str | None]]:
    try:
        objects = ElementTree.fromstring(body).iterfind("{*}Object")  # noqa: S314 - from loopback
    except ElementTree.ParseError:
        return []
    return [(item.findtext("{*}Key", ""), item.findtext("{*}VersionId")) for item in objects]
