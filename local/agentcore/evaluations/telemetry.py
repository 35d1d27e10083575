"""The spans that an instrumented agent would export, written to CloudWatch Logs when somebody queries them.

On AWS, ADOT inside the agent exports them. The local AWS turns that off, as there is no collector, and notes of each
call what was asked and answered. A note costs nothing; only a Logs Insights query turns notes into log events.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.evaluations.judge import SCOPE
from local.agentcore.settings import Clock, Delays

log = logging.getLogger(__name__)

SHARED_GROUP = "aws/spans"
_SPLIT_VARIABLE = "UNIFIED_TRACES_DESTINATION_ENABLED"
INSTRUMENT = "opentelemetry-instrument"
_MOST_NOTES = 5_000
MOST_NOTED = 4_000
"""How many bytes of a request and of an answer are noted."""
_FIELDS = ("answer", "result", "response", "output", "message", "text")


@dataclass(frozen=True)
class Note:
    """One call of an agent.

    Attributes:
        group: The agent's log group.
        session_id: The session.
        at: When it was answered, in seconds since the epoch.
        asked: The request's body.
        answered: The answer's body.
        split: Whether spans go to `aws/spans`, and what was said to event records in the agent's group.
    """

    group: str
    session_id: str
    at: float
    asked: bytes
    answered: bytes
    split: bool


class Telemetry:
    """Notes calls, and writes what an agent would have exported of them.

    Args:
        clients: Gives the boto3 client of a service.
        delays: How long spans take to arrive.
        clock: Seconds since the epoch.
    """

    def __init__(self, clients: Callable[[str], Any], delays: Delays, clock: Clock) -> None:
        self._clients = clients
        self._delays = delays
        self._clock = clock
        self._notes: deque[Note] = deque(maxlen=_MOST_NOTES)
        self._lock = threading.Lock()

    def note(
        self,
        group: str,
        session_id: str,
        variables: Mapping[str, str],
        asked: bytes,
        answered: bytes,
    ) -> None:
        """Note a call of an instrumented agent.

        Args:
            group: The agent's log group.
            session_id: The session.
            variables: The agent's environment: it says where spans go (AgentCore developer guide, "Telemetry setup and
                delivery").
            asked: The request's body.
            answered: The answer's body.
        """
        split = variables.get(_SPLIT_VARIABLE, "true").lower() == "false"
        note = Note(
            group, session_id, self._clock(), asked[:MOST_NOTED], answered[:MOST_NOTED], split
        )
        with self._lock:
            self._notes.append(note)

    def deliver(self) -> None:
        """Write the spans that have arrived by now."""
        due = self._clock() - self._delays.spans
        with self._lock:
            arrived = [note for note in self._notes if note.at <= due]
            for note in arrived:
                self._notes.remove(note)
        documents: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
        for note in arrived:
            span, event = documents_of(note)
            documents[SHARED_GROUP if note.split else note.group].append((note.at, span))
            if event is not None:
                documents[note.group].append((note.at, event))
        for group, found in documents.items():
            try:
                self._put(group, found)
            except (BotoCoreError, ClientError) as error:
                log.warning("%d spans for %s are lost: %s", len(found), group, error)

    def _put(self, group: str, found: list[tuple[float, dict[str, Any]]]) -> None:
        client = self._clients("logs")
        stream = "default" if group == SHARED_GROUP else "otel-rt-logs"
        for make, names in (
            (client.create_log_group, {"logGroupName": group}),
            (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                make(**names)
            except client.exceptions.ResourceAlreadyExistsException:
                continue
        events = [
            {"timestamp": int(at * 1000), "message": json.dumps(document, ensure_ascii=False)}
            for at, document in sorted(found, key=lambda one: one[0])
        ]
        # PutLogEvents takes 1 MB a call; a document has at most about 16 KB.
        for begin in range(0, len(events), 50):
            client.put_log_events(
                logGroupName=group, logStreamName=stream, logEvents=events[begin : begin + 50]
            )


def documents_of(note: Note) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The span of a call; and its event record, if telemetry is split.

    Their form is that of Strands Agents in the AgentCore developer guide, "Supported agent frameworks".
    """
    asked, answered = _text(note.asked, ("prompt",)), _text(note.answered, _FIELDS)
    nanoseconds = int(note.at * 1_000_000_000)
    identity = {"traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8)}
    common = {**identity, "scope": {"name": SCOPE, "version": ""}}
    span: dict[str, Any] = {
        **common,
        "name": "invoke_agent",
        "kind": "INTERNAL",
        "startTimeUnixNano": nanoseconds,
        "endTimeUnixNano": nanoseconds,
        "attributes": {"session.id": note.session_id, "gen_ai.operation.name": "invoke_agent"},
        "status": {"code": "OK"},
    }
    if not note.split:
        span["events"] = [
            {"name": "gen_ai.user.message", "attributes": {"content": asked}},
            {"name": "gen_ai.choice", "attributes": {"message": answered}},
        ]
        return span, None
    return span, {
        **common,
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": 9,
        "attributes": {"event.name": SCOPE, "session.id": note.session_id},
        "body": {
            "input": {"messages": [{"role": "user", "content": asked}]},
            "output": {"messages": [{"role": "assistant", "content": answered}]},
        },
    }


def _text(body: bytes, fields: tuple[str, ...]) -> str:
    """What a body says: one of some fields of a JSON object, or all of it."""
    text = body.decode("utf-8", errors="replace")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict):
        found = next((value[name] for name in fields if name in value), value)
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return value if isinstance(value, str) else text
