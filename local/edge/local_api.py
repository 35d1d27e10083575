"""The local AWS's own HTTP API, below `/_local/`. It needs no signature, and answers only to its own machine.

| request | answer |
|---|---|
| `GET /_local/health` | `{"status": "ok", …}` with what the local AWS says about itself |
| `GET /_local/calls?service=&operation=&caller=` | `{"calls": […]}`, see `local.edge.calls.Call` |
| `GET /_local/faults` | `{"faults": […]}` still planned, see `local.edge.faults.Fault` |
| `POST /_local/faults` with one fault | the fault with its id, 201; 400 if it could never hit a call |
| `DELETE /_local/faults`, `DELETE /_local/faults/{id}` | 204; all of them, or one; 404 if it is not planned |
| `GET /_local/delays` | seconds that AgentCore takes, by operation |
| `PUT` or `POST /_local/delays` with some of them | all of them |
| `POST /_local/stack` | deploys the stack where its files differ: `{"files", "updated", "left", "seconds"}` |

A bad request is answered with 400 and `{"message": …}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from werkzeug import Request, Response

from local.edge.calls import CallLog
from local.edge.faults import Fault, FaultPlan, UnknownFaultError

PREFIX = "/_local/"


class DelaySettings(Protocol):
    """Where the delays live."""

    def read(self) -> dict[str, float]:
        """Return every delay in seconds, by name."""

    def change(self, seconds: dict[str, float]) -> None:
        """Set some delays; raises `ValueError` for an unknown name or a bad number."""


class StackUpdates(Protocol):
    """What updates the stack."""

    def update(self) -> dict[str, Any]:
        """Deploy what differs from the files; raises `ValueError` if it cannot be deployed."""


class LocalApi:
    """The endpoints of the table above."""

    def __init__(
        self,
        calls: CallLog,
        faults: FaultPlan,
        delays: DelaySettings,
        health: Callable[[], dict[str, Any]],
        stack: Callable[[], StackUpdates | None] = lambda: None,
    ) -> None:
        self._calls = calls
        self._faults = faults
        self._delays = delays
        self._health = health
        self._stack = stack

    def respond(self, request: Request, body: bytes) -> Response:
        """Answer a request whose path is below `/_local/`."""
        name, _, rest = request.path.removeprefix(PREFIX).rstrip("/").partition("/")
        method = request.method
        try:
            if method == "GET" and not rest and name in ("health", "calls", "faults", "delays"):
                return _json(self._read(name, request))
            if name == "faults" and method == "POST" and not rest:
                return _json(self._faults.add(Fault.from_dict(_object(body))).as_dict(), 201)
            if name == "faults" and method == "DELETE":
                self._faults.clear(rest or None)
                return Response(status=204)
            if name == "delays" and method in ("PUT", "POST") and not rest:
                self._delays.change(_object(body))
                return _json(self._delays.read())
            if name == "stack" and method == "POST" and not rest:
                return _json(self._updated())
        except ValueError as error:
            return _json({"message": str(error)}, 400)
        except UnknownFaultError as error:
            return _json({"message": str(error)}, 404)
        return _json({"message": f"there is no {method} {request.path}"}, 404)

    def _updated(self) -> dict[str, Any]:
        stack = self._stack()
        if stack is None:
            raise ValueError("the stack is not deployed yet")
        return stack.update()

    def _read(self, name: str, request: Request) -> dict[str, Any]:
        if name == "health":
            return {"status": "ok", **self._health()}
        if name == "calls":
            wanted = [request.args.get(key) for key in ("service", "operation", "caller")]
            return {"calls": [call.as_dict() for call in self._calls.calls(*wanted)]}
        if name == "faults":
            return {"faults": [fault.as_dict() for fault in self._faults.list()]}
        return dict(self._delays.read())


def _object(body: bytes) -> dict[str, Any]:
    value = json.loads(body or b"{}")
    if not isinstance(value, dict):
        raise ValueError("the body is one JSON object")  # noqa: TRY004 - answered as 400
    return value


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
