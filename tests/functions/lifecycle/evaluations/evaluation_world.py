"""What the stage reads and calls: log groups, `Evaluate`, and the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.evaluations.evaluate import Evaluated, EvaluateEvent, evaluate_sessions
from local.agentcore.evaluations.judge import evaluate
from local.agentcore.evaluations.telemetry import Note, documents_of
from local.agentcore.model.protocol import load_model
from local.agentcore.model.validation import find_faults
from local.services.insights.query import parse

OWN = "/aws/bedrock-agentcore/runtimes/x-DEFAULT"
SHARED = "aws/spans"
_EVALUATE = load_model("bedrock-agentcore").operation_model("Evaluate")


class FakeLogs:
    """CloudWatch Logs: groups of messages, and queries of them."""

    def __init__(self) -> None:
        self.groups: dict[str, list[Any]] = {OWN: []}
        self.statuses: list[str] = []
        self.queries: list[tuple[str, str]] = []
        self._rows: dict[str, Any] = {}

    def start_query(self, **given: Any) -> dict[str, Any]:
        group, text = given["logGroupName"], given["queryString"]
        assert given["startTime"] < given["endTime"]
        self.queries.append((group, text))
        if group not in self.groups:
            raise error("ResourceNotFoundException", "StartQuery")
        events = [
            {"timestamp": at, "message": one if isinstance(one, str) else json.dumps(one)}
            for at, one in enumerate(self.groups[group])
        ]
        self._rows[str(len(self._rows))] = parse(text).rows(events)
        return {"queryId": str(len(self._rows) - 1)}

    def get_query_results(self, queryId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        status = self.statuses.pop(0) if self.statuses else "Complete"
        return {"status": status, "results": self._rows[queryId] if status == "Complete" else []}


class FakeEvaluate:
    """`Evaluate`: what a test scripts for an evaluator, then the stand-in judge; checked by botocore's model."""

    def __init__(self) -> None:
        self.script: dict[str, list[Any]] = {}
        self.calls: list[dict[str, Any]] = []

    def evaluate(self, **given: Any) -> dict[str, Any]:
        assert find_faults(_EVALUATE.input_shape, given) == []
        self.calls.append(given)
        scripted = self.script.get(given["evaluatorId"])
        answer = scripted.pop(0) if scripted else evaluate(given)
        if isinstance(answer, Exception):
            raise answer
        return {"evaluationResults": answer} if isinstance(answer, list) else answer


def error(code: str, operation: str, status: int = 400, message: str = "no") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )


class EvaluationWorld:
    """An environment of which the smoke test, and perhaps cases, have passed."""

    def __init__(self, iam: Any, now: float) -> None:
        self.iam = iam
        self.now = now
        self.logs = FakeLogs()
        self.evaluate = FakeEvaluate()
        self.pauses: list[float] = []

    def answered(
        self, session: str, answer: str, *, split: bool = False, event: bool = True
    ) -> str:
        """Let the spans of an answer arrive; returns the trace."""
        body = json.dumps({"answer": answer}).encode()
        note = Note(OWN, session, self.now, b'{"prompt": "?"}', body, split)
        span, record = documents_of(note)
        self.logs.groups.setdefault(SHARED if split else OWN, []).append(span)
        if record is not None and event:
            self.logs.groups[OWN].append(record)
        return str(span["traceId"])

    def run(
        self,
        *evaluators: tuple[str, float, str],
        sessions: dict[str, int] | None = None,
        look: Any = None,
        seconds: int = 300,
        change: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> Evaluated:
        """Run the stage once."""
        chosen = evaluators or (("Builtin.Correctness", 0.8, "TRACE"),)
        event = self.iam.world.event(
            smokeTest={
                "evaluators": [{"evaluator": name, "minScore": least} for name, least, _ in chosen],
                "evaluationSeconds": seconds,
            }
        )
        given = {
            "execution": event.execution,
            "request": event.request,
            "smokeTest": {"passed": True, "version": "3", "endpoint": "DEFAULT", "checks": []},
            "evaluations": {
                "evaluators": [
                    {"evaluator": name, "minScore": least, "level": level}
                    for name, least, level in chosen
                ]
            },
            "sessions": [
                {"id": name, "questions": count} for name, count in (sessions or {"s-1": 1}).items()
            ],
            "casesDeadline": self.now,
            "spanLook": look,
        }
        change(given)
        clients: Any = SimpleNamespace(
            dynamodb=self.iam.clients.dynamodb,
            logs=self.logs,
            agentcore_within=lambda _seconds: self.evaluate,
        )
        return evaluate_sessions(
            EvaluateEvent.model_validate(given), clients=clients, sleep=self.pauses.append
        )

    def last_look(self, records: int = 0) -> dict[str, Any]:
        """The look before the last one, which is late."""
        since = self.now - 300
        return {"number": 2, "since": since, "records": records, "waitSeconds": 1}
