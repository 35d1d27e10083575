"""The data plane: InvokeAgentRuntime, WebSockets, GetAgentCard, StopRuntimeSession, and the sign-in document.

What it does not serve is refused with the model's ValidationException, after the runtime was looked up and the caller
was authenticated, as a served operation would be.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug import Request, Response

from local.agentcore.control.store import Store
from local.agentcore.data.access import Access, metadata_document, unsigned
from local.agentcore.data.calls import AgentCalls
from local.agentcore.data.discovery import Discovery, DiscoveryError
from local.agentcore.data.identity.headers import WorkloadHeaders
from local.agentcore.data.proxy import AgentGoneError, AgentTimeoutError
from local.agentcore.data.sessions import Sessions
from local.agentcore.data.start import AgentStartTimeoutError
from local.agentcore.data.target import Target, find_target
from local.agentcore.data.vended.application_logs import ApplicationLogs
from local.agentcore.data.websocket.calls import WebSocketCalls
from local.agentcore.data.websocket.handshake import authorization_of
from local.agentcore.evaluations.telemetry import Telemetry
from local.agentcore.model.app import internal_error, request_id, unknown_operation
from local.agentcore.model.error_answers import ErrorAnswers
from local.agentcore.model.errors import (
    ServiceError,
    invalid,
    invalid_field,
    not_found,
    not_served,
)
from local.agentcore.model.protocol import Routes, answer, load_model, parse_request, raw_path
from local.agentcore.model.validation import check_request
from local.agentcore.settings import Quotas
from local.readings import Readings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

# An ARN that was not URL-encoded has slashes of its own: it is no path of this service.
_PATH = re.compile(
    r"/runtimes/(?P<arn>[^/]+)/"
    r"(?P<rest>invocations/?|commands/?|ws/?|stopruntimesession/?"
    r"|invocations/\.well-known/oauth-protected-resource/?"
    r"|invocations/\.well-known/agent-card\.json/?)"
)
_UNSERVED = {"commands": "InvokeAgentRuntimeCommand"}
_WEBSOCKET = "ws"
CARD = ".well-known/agent-card.json"
"""Where the card of an A2A agent is, below the path of an invocation."""
_OPERATIONS = {
    "invocations": "InvokeAgentRuntime",
    "stopruntimesession": "StopRuntimeSession",
    _WEBSOCKET: "InvokeAgentRuntimeWithWebSocketStream",
    f"invocations/{CARD}": "GetAgentCard",
    **_UNSERVED,
}


_DRAIN_BYTES = 1024 * 1024


class DataPlane:
    """A WSGI application.

    Args:
        store: The account's runtimes.
        access: Who may invoke.
        discovery: OpenID providers, for the sign-in document.
        sessions: The running agents.
        quotas: Limits of size and time.
        clients: Gives the boto3 client of a service, for the spans of agents.
        readings: When a body that is too large is refused, and how large a frame of a WebSocket may be.
        application_logs: Records the calls for whoever wants them delivered.
        workload_headers: Give agents their workload access tokens.

    Attributes:
        telemetry: The spans of agents.
    """

    def __init__(
        self,
        *,
        store: Store,
        access: Access,
        discovery: Discovery,
        sessions: Sessions,
        quotas: Quotas,
        clients: Callable[[str], Any],
        readings: Readings,
        application_logs: ApplicationLogs,
        workload_headers: WorkloadHeaders,
    ) -> None:
        self.model = load_model("bedrock-agentcore")
        self._store = store
        self._access = access
        self._discovery = discovery
        self._sessions = sessions
        self._quotas = quotas
        self._readings = readings
        self._application_logs = application_logs
        self.telemetry = Telemetry(clients, store.delays, store.clock)
        self._agents = AgentCalls(sessions, quotas, self.telemetry, workload_headers)
        self._websockets = WebSocketCalls(sessions, quotas, readings, workload_headers)
        self._routes = Routes(self.model, self.model.operation_names)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        errors = ErrorAnswers(self.model, request)
        try:
            response = self._serve(request, errors)
        except Exception as error:  # noqa: BLE001 - answered, and logged where it is a fault of this code
            response = _failed(errors, error)
        response.headers.setdefault("x-amzn-RequestId", request_id(environ))
        return response(environ, start_response)

    def _serve(self, request: Request, errors: ErrorAnswers) -> Response:
        path = raw_path(request.environ)
        body = self._body(request)
        if self.refuses_unseen(body):
            raise _oversized(self._quotas.payload_bytes)
        found = _PATH.fullmatch(path)
        if found is None:
            return self._elsewhere(request, path)
        arn, rest = unquote(found["arn"]), found["rest"].rstrip("/")
        target = find_target(
            self._store, arn, request.args.get("qualifier"), request.args.get("accountId")
        )
        if rest.endswith("oauth-protected-resource"):
            return _sign_in_document(request, target, self._discovery)
        if rest == "invocations":
            errors.protocol, errors.body = target.protocol, body
        authorization = authorization_of(request) if rest == _WEBSOCKET else None
        refusal = self._access.refusal(request, target, _OPERATIONS[rest], authorization)
        if refusal is not None:
            return errors.refusal(refusal)
        if len(body) > self._quotas.payload_bytes:
            raise _oversized(self._quotas.payload_bytes)
        if rest in _UNSERVED:
            raise not_served(_UNSERVED[rest])
        if rest == _WEBSOCKET:
            _check_metadata_service(target)
            return self._websockets.call(request, target)
        if rest == "stopruntimesession":
            return self._stop(request, body, target, arn)
        if rest.endswith(CARD):
            return self._card(request, body, target, arn)
        return self._invoke(request, body, target, arn)

    def _elsewhere(self, request: Request, path: str) -> Response:
        """Answer a request to a path that is no runtime's: one of the operations that are not served, or none."""
        known = self._routes.find(request.method, path)
        if known is None:
            raise not_found("No runtime has this path. Is the ARN URL-encoded?")
        refusal = unsigned(request)
        if refusal is not None:
            return refusal
        raise not_served(known[0].name)

    def _body(self, request: Request) -> bytes:
        """Read the body; of one that is too large only so much that it shows."""
        body = request.stream.read(self._quotas.payload_bytes + 1)
        while request.stream.read(_DRAIN_BYTES):
            continue  # a client that is still sending could not read our answer
        return body

    def refuses_unseen(self, body: bytes) -> bool:
        """Say whether a body is too large, and is refused before anybody looks who sent it."""
        before = self._readings["oversized-body"] == "before-authorization"
        return before and len(body) > self._quotas.payload_bytes

    def _stop(self, request: Request, body: bytes, target: Target, arn: str) -> Response:
        if request.method != "POST":
            return unknown_operation()
        operation = self.model.operation_model("StopRuntimeSession")
        members = self._members(operation, request, arn, body)
        session_id = members["runtimeSessionId"]
        self._sessions.stop(target, session_id)
        return answer(operation, {"runtimeSessionId": session_id})

    def _invoke(self, request: Request, body: bytes, target: Target, arn: str) -> Response:
        methods = ("POST", "GET", "DELETE") if target.protocol == "MCP" else ("POST",)
        if request.method not in methods:
            return unknown_operation()
        operation = self.model.operation_model("InvokeAgentRuntime")
        members = self._members(operation, request, arn, body)
        _check_metadata_service(target)
        mcp_id = members.get("mcpSessionId") if target.protocol == "MCP" else None
        session_id = members.get("runtimeSessionId") or mcp_id or str(uuid.uuid4())
        response = self._agents.call(request, body, target, session_id, target.path)
        return self._application_logs.record(response, request, body, target, session_id)

    def _card(self, request: Request, body: bytes, target: Target, arn: str) -> Response:
        """Return the card of an A2A agent, as the agent itself gives it."""
        if request.method != "GET":
            return unknown_operation()
        operation = self.model.operation_model("GetAgentCard")
        members = self._members(operation, request, arn, body)
        if target.protocol != "A2A":
            message = f"The runtime's protocol is {target.protocol}: only an A2A agent has a card."
            raise invalid(message)
        _check_metadata_service(target)
        session_id = members.get("runtimeSessionId") or str(uuid.uuid4())
        return self._agents.call(
            request, body, target, session_id, f"{target.path.rstrip('/')}/{CARD}"
        )

    def _members(self, operation: Any, request: Request, arn: str, body: bytes) -> dict[str, Any]:
        members = parse_request(operation, request, {"agentRuntimeArn": arn}, body)
        check_request(operation.input_shape, members)
        return members


def _sign_in_document(request: Request, target: Target, discovery: Discovery) -> Response:
    if request.method != "GET" or target.authorizer is None:
        raise not_found("This runtime takes no bearer tokens.")
    try:
        issuer = discovery.provider(target.authorizer["discoveryUrl"]).issuer
    except DiscoveryError:
        # The document must not fail for that: the issuer is the URL before its well-known part.
        issuer = target.authorizer["discoveryUrl"].split("/.well-known/")[0]
    return metadata_document(request, target, issuer)


def _oversized(limit: int) -> ServiceError:
    return invalid_field("payload", f"Member must have length less than or equal to {limit}")


def _check_metadata_service(target: Target) -> None:
    if not target.requires_mmds_v2:
        raise ServiceError(
            "RuntimeClientError",
            "The runtime was not made for version 2 of the metadata service. Update it with "
            "metadataConfiguration.requireMMDSV2 set to true.",
        )


def _failed(errors: ErrorAnswers, error: Exception) -> Response:
    """Make the answer for whatever a request ended with."""
    if isinstance(error, AgentTimeoutError):
        return errors.too_late("The runtime did not answer in time.")
    if isinstance(error, AgentStartTimeoutError):
        return errors.too_late(str(error))
    if isinstance(error, AgentGoneError):
        message = "The runtime ends as soon as it started."
        return errors.of(ServiceError("RuntimeClientError", message))
    if isinstance(error, ServiceError):
        return errors.of(error)
    log.error("an invocation failed inside the local AgentCore", exc_info=error)
    return errors.of(internal_error())
