"""How the gateway itself ends a call: with an error of the service, or without an answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from werkzeug import Request

from local.edge import errors
from local.edge.calls import Call, CallLog
from local.edge.fault_errors import fault_error
from local.edge.faults import Fault
from local.edge.operations import Operations

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class ConnectionCutError(ConnectionError):
    """The answer never arrives: the server closes the connection without one."""


class Answers:
    """Ends calls, and records them.

    Args:
        operations: botocore's models.
        calls: Where calls are recorded.
    """

    def __init__(self, operations: Operations, calls: CallLog) -> None:
        self._operations = operations
        self._calls = calls

    def error(
        self,
        call: Call,
        refusal: errors.ServiceError,
        request: Request,
        environ: WSGIEnvironment,
        start: StartResponse,
    ) -> Iterable[bytes]:
        """Answer with an error in the protocol of the service, and record the call."""
        model = self._operations.service(call.service)
        response = errors.respond(refusal, model, call.request_id, request)
        call.status = response.status_code
        self._calls.record(call)
        return response(environ, start)

    def fault(
        self,
        call: Call,
        fault: Fault,
        request: Request,
        environ: WSGIEnvironment,
        start: StartResponse,
    ) -> Iterable[bytes]:
        """Answer with the error of a fault."""
        model = self._operations.service(call.service)
        refusal = fault_error(fault, model, call.operation)
        return self.error(call, refusal, request, environ, start)

    def not_served(
        self, call: Call, request: Request, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        """Answer that the local AWS does not serve the operation."""
        model = self._operations.service(call.service)
        refusal = errors.not_served(model, call.operation)
        return self.error(call, refusal, request, environ, start)

    def cut(self, call: Call, environ: WSGIEnvironment, fault: Fault) -> NoReturn:
        """Hold the connection as long as the fault says, then close it without an answer."""
        self._calls.record(call)
        time.sleep(fault.seconds or 0)
        connection = environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionCutError(f"{fault.kind} of {call.service} {call.operation}")
