"""What a claim does its work with: executions, calls and invocations, each recorded with what AWS answered."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
from botocore.exceptions import ClientError
from rich.console import Console

from cli.display.progress import progress_on
from cli.execution.follow import Result, follow
from cli.execution.timeline import Moment, Timeline
from cli.prove.cost import Meter
from cli.prove.place import Place
from cli.prove.recording import Recording, Step
from cli.prove.redaction import Redactor
from cli.prove.usage import count
from cli.target.target import MACHINE_OUTPUT

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_NOISE = frozenset(
    {
        "date",
        "server",
        "connection",
        "keep-alive",
        "content-length",
        "transfer-encoding",
        "x-amzn-requestid",
        "x-amz-request-id",
        "x-amz-id-2",
        "x-amzn-trace-id",
        "x-cache",
        "via",
        "x-amz-cf-id",
        "x-amz-cf-pop",
        "x-amz-apigw-id",
        "traceparent",
    }
)
"""Headers that say nothing about the service's behaviour."""
_SECONDS = 180.0


class Proof:
    """One run of the claims.

    Args:
        place: Where.
        redactor: Knows what must not be recorded.
        console: Where to show progress.

    Attributes:
        place: Where.
        redactor: Knows what must not be recorded.
        meter: Counts what is used.
        environments: Environments that were started, in order.
        running: The execution that runs now.
        results: What the claims leave for those after them: outputs by environment.
    """

    def __init__(self, place: Place, redactor: Redactor, console: Console) -> None:
        self.place = place
        self.redactor = redactor
        self.meter = Meter()
        self.environments: list[str] = []
        self.running: str | None = None
        self.results: dict[str, dict[str, Any]] = {}
        self._console = console
        self._recording: Recording | None = None

    def begin(self, recording: Recording) -> None:
        """Record what follows in a recording."""
        self._recording = recording

    def expect(self, holds: object, sentence: str) -> None:
        """Note a sentence as a problem unless it holds."""
        if not holds and self._recording is not None:
            self._recording.problems.append(sentence)

    def execute(self, what: str, request: dict[str, Any], machine: str = MACHINE_OUTPUT) -> Result:
        """Run an execution to its end, and record how it ended.

        Args:
            what: A name for the step.
            request: The input, without `wait`.
            machine: The stack's output with the state machine's ARN.
        """
        stepfunctions = self.place.client("stepfunctions")
        given = dict(request)
        if machine == MACHINE_OUTPUT:
            environment = str(request["environment"])
            if environment not in self.environments:
                self.environments.append(environment)
            if self.place.wait:
                given["wait"] = self.place.wait
        begun = time.monotonic()
        self.running = stepfunctions.start_execution(
            stateMachineArn=self.place.outputs()[machine],
            name=f"prove-{secrets.token_hex(6)}",
            input=json.dumps(given, ensure_ascii=False),
        )["executionArn"]
        last = Timeline()

        def tell(timeline: Timeline, moments: list[Moment]) -> None:
            nonlocal last
            last = timeline
            progress.tell(timeline, moments)

        with progress_on(self._console) as progress:
            result = follow(stepfunctions, self.running, tell)
        self.running = None
        count(self.place, self.meter, result)
        self._record(
            {
                "what": what,
                "kind": "execution",
                "input": dict(request),
                **_end(result, last),
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
        return result

    def call(self, what: str, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call AWS as boto3 does, and record the answer; an error is an answer.

        Args:
            what: A name for the step.
            service: boto3's name of the service.
            operation: The operation in snake case.
            arguments: Its arguments.

        Returns:
            The answer, or for an error `{"Error": …}`.
        """
        begun = time.monotonic()
        try:
            answer: dict[str, Any] = getattr(self.place.client(service), operation)(**arguments)
        except ClientError as error:
            answer = {**error.response}
        if hasattr(answer.get("response"), "read"):
            answer["response"] = answer["response"].read().decode(errors="replace")
        about = answer.pop("ResponseMetadata", {})
        self._record(
            {
                "what": what,
                "kind": "call",
                "service": service,
                "operation": operation,
                **_answer(answer, about),
                "seconds": round(time.monotonic() - begun, 2),
            }
        )
        return answer

    def invoke(self, what: str, url: str, authorization: str | None, prompt: str) -> httpx.Response:
        """Call an agent without boto3, record the answer, and stop the session if it was let in.

        Args:
            what: A name for the step.
            url: The invocation URL.
            authorization: The header's value, or None for none.
            prompt: What to ask.
        """
        headers = {"Content-Type": "application/json", SESSION_HEADER: f"prove-{uuid.uuid4()}"}
        headers |= {} if authorization is None else {"Authorization": authorization}
        begun = time.monotonic()
        with httpx.Client(timeout=_SECONDS, trust_env=not self.place.local) as http:
            answer = http.post(url, headers=headers, json={"prompt": prompt})
            seconds = time.monotonic() - begun
            if answer.is_success:
                self.meter.session(seconds)
                base, _, query = url.partition("/invocations?")
                http.post(f"{base}/stopruntimesession?{query}", headers=headers, content=b"{}")
        self._record(
            {
                "what": what,
                "kind": "invocation",
                "status": answer.status_code,
                "headers": _headers(answer.headers),
                **_body(answer.text),
                "seconds": round(seconds, 2),
            }
        )
        return answer

    def note(self, what: str, value: Any) -> None:
        """Record a fact that no answer has as it is."""
        self._record({"what": what, "kind": "fact", "value": value})

    def _record(self, step: Step) -> None:
        if self._recording is not None:
            self._recording.steps.append(step)


def _end(result: Result, timeline: Timeline) -> dict[str, Any]:
    return {
        "status": result.status,
        "error": result.failure.error if result.failure else None,
        "cause": result.failure.reason if result.failure else None,
        "output": result.output,
        "stages": _stages(timeline),
    }


def _answer(answer: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    fault = answer.get("Error", {})
    return {
        "status": about.get("HTTPStatusCode"),
        "error": fault.get("Code"),
        "message": fault.get("Message"),
        "headers": _headers(about.get("HTTPHeaders", {})),
        "response": {k: v for k, v in answer.items() if k not in ("Error", "message")},
    }


def _stages(timeline: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "state": stage.state,
            "retries": stage.retries,
            "error": stage.failure.error if stage.failure else None,
            "rounds": stage.rounds,
            "seconds": round(stage.seconds(stage.ended), 1) if stage.ended else None,
        }
        # Two branches run at the same time, so that their order is chance.
        for stage in sorted(timeline.stages, key=lambda stage: stage.state)
    ]


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.lower(): value for name, value in sorted(headers.items()) if name.lower() not in _NOISE
    }


def _body(text: str) -> dict[str, Any]:
    try:
        return {"body": json.loads(text)}
    except ValueError:
        return {"text": text}
