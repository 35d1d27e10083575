"""The one HTTP endpoint: names each request, logs it, injects faults, hands it to its service."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from local.edge import errors
from local.edge.calls import Call, CallLog
from local.edge.credentials import CredentialStore
from local.edge.faults import DELAY_KINDS, GATEWAY_KINDS, Fault, FaultPlan
from local.edge.gateway.answers import Answers
from local.edge.gateway.hosts import OnLoopback, distant
from local.edge.gateway.identification import Identification
from local.edge.gateway.pages import WithoutPages
from local.edge.gateway.policies import HiddenError, PolicyCheck
from local.edge.gateway.refusals import Refusals
from local.edge.host_names import HostNames
from local.edge.iam.authorization import Authorization
from local.edge.local_api import PREFIX as LOCAL_PREFIX
from local.edge.local_api import LocalApi
from local.edge.operations import Operations

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

CALL_KEY = "local.call"
"""Where a service finds its `Call` in the WSGI environ."""


@runtime_checkable
class Hasty(Protocol):
    """A service that refuses some requests before anybody looks who sent them."""

    def refuses_unseen(self, body: bytes) -> bool:
        """Say whether it refuses a request with such a body."""


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
        names: By which names it is asked for; those of loopback if omitted.
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
        names: HostNames | None = None,
    ) -> None:
        self._services = services
        self._fallback = WithoutPages(OnLoopback(fallback, names))
        self._calls = calls
        self._faults = faults
        self._local_api = local_api
        self._operations = operations or Operations(names)
        self._identification = Identification(self._operations)
        self._refusals = Refusals(self._operations, credentials, names)
        self._policies = PolicyCheck(self._operations, authorization)
        self._answers = Answers(self._operations, calls)
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
        call = self._identification.begin(request)
        environ[CALL_KEY] = call
        fault = delay = None
        try:
            self._identification.name(call, request, body)
            app: object = self._app(call)
            if isinstance(app, Hasty) and app.refuses_unseen(body):
                return self._serve(call, None, request, environ, start_response)
            by_moto = app is self._fallback
            refused = broken or self._refusals.refusal(call, request, body, by_moto=by_moto)
            if refused is None:
                caller = call.caller.name if call.caller else None
                delay = self._faults.take(call.service, call.operation, DELAY_KINDS, caller)
                if delay is not None and delay.kind == "delayBefore":
                    time.sleep(delay.seconds or 0)
                fault = self._faults.take(call.service, call.operation, GATEWAY_KINDS, caller)
                fault = fault or self._policies.denied(call, request, body)
        except Exception:
            log.exception("%s %s could not be named or authorised", request.method, request.path)
            refused = errors.internal_failure(call.operation)
        if refused is not None:
            return self._answers.error(call, refused, request, environ, start_response)
        chunks = self._serve(call, fault, request, environ, start_response)
        if delay is not None and delay.kind == "delayAfter":
            time.sleep(delay.seconds or 0)
        return chunks

    def _local(self, request: Request, body: bytes, broken: errors.ServiceError | None) -> Response:
        if (why := self._refusals.stranger(request) or distant(request)) is not None:
            return _message(why.status, why.message)
        if broken is not None:
            return _message(broken.status, broken.message)
        try:
            return self._local_api.respond(request, body)
        except Exception:
            log.exception("%s %s failed in the local AWS", request.method, request.path)
            return _message(500, "The local AWS failed; its log says at what.")

    def _serve(
        self,
        call: Call,
        fault: Fault | None,
        request: Request,
        environ: WSGIEnvironment,
        start: StartResponse,
    ) -> Iterable[bytes]:
        if fault is not None and fault.kind == "timeoutBefore":
            self._answers.cut(call, environ, fault)
        if fault is not None and fault.kind != "timeoutAfter":
            return self._answers.fault(call, fault, request, environ, start)
        app = self._app(call)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._policies.check_answer(call, request, status)
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
        except HiddenError as hidden:
            denied = Fault(call.service, str(call.operation), "accessDenied", reason=str(hidden))
            return self._answers.fault(call, denied, request, environ, start)
        except NotImplementedError:
            log.warning("not served: %s %s", call.service, call.operation)
            return self._answers.not_served(call, request, environ, start)
        except Exception:
            log.exception("%s %s failed in the local AWS", call.service, call.operation)
            failure = errors.internal_failure(call.operation)
            return self._answers.error(call, failure, request, environ, start)
        if fault is not None:
            # Nobody reads them, so nobody else ends what they hold, such as a session's place.
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
            self._answers.cut(call, environ, fault)
        return chunks

    def _app(self, call: Call) -> WSGIApplication:
        by_operation = self._services.get(f"{call.service}:{call.operation}")
        return by_operation or self._services.get(call.service) or self._fallback


_REQUEST_ID_HEADERS = {"x-amzn-requestid", "x-amz-request-id"}


def _message(status: int, text: str) -> Response:
    """Return an error of the local AWS's own API."""
    return Response(json.dumps({"message": text}), status, content_type="application/json")
