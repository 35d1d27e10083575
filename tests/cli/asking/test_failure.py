"""Each way not to get an answer is told apart, and says what to do."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from cli.asking.failure import explain
from cli.asking.subject import Asked
from cli.asking.talk import Reply
from cli.target.denied import DeniedError
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.invocation import Answer

PLACE: Any = SimpleNamespace(options="--stack s")
MORE = "More of its log:\n  lifecycle logs dev --stack s --agent"
GROUP = "/aws/bedrock-agentcore/runtimes/r-1-live"


def explained(
    status: int | None,
    body: str = '{"message": "why"}',
    *,
    kind: Any = "cognito",
    problem: str | None = None,
    log: Any = None,
    gateway: str | None = None,
) -> str:
    asked = Asked("dev", "r-1", "arn", "live", "1", "HTTP", IdentityRecord(type=kind), gateway)
    answer = Answer(status, "Code" if status else "no answer within 5.0 s", body)
    reply = Reply(answer, "", problem, spoken=False, seconds=1.0, session_id=None)
    clients: Any = SimpleNamespace(quick_logs=SimpleNamespace(filter_log_events=log))
    return explain(PLACE, asked, clients, reply, time.time())


def test_an_agent_that_failed_is_explained_by_its_log() -> None:
    def log(**request: Any) -> dict[str, Any]:
        assert request["logGroupName"] == GROUP
        return {"events": [{"message": "KeyError: 'prompt'"}]}

    assert explained(424, log=log) == (
        f"dev, endpoint live: the agent failed (424): why; the last error in its log group {GROUP}: KeyError: "
        f"'prompt'; fix it in the agent\n{MORE}"
    )


def test_a_log_that_may_not_be_read_hides_nothing() -> None:
    def log(**_: Any) -> dict[str, Any]:
        raise DeniedError("AWS denies logs:FilterLogEvents on g to your credentials: no")

    said = explained(424, log=log)
    assert "the agent failed (424): why; its log group" in said
    assert "cannot be read: AWS denies logs:FilterLogEvents on g" in said


@pytest.mark.parametrize(
    ("status", "given", "said"),
    [
        (
            200,
            {"problem": "RUN_ERROR: no"},
            f"dev, endpoint live: no answer: RUN_ERROR: no\n{MORE}",
        ),
        (404, {}, "dev, endpoint live: AgentCore does not find it (404 Code): why; endpoints that"),
        (409, {}, "dev, endpoint live: 409 Code: why; ask again in a moment"),
        (429, {}, "dev, endpoint live: 429 Code: why; ask again in a moment"),
        (504, {}, f"dev, endpoint live: 504 Code: why\n{MORE}"),
        (None, {"body": ""}, f"dev, endpoint live: no answer within 5.0 s: no body\n{MORE}"),
        (400, {}, "dev, endpoint live: AgentCore does not accept the call: 400 Code: why"),
        (
            401,
            {},
            "dev, endpoint live: AgentCore refuses the environment's own token (401 Code): why; somebody",
        ),
        (
            403,
            {
                "kind": "iam",
                "body": '{"message": "User: me is not authorized to perform: '
                'bedrock-agentcore:InvokeAgentRuntime on resource: arn:r because no policy allows it"}',
            },
            "AWS denies bedrock-agentcore:InvokeAgentRuntime on arn:r to your credentials: User: me",
        ),
    ],
)
def test_each_status_is_told_apart(status: int | None, given: dict[str, Any], said: str) -> None:
    assert explained(status, **given).startswith(said)


AGAIN = "with the input of the last one:\n  lifecycle run --stack s --environment dev --input FILE"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "User: me is not authorized to perform: bedrock-agentcore:InvokeGateway on resource: arn:g because no",
            "AWS denies bedrock-agentcore:InvokeGateway on arn:g to your credentials: User: me",
        ),
        (
            "User: role is not authorized to perform: bedrock-agentcore:GetAgentCard on resource: arn:r because no",
            "dev, endpoint live: AWS denies what the gateway does at the runtime, for which you need no permission "
            "(403 Code): User: role is not",
        ),
        (
            "The gateway may not",
            "dev, endpoint live: the gateway refuses the call, or may not call the runtime (403 Code): The gateway may "
            "not; allow bedrock-agentcore:InvokeGateway to your credentials; if they have it, a provision repairs the",
        ),
    ],
)
def test_whom_aws_denies_a_call_through_a_gateway_with_a_role_of_its_own(
    message: str, said: str
) -> None:
    body = json.dumps({"message": message})
    found = explained(403, body, kind="iam", gateway="https://g.example.com/live/invocations")
    assert found.startswith(said)
    assert found.endswith(AGAIN) is ("InvokeGateway on" not in message)
