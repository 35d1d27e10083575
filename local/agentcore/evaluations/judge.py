"""`Evaluate`, with a stand-in for the judge: no model is asked, and the same answer always gets the same score."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from local.agentcore.evaluations.evaluators import arn_of, level_of
from local.agentcore.model.errors import invalid

Document = dict[str, Any]

# AgentCore developer guide, "Supported agent frameworks"; the scopes that this stand-in reads.
SCOPE = "strands.telemetry.tracer"
_UNSURE = re.compile(
    r"\b(?:i do not know|i don't know|i cannot|i can't)\b|分かりません|わかりません", re.IGNORECASE
)
STAND_IN = "Stand-in judge of the local AWS (no model was asked)"


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Serve `Evaluate`.

    The score of an answer is 1; 0.5 if it says that it does not know, or cannot; 0 if it is empty. A session gets the
    mean of its answers, and a tool call 1.

    Raises:
        ServiceError: ResourceNotFoundException for an unknown evaluator, ValidationException for spans or a target
            that do not fit.
    """
    evaluator = request["evaluatorId"]
    level = level_of(evaluator)
    documents = request["evaluationInput"]["sessionSpans"]
    spans = _spans(documents)
    target = request.get("evaluationTarget") or {}
    if level == "SESSION":
        if target:
            raise invalid("A session-level evaluator takes no evaluationTarget.")
        results = [_of_session(evaluator, spans, documents)]
    elif level == "TRACE":
        known = list(dict.fromkeys(span["traceId"] for span in spans))
        chosen = _chosen(target, "traceIds", known)
        results = [_of_trace(evaluator, trace, spans, documents) for trace in chosen]
    else:
        known = [span["spanId"] for span in spans if _operation(span) == "execute_tool"]
        chosen = _chosen(target, "spanIds", known)
        results = [_of_tool(evaluator, span, spans) for span in chosen]
    return {"evaluationResults": results}


def _spans(documents: list[Document]) -> list[Document]:
    for position, one in enumerate(documents):
        # The message of the service (aws/agentcore-cli#738).
        if not isinstance(one.get("scope"), dict):
            raise invalid(
                f"Failed to parse span data for entry at index [{position}] with validation errors: [Field 'scope': "
                "Field required (type: missing)]"
            )
    found = [one for one in documents if "body" not in one and one["scope"].get("name") == SCOPE]
    if not found:
        raise invalid(
            f"Provided input has no spans with supported scope. Currently supported scopes are ['{SCOPE}']"
        )
    if len({span.get("attributes", {}).get("session.id") for span in found}) > 1:
        raise invalid("The spans belong to more than one session.")
    return found


def _chosen(target: dict[str, Any], member: str, known: list[str]) -> list[str]:
    if not target:
        return known
    if member not in target:
        raise invalid(f"An evaluator of this level takes the evaluationTarget {member}.")
    unknown = [one for one in target[member] if one not in known]
    if unknown:
        raise invalid(f"evaluationTarget.{member}: not in sessionSpans: {unknown[0]}")
    return list(target[member])


def _of_session(evaluator: str, spans: list[Document], documents: list[Document]) -> dict[str, Any]:
    traces = list(dict.fromkeys(span["traceId"] for span in spans))
    found = [_of_trace(evaluator, trace, spans, documents) for trace in traces]
    context = {"sessionId": spans[0]["attributes"]["session.id"]}
    failed = next((one for one in found if "errorCode" in one), None)
    if failed is not None:
        return {**failed, "context": {"spanContext": context}}
    lowest = min(found, key=lambda one: float(one["value"]))
    mean = sum(one["value"] for one in found) / len(found)
    return {**lowest, "value": mean, "context": {"spanContext": context}}


def _of_trace(
    evaluator: str, trace: str, spans: list[Document], documents: list[Document]
) -> dict[str, Any]:
    span = next(one for one in spans if one["traceId"] == trace)
    context = {"sessionId": span["attributes"]["session.id"], "traceId": trace}
    common = _common(evaluator, context)
    answers = [*_inline(span), *_recorded(trace, documents)]
    if not answers:
        return {
            **common,
            "errorCode": "LogEventMissingException",
            "errorMessage": f"No log event was found for span with ID: {span['spanId']}",
        }
    value, label, why = _scored(answers[-1])
    return {**common, "value": value, "label": label, "explanation": f"{STAND_IN}: {why}"}


def _of_tool(evaluator: str, span_id: str, spans: list[Document]) -> dict[str, Any]:
    span = next(one for one in spans if one["spanId"] == span_id)
    context = {
        "sessionId": span["attributes"]["session.id"],
        "traceId": span["traceId"],
        "spanId": span_id,
    }
    said = f"{STAND_IN}: the tool was called."
    return {**_common(evaluator, context), "value": 1.0, "label": "Yes", "explanation": said}


def _common(evaluator: str, context: dict[str, Any]) -> dict[str, Any]:
    return {
        "evaluatorArn": arn_of(evaluator),
        "evaluatorId": evaluator,
        "evaluatorName": evaluator,
        "context": {"spanContext": context},
        "tokenUsage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
    }


def _scored(answer: str) -> tuple[float, str, str]:
    if not answer.strip():
        return 0.0, "Incorrect", "the answer is empty."
    if _UNSURE.search(answer):
        return 0.5, "Partially Correct", "the answer says that it does not know, or cannot."
    return 1.0, "Perfectly Correct", "the answer is not empty and sure of itself."


def _inline(span: Document) -> Iterator[str]:
    """The answers in a span itself (unified telemetry)."""
    for event in span.get("events", []):
        if event.get("name") == "gen_ai.choice":
            yield str(event.get("attributes", {}).get("message", ""))


def _recorded(trace: str, documents: list[Document]) -> Iterator[str]:
    """The answers in a trace's event records (split telemetry)."""
    for one in documents:
        if one.get("traceId") == trace and isinstance(one.get("body"), dict):
            for message in one["body"].get("output", {}).get("messages", []):
                yield str(message.get("content", ""))


def _operation(span: Document) -> str:
    return str(span.get("attributes", {}).get("gen_ai.operation.name", ""))
