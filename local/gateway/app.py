"""The one HTTP endpoint: names each request, logs it, injects faults, hands it to its service."""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from local.gateway import errors
from local.gateway.authorization import Authorization
from local.gateway.calls import Call, CallLog
from local.gateway.credentials import CredentialStore, Principal
from local.gateway.faults import GATEWAY_KINDS, Fault, FaultPlan
from local.gateway.local_api import PREFIX as LOCAL_PREFIX
from local.gateway.local_api import LocalApi
from local.gateway.operations import Identity, Operations
from local.gateway.sigv4 import scope_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

CALL_KEY = "local.call"
"""Where a service finds its `Call` in the WSGI environ."""

_UNSIGNED_TARGETS = {"AWSCognitoIdentityProviderService": "cognito-idp"}


class ConnectionCutError(ConnectionError):
    """The answer never arrives: the server closes the connection without one."""


class Gateway:
    """A WSGI application in front of all services.

    Args:
        services: An application for each service of botocore's name that is ours; a key
            `service:Operation` takes one operation of it.
        fallback: Serves everything else (moto).
        credentials: Every key that was issued.
        calls: Where calls are recorded.
        faults: What is to go wrong.
        local_api: Serves `/_local/`.
        operations: botocore's models.
        authorization: What roles may not do; without it everybody may do everything.
    """

    def __init__(
        self,
        *,
        services: Mapping[str, WSGIApplication],
        fallback: WSGIApplication,
        credentials: CredentialStore,
        calls: CallLog,
        faults: FaultPlan,
        local_api: LocalApi,
        operations: Operations | None = None,
        authorization: Authorization | None = None,
    ) -> None:
        self._services = services
        self._fallback = fallback
        self._credentials = credentials
        self._calls = calls
        self._faults = faults
        self._local_api = local_api
        self._operations = operations or Operations()
        self._authorization = authorization
        # moto's conditional writes read and then write without a lock of their own: two threads
        # would both pass the condition, and the lock of an environment would have two holders.
        self._locks: dict[str, threading.Lock] = {"dynamodb": threading.Lock()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        body = request.get_data(cache=False)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("wsgi.input_terminated", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if request.path.startswith(LOCAL_PREFIX):
            return self._local_api.respond(request, body)(environ, start_response)
        call = self._name(request, body)
        environ[CALL_KEY] = call
        caller = call.caller.name if call.caller else None
        fault = self._faults.take(call.service, call.operation, GATEWAY_KINDS, caller)
        fault = fault or self._denied(call, request, body)
        return self._serve(call, fault, request, environ, start_response)

    def _denied(self, call: Call, request: Request, body: bytes) -> Fault | None:
        """Say whether the caller's role may do this, as a fault if it may not."""
        role = call.caller.role_arn if call.caller else None
        if self._authorization is None or role is None or call.operation is None:
            return None
        members = self._operations.members(request, Identity(call.service, call.operation), body)
        reason = self._authorization.refusal(role, call.service, call.operation, members)
        if reason is None:
            return None
        log.warning("%s", reason)
        return Fault(call.service, call.operation, "accessDenied", reason=reason)

    def _name(self, request: Request, body: bytes) -> Call:
        scope = scope_of(request)
        caller: Principal | None = None
        if scope is not None:
            known = self._credentials.find(scope.access_key_id)
            caller = known.principal if known else None
            identity = self._operations.identify(request, scope.service, body)
        else:
            identity = self._unsigned(request, body)
        return Call(
            service=identity.service,
            operation=identity.operation,
            caller=caller,
            request_id=str(uuid.uuid4()),
            at=time.time(),
        )

    def _unsigned(self, request: Request, body: bytes) -> Identity:
        """Name a request without SigV4: bearer tokens, public keys, public Cognito operations."""
        path = request.path
        target = request.headers.get("X-Amz-Target", "").partition(".")[0]
        if target in _UNSIGNED_TARGETS:
            return self._operations.identify(request, _UNSIGNED_TARGETS[target], body)
        if path.startswith(("/runtimes/", "/mcp")):
            identity = self._operations.identify(request, "bedrock-agentcore", body)
            return Identity("bedrock-agentcore", identity.operation)
        if path.endswith(("/.well-known/jwks.json", "/.well-known/openid-configuration")):
            return Identity("cognito-idp", None)
        if path.startswith("/oauth2/"):
            return Identity("cognito-idp", None)
        return self._operations.identify(request, "s3", body)

    def _serve(
        self,
        call: Call,
        fault: Fault | None,
        request: Request,
        environ: WSGIEnvironment,
        start: StartResponse,
    ) -> Iterable[bytes]:
        if fault is not None and fault.kind == "timeoutBefore":
            self._cut(call, environ, fault)
        if fault is not None and fault.kind != "timeoutAfter":
            model = self._operations.service(call.service)
            error = errors.fault_error(fault, model, call.operation)
            return self._answer(
                call, errors.respond(error, model, call.request_id, request), environ, start
            )
        app = self._app(call)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if fault is None:
                # Recorded before the answer is seen, so that who has it finds the call in the log.
                call.status = int(status.split(" ", 1)[0])
                self._calls.record(call)
            if not any(name.lower() in _REQUEST_ID_HEADERS for name, _ in headers):
                headers = [*headers, ("x-amzn-RequestId", call.request_id)]
            return start(status, headers, exc_info) if exc_info else start(status, headers)

        lock: AbstractContextManager[Any] = self._locks.get(call.service, nullcontext())
        try:
            with lock:
                chunks = app(environ, started)
        except ConnectionError:
            self._calls.record(call)
            raise
        except NotImplementedError as missing:
            model = self._operations.service(call.service)
            unknown = errors.ServiceError("UnknownOperationException", str(missing), 501)
            return self._answer(
                call, errors.respond(unknown, model, call.request_id, request), environ, start
            )
        except Exception:
            log.exception("%s %s failed in the embedded AWS", call.service, call.operation)
            model = self._operations.service(call.service)
            error = errors.ServiceError(
                "InternalFailure", f"The embedded AWS failed at {call.operation}.", 500
            )
            return self._answer(
                call, errors.respond(error, model, call.request_id, request), environ, start
            )
        if fault is not None:
            self._cut(call, environ, fault)
        return chunks

    def _answer(
        self, call: Call, response: Response, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        call.status = response.status_code
        self._calls.record(call)
        return response(environ, start)

    def _app(self, call: Call) -> WSGIApplication:
        by_operation = self._services.get(f"{call.service}:{call.operation}")
        return by_operation or self._services.get(call.service) or self._fallback

    def _cut(self, call: Call, environ: WSGIEnvironment, fault: Fault) -> None:
        """Hold the connection as long as the fault says, then close it without an answer."""
        self._calls.record(call)
        time.sleep(fault.seconds or 0)
        connection = environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionCutError(f"{fault.kind} of {call.service} {call.operation}")


_REQUEST_ID_HEADERS = {"x-amzn-requestid", "x-amz-request-id"}
