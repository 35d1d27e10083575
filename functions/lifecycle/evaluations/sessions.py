"""The spans of one session, and which of its answers can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lifecycle.entry import Wire

MOST_TRACES = 10
"""How many answers of a session are judged: `Evaluate` takes at most ten targets (botocore's model: TraceIds)."""

Document = dict[str, Any]
"""A span or an event record, as OpenTelemetry writes it into CloudWatch Logs."""


class AskedSession(Wire):
    """A session that this execution made.

    Attributes:
        id: Its id.
        questions: How many questions were answered in it.
    """

    id: str
    questions: int


@dataclass
class SessionSpans:
    """What is known of a session.

    Attributes:
        id: Its id.
        questions: How many questions were answered in it.
        shared: Its spans in the group `aws/spans`: what was said is in event records in the agent's group.
        own: Its spans in the agent's own group: what was said is in them.
        events: Its event records.
    """

    id: str
    questions: int
    shared: list[Document] = field(default_factory=list)
    own: list[Document] = field(default_factory=list)
    events: list[Document] = field(default_factory=list)

    @property
    def trace_ids(self) -> list[str]:
        """The traces that have spans, in their order."""
        spans = sorted(
            [*self.shared, *self.own], key=lambda span: _number(span, "startTimeUnixNano")
        )
        return list(dict.fromkeys(str(span["traceId"]) for span in spans))

    @property
    def judged(self) -> list[str]:
        """The first ten traces that can be judged: their spans are there, and what was said."""
        said = {str(one["traceId"]) for one in [*self.own, *self.events]}
        return [trace for trace in self.trace_ids if trace in said][:MOST_TRACES]

    @property
    def size(self) -> int:
        """How many spans and event records there are."""
        return len(self.shared) + len(self.own) + len(self.events)

    @property
    def is_complete(self) -> bool:
        """Whether every question that counts has a trace that can be judged."""
        return len(self.judged) >= min(self.questions, MOST_TRACES)

    def documents(self) -> list[Document]:
        """The spans and event records of the traces that are judged."""
        chosen = set(self.judged)
        every = [*self.shared, *self.own, *self.events]
        return [one for one in every if one["traceId"] in chosen]

    def tool_calls(self) -> list[str]:
        """The ids of the first ten spans that call a tool.

        Their attributes are those of OpenTelemetry's GenAI conventions, OpenInference and Traceloop, as AWS's SDK reads
        them (bedrock_agentcore.evaluation.spans).
        """
        spans = [one for one in self.documents() if "body" not in one and _calls_a_tool(one)]
        return [str(span["spanId"]) for span in spans][:MOST_TRACES]

    def add(self, found: Iterable[Document], *, in_own_group: bool) -> None:
        """Add what a group has of the session; anything that is neither a span nor an event record is left out."""
        for one in found:
            if not _is_telemetry(one):
                continue
            if "body" in one:
                self.events.append(one)
            elif in_own_group and "kind" in one:
                self.own.append(one)
            elif "kind" in one:
                self.shared.append(one)


def _is_telemetry(one: Document) -> bool:
    """Whether `Evaluate` can read it: it refuses what has no scope (aws/agentcore-cli#738)."""
    scope = one.get("scope")
    named = isinstance(scope, dict) and bool(scope.get("name"))
    return named and isinstance(one.get("traceId"), str) and isinstance(one.get("spanId"), str)


def _calls_a_tool(span: Document) -> bool:
    attributes = span.get("attributes")
    if not isinstance(attributes, dict):
        return False
    return (
        attributes.get("gen_ai.operation.name") == "execute_tool"
        or attributes.get("openinference.span.kind") == "TOOL"
        or attributes.get("traceloop.span.kind") == "tool"
    )


def _number(span: Document, name: str) -> int:
    value = span.get(name)
    return value if isinstance(value, int) else 0
