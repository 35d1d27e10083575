"""Each break of an agent, of its build or of its provider: the cause of the failed execution says the reason."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from tests.embedded.conftest import AGENTS, Lifecycle

DOCKERFILE = (AGENTS / "broken" / "Dockerfile").read_text()
ISSUER = "https://login.example.invalid/.well-known/openid-configuration"
CODE = {"type": "code", "runtime": "PYTHON_3_13", "entryPoint": ["main.py"]}
BUILD_LOG = r"; its log: /aws/codebuild/agentcore-lifecycle \S+$"
AGENT_LOG = r"its log group /aws/bedrock-agentcore/runtimes/\S+-DEFAULT"
LISTEN = "the agent must listen on "
HTTP, MCP = (
    r"0\.0\.0\.0:8080, paths /invocations and /ping",
    r"0\.0\.0\.0:8000, path /mcp",
)


@dataclass(frozen=True)
class Break:
    """What is broken, and what the cause says.

    Attributes:
        name: What is broken.
        error: The error of the execution.
        cause: A regular expression that is in the cause.
        files: Files of the source that differ from `agents/broken`.
        agent: How the agent is broken, for its variable BREAK.
        protocol: The server protocol of the runtime.
        port: Where the agent listens.
        request: More of the input.
    """

    name: str
    error: str
    cause: str
    files: dict[str, str] = field(default_factory=dict)
    agent: str = "path"
    protocol: str = "HTTP"
    port: int = 8080
    request: dict[str, Any] = field(default_factory=dict)


def failed_build(said: str) -> str:
    return rf"^build \S+ ended FAILED in phase (PRE_)?BUILD; its log says: {said}; fix the source and retry{BUILD_LOG}"


BREAKS = [
    Break(
        "an unknown instruction",
        "ArtifactBuildError",
        failed_build(r"docker: Dockerfile line 3: unknown instruction COPPY\."),
        files={"Dockerfile": DOCKERFILE.replace("COPY main.py", "COPPY main.py")},
    ),
    Break(
        "a file that COPY does not find",
        "ArtifactBuildError",
        failed_build(r"docker: Dockerfile line 3: COPY: missing\.py is not in the source\."),
        files={"Dockerfile": DOCKERFILE.replace("COPY main.py", "COPY missing.py")},
    ),
    Break(
        "a RUN line that fails",
        "ArtifactBuildError",
        failed_build("ValueError: no model file"),
        files={
            "Dockerfile": DOCKERFILE.replace(
                "USER 1000", "RUN python -c \"raise ValueError('no model file')\"\nUSER 1000"
            )
        },
    ),
    Break(
        "a requirement that cannot be read",
        "ArtifactBuildError",
        failed_build(r"error: Couldn't parse requirement in .*"),
        files={"requirements.txt": "httpx=>1\n"},
        request=CODE,
    ),
    Break(
        "a package that does not exist",
        "ArtifactBuildError",
        failed_build(
            r".*Because no-such-package was not found in the provided package locations and .*"
        ),
        files={"requirements.txt": "--no-index\nno-such-package==1.0\n"},
        request=CODE,
    ),
    Break(
        "no requirements",
        "ArtifactBuildError",
        r"^the source has no requirements\.txt at its root, which PYTHON_3_13 requires; add it$",
        request=CODE,
    ),
    Break(
        "no file of the entry point",
        "ArtifactBuildError",
        r"^the source has no start\.py at its root, the file of the entry point; add it",
        files={"requirements.txt": ""},
        request={**CODE, "entryPoint": ["start.py"]},
    ),
    Break(
        "a module that the agent does not have",
        "SmokeTestError",
        rf"the last error in {AGENT_LOG}: ModuleNotFoundError: No module named 'no_such_module'; add what is missing",
        agent="import",
    ),
    Break(
        "an exception at the start",
        "SmokeTestError",
        rf"the last error in {AGENT_LOG}: RuntimeError: MODEL_TABLE is not set; fix it in the agent$",
        agent="raises",
    ),
    Break(
        "an exit with a word of its own",
        "SmokeTestError",
        rf"{AGENT_LOG} has no error of this call yet; it ends with: set MODEL_TABLE before you start me \| ",
        agent="exits",
    ),
    Break(
        "an exception in the answer",
        "SmokeTestError",
        rf"the last error in {AGENT_LOG}: ValueError: no such city; fix it in the agent$",
        agent="raises-in-answer",
    ),
    Break(
        "an agent that never listens",
        "SmokeTestError",
        rf"the agent was not ready in time: {LISTEN}{HTTP}; {AGENT_LOG} has no error of this call yet; "
        "it ends with: loading the model",
        agent="never-listens",
    ),
    Break(
        "another port",
        "SmokeTestError",
        rf"the agent was not ready in time: {LISTEN}{HTTP}; {AGENT_LOG} does not exist yet",
        port=9999,
    ),
    Break(
        "no /ping",
        "SmokeTestError",
        rf"the agent was not ready in time: {LISTEN}{HTTP}; {AGENT_LOG} does not exist yet",
        agent="no-ping",
    ),
    Break(
        "another path",
        "SmokeTestError",
        rf"the agent answered 404 to what it was asked: {LISTEN}{HTTP}; {AGENT_LOG} does not exist yet",
    ),
    Break(
        "another path of an MCP server",
        "SmokeTestError",
        rf"undecided after \d+ tries .*; the agent answered 404 to what it was asked: {LISTEN}{MCP}$",
        protocol="MCP",
        port=8000,
    ),
]


@pytest.fixture(scope="module")
def started(
    aws: EmbeddedAws, uploaded: Callable[..., dict[str, str]]
) -> Iterator[dict[str, tuple[str, str]]]:
    """Every break, started at once: environment and execution. Those with the same source wait for one build."""
    lifecycle, quotas = Lifecycle(aws), aws.agentcore.quotas
    usual, quotas.startup_seconds = quotas.startup_seconds, 5.0

    def start(broken: Break) -> tuple[str, str]:
        environment = f"t{uuid.uuid4().hex[:10]}"
        source = uploaded("broken", f"uploads/{environment}.zip", **broken.files)
        request = {
            "environment": environment,
            "artifact": {"source": source, **broken.request},
            "auth": {"type": "iam"},
            "runtime": {
                "protocol": broken.protocol,
                "environmentVariables": {"BREAK": broken.agent, "PORT": str(broken.port)},
            },
            "smokeTest": {"timeoutSeconds": 15},
            # Nothing is left behind, so that no test has to remove it.
            "teardown": "onFailure",
        }
        return environment, lifecycle.start(request)

    yield {broken.name: start(broken) for broken in BREAKS}
    quotas.startup_seconds = usual


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_the_cause_says_the_reason(
    lifecycle: Lifecycle, started: dict[str, tuple[str, str]], broken: Break
) -> None:
    environment, execution = started[broken.name]
    run = lifecycle.finish(execution)
    assert run.error == broken.error, run.cause
    assert re.search(broken.cause, str(run.cause)), run.cause
    assert lifecycle.leftovers(environment) == {}


def test_a_provider_that_cannot_be_resolved_is_named_before_anything_is_made(
    lifecycle: Lifecycle, aws: EmbeddedAws
) -> None:
    environment = f"t{uuid.uuid4().hex[:10]}"
    secret = aws.client("secretsmanager").create_secret(
        Name=f"their-own/{environment}",
        SecretString="{}",
        Tags=[
            {"Key": "agentcore-lifecycle:smoke-test-host", "Value": "login.example.invalid"},
            {
                "Key": "agentcore-lifecycle:smoke-test-environments",
                "Value": f"agentcore-lifecycle/{environment}",
            },
        ],
    )
    auth = {
        "type": "jwt",
        "discoveryUrl": ISSUER,
        "allowedClients": ["smoke"],
        "tokenSecretArn": secret["ARN"],
    }
    run = lifecycle.run({"environment": environment, "auth": auth})
    assert run.error == "InvalidRequestError", run.cause
    assert re.search(
        rf"^auth\.discoveryUrl: given '{ISSUER}', whose host login\.example\.invalid gave no answer in 2 tries: "
        r".*; correct the URL, or retry when the provider answers$",
        str(run.cause),
    ), run.cause
    assert run.states[0] == "Prepare the request"
    assert lifecycle.leftovers(environment) == {}
