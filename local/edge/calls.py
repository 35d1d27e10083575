"""The call log: which request reached which service, from whom, and how it ended."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.edge.credentials import Principal


@dataclass
class Call:
    """One request to one AWS operation.

    Attributes:
        service: botocore's name of the service, such as `bedrock-agentcore-control`.
        operation: botocore's name of the operation, such as `CreateAgentRuntime`; `None` when
            no operation of the service has such a request.
        caller: Who signed the request; `None` without a right signature.
        request_id: The id that the answer carries in `x-amzn-RequestId`.
        at: When it came in, in seconds since the epoch.
        status: HTTP status of the answer; `None` while there is none (or the connection was cut).
    """

    service: str
    operation: str | None
    caller: Principal | None
    request_id: str
    at: float
    status: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the call as plain JSON values; the caller by name, kind and role only."""
        caller = self.caller
        return {
            "service": self.service,
            "operation": self.operation,
            "caller": caller.name if caller else None,
            "callerKind": caller.kind if caller else None,
            "roleArn": caller.role_arn if caller else None,
            "requestId": self.request_id,
            "at": self.at,
            "status": self.status,
        }


class CallLog:
    """Every call in the order of their ends; in memory, and as JSON lines when a file is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()
        self._lines: TextIO | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._lines = file.open("a", encoding="utf-8", buffering=1)

    def record(self, call: Call) -> None:
        """Add a call; safe between threads."""
        with self._lock:
            self._calls.append(call)
            if self._lines is not None and not self._lines.closed:
                self._lines.write(json.dumps(call.as_dict()) + "\n")

    def close(self) -> None:
        """Close the file; calls are kept in memory."""
        with self._lock:
            if self._lines is not None:
                self._lines.close()

    def calls(
        self,
        service: str | None = None,
        operation: str | None = None,
        caller: str | None = None,
        *,
        since: float = 0.0,
    ) -> list[Call]:
        """Return the calls that match everything that is given, in the order of their ends.

        Args:
            service: botocore's service name.
            operation: botocore's operation name.
            caller: The caller's name (a function's logical id, `root`, …).
            since: Only calls that came in at this time or later, in seconds since the epoch. A call that came in before
                is not among them, even if it ended after.
        """
        with self._lock:
            found = list(self._calls)
        return [
            call
            for call in found
            if call.at >= since
            and (service is None or call.service == service)
            and (operation is None or call.operation == operation)
            and (caller is None or (call.caller is not None and call.caller.name == caller))
        ]
