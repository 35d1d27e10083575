"""The addresses of gateways: inbound authorization, then the target that the path names."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from werkzeug import Request, Response

from local.agentcore.control.gateways.records import HTTP_RUNTIME, USABLE, Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.records import DEFAULT
from local.agentcore.data.access import GATEWAY_KEY
from local.agentcore.data.app import CARD
from local.agentcore.data.gateways.access import METADATA_PATH, GatewayAccess, authorizer_of
from local.agentcore.data.gateways.mcp import McpServer
from local.agentcore.data.gateways.rights import OutboundRights
from local.agentcore.model.app import error_answer, internal_error, request_id
from local.agentcore.model.errors import ServiceError, not_found
from local.agentcore.model.protocol import load_model, raw_path
from local.edge.iam.agentcore import of_invocation
from local.edge.iam.permission import Place
from local.edge.operations import GATEWAY_PREFIX
from local.edge.signatures.claims import ALGORITHM

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_PATH = re.compile(rf"{GATEWAY_PREFIX}(?P<gateway>[^/]+)(?P<rest>/.*)?")
_INVOCATION = re.compile(r"/(?P<target>[^/]+)(?P<below>/invocations(?:/.*)?)")
_COUNTED = "agentcore.local.counted"
_USER = "x-amzn-bedrock-agentcore-runtime-user-id"


class GatewayPlane:
    """A WSGI application.

    Args:
        store: The account's gateways.
        access: Who may call a gateway.
        rights: With which rights it calls its targets.
        runtimes: The data plane of runtimes, which answers for a runtime target.
        mcp: Answers for a gateway with the protocol MCP.
        count: Counts a call of a gateway: its ARN, the target that answered (None for the gateway itself), the status.

    Attributes:
        draw: Draws a number from 0 to 99 for each call that a rule splits. Tests put their own in its place.
    """

    def __init__(
        self,
        store: GatewayStore,
        access: GatewayAccess,
        rights: OutboundRights,
        runtimes: WSGIApplication,
        mcp: McpServer,
        count: Callable[[str, str | None, int], None],
    ) -> None:
        self._model = load_model("bedrock-agentcore")
        self._store = store
        self._access = access
        self._rights = rights
        self._runtimes = runtimes
        self._mcp = mcp
        self._count = count
        self.draw: Callable[[], int] = lambda: secrets.randbelow(100)
        self._place = Place(store.account.region, store.account.account_id)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        start_response = self._counted(environ, start_response)
        try:
            answer = self._serve(request)
        except ServiceError as error:
            answer = error_answer(self._model, error, environ)
        except Exception:
            log.exception("a call of a gateway failed inside the local AgentCore")
            answer = error_answer(self._model, internal_error(), environ)
        if isinstance(answer, Response):
            answer.headers.setdefault("x-amzn-RequestId", request_id(environ))
            return answer(environ, start_response)
        return self._runtimes(answer, start_response)

    def _counted(self, environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
        """Count the call when its answer begins; nothing for a gateway that there is not, and for its documents."""

        def started(status: str, headers: Any, exc_info: Any = None) -> Any:
            arn, target = environ.get(_COUNTED, (None, None))
            if arn is not None:
                self._count(arn, target, int(status.split(" ", 1)[0]))
            return start_response(status, headers, exc_info)

        return started

    def _serve(self, request: Request) -> Response | dict[str, Any]:
        """Return the answer, or the WSGI environment of the request that the runtime answers."""
        found = _PATH.fullmatch(raw_path(request.environ))
        gateway = self._gateway(unquote(found["gateway"]) if found else "")
        path = (found["rest"] if found else None) or "/"
        if path.rstrip("/") == METADATA_PATH:
            if request.method != "GET" or authorizer_of(gateway) is None:
                raise not_found("This gateway takes no bearer tokens.")
            return self._access.sign_in_document(request, gateway)
        request.environ[_COUNTED] = (gateway.arn, None)
        refusal = self._access.refusal(request, gateway)
        if refusal is not None:
            return refusal
        if authorizer_of(gateway) is not None:
            # Of a caller with AWS credentials, the edge has looked at all policies.
            self._rights.check_bearer(gateway)
        if gateway.members.get("protocolType") == "MCP":
            if path.rstrip("/") != "/mcp":
                raise not_found("A gateway with the protocolType MCP is called at /mcp.")
            return self._mcp.answer(request, gateway)
        return self._to_runtime(request, gateway, path)

    def _gateway(self, gateway_id: str) -> Gateway:
        with self._store.using():
            gateway = self._store.gateway(gateway_id)
            if gateway.status not in USABLE:
                raise not_found(f"The gateway '{gateway_id}' is {gateway.status}.")
            return gateway

    def _target(self, gateway: Gateway, name: str) -> Target:
        with self._store.using():
            for target in gateway.targets.values():
                if target.name == name and target.status in USABLE:
                    return target
        raise not_found(f"The gateway '{gateway.id}' has no target '{name}' that is READY.")

    def _routed(self, gateway: Gateway, name: str) -> str:
        """Return the target that the first rule for a target's path leads to; the target itself without one.

        Each call is drawn by itself: whether the service keeps a session on its target is not documented.
        """
        with self._store.using():
            rules = sorted(gateway.rules.values(), key=lambda rule: rule.members["priority"])
            for rule in rules:
                if rule.status in ("ACTIVE", "UPDATING") and rule.matches(f"/{name}/"):
                    drawn = self.draw()
                    for target, weight in rule.targets:
                        if drawn < weight:
                            return target
                        drawn -= weight
        return name

    def _to_runtime(self, request: Request, gateway: Gateway, path: str) -> dict[str, Any]:
        found = _INVOCATION.fullmatch(path)
        if found is None:
            raise not_found("A target is called at TARGET/invocations below the gateway's address.")
        target = self._target(gateway, self._routed(gateway, unquote(found["target"])))
        if target.kind != HTTP_RUNTIME:
            raise not_found(f"'{target.name}' is no HTTP target.")
        request.environ[_COUNTED] = (gateway.arn, target.name)
        arn, endpoint = target.settings["arn"], target.settings.get("qualifier", DEFAULT)
        members = {"agentRuntimeArn": arn, "qualifier": endpoint}
        if _USER in request.headers:
            members[_USER] = request.headers[_USER]
        wanted = [
            each
            for operation in _operations(found["below"])
            for each in of_invocation(operation, members, self._place)
        ]
        self._rights.check(request, gateway, target, wanted)
        path = f"/runtimes/{quote(arn, safe='')}{found['below']}"
        identity = gateway.workload_identity_arn.rpartition("/")[2]
        return _forwarded(request, target, path) | {GATEWAY_KEY: (gateway.arn, identity)}


def _operations(below: str) -> tuple[str, ...]:
    """Return what a gateway may do to a runtime by a call of a path; nothing but invocations and cards goes through.

    No document says which right AWS asks for when a gateway passes on a request for the agent card, so both are needed.
    """
    is_card = below.rstrip("/") == f"/invocations/{CARD}"
    return ("InvokeAgentRuntime", "GetAgentCard") if is_card else ("InvokeAgentRuntime",)


def _forwarded(request: Request, target: Target, path: str) -> dict[str, Any]:
    """Return the request as it reaches the runtime: method, headers and body are the caller's."""
    query = f"qualifier={quote(target.settings.get('qualifier', DEFAULT))}"
    environ = {
        **request.environ,
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "RAW_URI": f"{path}?{query}",
        "REQUEST_URI": f"{path}?{query}",
    }
    # werkzeug keeps the request that it has read there.
    environ.pop("werkzeug.request", None)
    if target.credentials != "JWT_PASSTHROUGH":
        # The signature is the gateway's own, or the caller's made anew for another address; its rights are checked.
        environ["HTTP_AUTHORIZATION"] = f"{ALGORITHM} Credential=gateway"
    return environ
