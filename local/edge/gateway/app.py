"""The one HTTP endpoint: names each request, logs it, injects faults, hands it to its service."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from local.edge import errors
from local.edge.calls import Call, CallLog
from local.edge.credentials import CredentialStore
from local.edge.faults import GATEWAY_KINDS, Fault, FaultPlan
from local.edge.hosts import stranger
from local.edge.iam.authorization import Authorization, Sender
from local.edge.iam.s3 import needed_to_see_nothing
from local.edge.local_api import PREFIX as LOCAL_PREFIX
from local.edge.local_api import LocalApi
from local.edge.operations import (
    DATA_PLANE_PATHS,
    SERVICES_BY_TARGET,
    Identity,
    Operations,
)
from local.edge.pages import WithoutPages
from local.edge.sigv4 import scope_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

CALL_KEY = "local.call"
"""Where a service finds its `Call` in the WSGI environ."""

_COGNITO_DOCUMENTS = ("/.well-known/jwks.json", "/.well-known/openid-configuration")
_CLOSED = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
"""Paths that moto takes for its own control API and for EC2's metadata service, whoever asks."""


class _HiddenError(Exception):
    """The caller may not know that an object is not there; the message says which permission is missing."""


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
        self._fallback = WithoutPages(fallback)
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
        broken: errors.ServiceError | None = None
        body = b""
        try:
            body = request.get_data(cache=False)
        except ConnectionError:
            raise
        except (OSError, HTTPException) as error:
            broken = errors.malformed(str(error))
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("wsgi.input_terminated", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if request.path.startswith(LOCAL_PREFIX):
            return self._local(request, body, broken)(environ, start_response)
        call = self._call(request)
        environ[CALL_KEY] = call
        fault: Fault | None = None
        try:
            self._name(call, request, body)
            refusal = broken or self._refusal(call, request)
            if refusal is None:
                caller = call.caller.name if call.caller else None
                fault = self._faults.take(call.service, call.operation, GATEWAY_KINDS, caller)
                fault = fault or self._denied(call, request, body)
        except Exception:
            log.exception("%s %s could not be named or authorised", request.method, request.path)
            refusal = errors.internal_failure(call.operation)
        if refusal is not None:
            return self._error(call, refusal, request, environ, start_response)
        return self._serve(call, fault, request, environ, start_response)

    def _local(self, request: Request, body: bytes, broken: errors.ServiceError | None) -> Response:
        if (why := stranger(request)) is not None:
            return _message(why.status, why.message)
        if broken is not None:
            return _message(broken.status, broken.message)
        try:
            return self._local_api.respond(request, body)
        except Exception:
            log.exception("%s %s failed in the embedded AWS", request.method, request.path)
            return _message(500, "The embedded AWS failed; its log says at what.")

    def _refusal(self, call: Call, request: Request) -> errors.ServiceError | None:
        """Say why nobody may do this, whatever the roles' policies allow."""
        model = self._operations.service(call.service)
        why = stranger(request)
        if why is not None:
            log.warning("refused %s %s: %s", call.service, call.operation, why.message)
            if why.status == 403:
                return errors.forbidden(model, why.message)
            return errors.ServiceError(why.code, why.message, why.status)
        if request.path.startswith(_CLOSED):
            return errors.forbidden(model, "This is no path of an AWS service.")
        if call.caller is not None:
            served = self._app(call) is not self._fallback or call.operation is not None
            return None if served else errors.not_served(model, None)
        if scope_of(request) is not None:
            return errors.unknown_key(model)
        return None if self._may_be_unsigned(call, request) else errors.missing_token(model)

    def _may_be_unsigned(self, call: Call, request: Request) -> bool:
        """Say whether AWS serves such a request without a signature.

        AgentCore's data plane asks for a signature itself where a runtime takes no bearer tokens.
        """
        if call.service == "bedrock-agentcore":
            return True
        if call.service == "cognito-idp" and call.operation is None:
            return request.path.startswith("/oauth2/") or request.path.endswith(_COGNITO_DOCUMENTS)
        return self._operations.unsigned(Identity(call.service, call.operation))

    def _denied(self, call: Call, request: Request, body: bytes) -> Fault | None:
        """Say whether the caller's role may do this, as a fault if it may not."""
        role = call.caller.role_arn if call.caller else None
        if self._authorization is None or role is None or call.operation is None:
            return None
        identity = Identity(call.service, call.operation)
        if self._operations.unsigned(identity):
            return None
        members = self._operations.members(request, identity, body)
        sender = self._sender(call, request)
        reason = self._authorization.refusal(role, call.service, call.operation, members, sender)
        if reason is None:
            return None
        log.warning("%s", reason)
        return Fault(call.service, call.operation, "accessDenied", reason=reason)

    def _call(self, request: Request) -> Call:
        """Return what the signature alone says of a request."""
        scope = scope_of(request)
        known = self._credentials.find(scope.access_key_id) if scope is not None else None
        return Call(
            service=scope.service if scope is not None else "s3",
            operation=None,
            caller=known.principal if known else None,
            request_id=str(uuid.uuid4()),
            at=time.time(),
        )

    def _name(self, call: Call, request: Request, body: bytes) -> None:
        """Fill in service and operation."""
        signed = scope_of(request) is not None
        identity = (
            self._operations.identify(request, call.service, body)
            if signed
            else self._unsigned(request, body)
        )
        call.service, call.operation = identity.service, identity.operation

    def _unsigned(self, request: Request, body: bytes) -> Identity:
        """Name a request without SigV4: bearer tokens, public keys, public Cognito operations."""
        path = request.path
        target = request.headers.get("X-Amz-Target")
        if target is not None:
            service = SERVICES_BY_TARGET.get(target.partition(".")[0])
            # Without a model the error is written as JSON, which every service with this header speaks.
            return (
                self._operations.identify(request, service, body)
                if service
                else Identity("unknown", None)
            )
        if path.startswith(DATA_PLANE_PATHS):
            return self._operations.identify(request, "bedrock-agentcore", body)
        if path.endswith(_COGNITO_DOCUMENTS) or path.startswith("/oauth2/"):
            return Identity("cognito-idp", None)
        if (request.content_type or "").startswith("application/x-www-form-urlencoded"):
            # The query protocol; of it STS alone has operations that nobody signs.
            return self._operations.identify(request, "sts", body)
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
            return self._error(call, error, request, environ, start)
        app = self._app(call)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._look(call, request, status)
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
        except _HiddenError as hidden:
            denied = Fault(call.service, str(call.operation), "accessDenied", reason=str(hidden))
            error = errors.fault_error(
                denied, self._operations.service(call.service), call.operation
            )
            return self._error(call, error, request, environ, start)
        except NotImplementedError:
            log.warning("not served: %s %s", call.service, call.operation)
            unknown = errors.not_served(self._operations.service(call.service), call.operation)
            return self._error(call, unknown, request, environ, start)
        except Exception:
            log.exception("%s %s failed in the embedded AWS", call.service, call.operation)
            failure = errors.internal_failure(call.operation)
            return self._error(call, failure, request, environ, start)
        if fault is not None:
            # Nobody reads them, so nobody else ends what they hold, such as a session's place.
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
            self._cut(call, environ, fault)
        return chunks

    def _look(self, call: Call, request: Request, status: str) -> None:
        """Stop an answer that the service would not give.

        Raises:
            _HiddenError: It says that an object is not there, to somebody who may not list the bucket.
        """
        if call.service != "s3" or not status.startswith("404"):
            return
        role = call.caller.role_arn if call.caller else None
        if self._authorization is None or role is None or call.operation is None:
            return
        identity = Identity(call.service, call.operation)
        members = self._operations.members(request, identity, b"")
        needed = needed_to_see_nothing(call.operation, members)
        if needed is None:
            return
        reason = self._authorization.lacks(role, [needed], self._sender(call, request))
        if reason is not None:
            raise _HiddenError(reason)

    @staticmethod
    def _sender(call: Call, request: Request) -> Sender:
        scope = scope_of(request)
        return Sender(
            region=scope.region if scope else "",
            source_ip=request.remote_addr or "",
            user_agent=request.headers.get("User-Agent"),
            referer=request.headers.get("Referer"),
            at=call.at,
        )

    def _error(
        self,
        call: Call,
        error: errors.ServiceError,
        request: Request,
        environ: WSGIEnvironment,
        start: StartResponse,
    ) -> Iterable[bytes]:
        """Answer with an error in the protocol of the service, and record the call."""
        model = self._operations.service(call.service)
        response = errors.respond(error, model, call.request_id, request)
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


def _message(status: int, text: str) -> Response:
    """Return an error of the embedded AWS's own API."""
    return Response(json.dumps({"message": text}), status, content_type="application/json")
