"""The application logs that AgentCore delivers: one record for each call that the agent answered.

Sources: AgentCore developer guide, "AgentCore generated runtime observability data", application log data; the stream's
name and the form of a record as users report them. The local AgentCore delivers no usage logs and no traces.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from werkzeug import Request, Response

from local.agentcore.data.logs import AgentLogs
from local.agentcore.data.target import Target
from local.agentcore.model.app import request_id
from local.agentcore.settings import Clock

STREAM = "BedrockAgentCoreRuntime_ApplicationLogs"
_MOST_BYTES = 20_000

Groups = Callable[[str], list[str]]
"""The log groups that the application logs of a runtime, given by its ARN, are delivered to."""


class ApplicationLogs:
    """Writes the records.

    Args:
        logs: Writes lines to CloudWatch Logs.
        groups: Where to.
        account_id: AWS account.
        clock: Seconds since the epoch.
    """

    def __init__(self, logs: AgentLogs, groups: Groups, account_id: str, clock: Clock) -> None:
        self._logs = logs
        self._groups = groups
        self._account_id = account_id
        self._clock = clock

    def record(
        self, response: Response, request: Request, body: bytes, target: Target, session_id: str
    ) -> Response:
        """Let a record follow when the caller has the whole answer; nothing if nobody gets it.

        Args:
            response: The agent's answer.
            request: The call.
            body: The call's payload.
            target: The runtime that was called.
            session_id: In which session.
        """
        if not self._groups(target.arn):
            return response

        def ended(answered: bytes) -> None:
            record = self._record(request, body, answered, target.arn, session_id)
            for group in self._groups(target.arn):
                self._logs.write(group, STREAM, record, make_group=False)

        response.response = _Heard(response.response, ended)
        return response

    def _record(
        self, request: Request, body: bytes, answered: bytes, arn: str, session_id: str
    ) -> str:
        return json.dumps(
            {
                "resource_arn": arn,
                "event_timestamp": int(self._clock() * 1000),
                "body": {"request_payload": _payload(body), "response_payload": _payload(answered)},
                "account_id": self._account_id,
                "request_id": request_id(request.environ),
                "session_id": session_id,
                "trace_id": uuid.uuid4().hex,
                "span_id": uuid.uuid4().hex[:16],
                "service_name": "AgentCoreCodeRuntime",
                "operation": "InvokeAgentRuntime",
            },
            ensure_ascii=False,
        )


class _Heard:
    """The body of an answer on its way to the caller, and what it was when it ends."""

    def __init__(self, chunks: Any, ended: Callable[[bytes], None]) -> None:
        self._chunks: Iterable[bytes] = chunks
        self._ended: Callable[[bytes], None] | None = ended
        self._heard = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._heard += chunk[: _MOST_BYTES - len(self._heard)]
            yield chunk

    def close(self) -> None:
        """End the call, and tell what was answered."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(bytes(self._heard))


def _payload(body: bytes) -> Any:
    text = body[:_MOST_BYTES].decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
