"""`lifecycle local invoke` and `lifecycle local env --sam` on one local AWS: every event of `events/`, in order."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import main
from cli.target.functions import HANDLERS, functions_that_begin_with
from cli.target.stack import session_of
from tests.local.clients.conftest import Up

pytestmark = pytest.mark.embedded
HOST = "host.docker.internal"
NO_RUNTIME = (
    "EnvironmentNotFoundError: environment 'dev' has no runtime (in its record|to test); provision"
)
DONE = r'"done": true'

# The first takes the environment's lock for all, until the outcome is reported; the last one starts an execution. What
# begins a build comes late, so that none of the others can see its end. A text that begins with an error's name is a
# failure.
ANSWERS = {
    "PrepareRequestFunction": r'"environment": "dev".*"smokeTest": \{"prompt"',
    "PlanProvisionFunction": r'"resource": "user pool", "change": "create"',
    "PlanRollbackFunction": NO_RUNTIME,
    "RestoreVersionFunction": NO_RUNTIME,
    "ProvisionIdentityFunction": r'"type": "cognito".*"clientId": "',
    "DeployCredentialsFunction": r'"credentials": null',
    "DeployRuntimeFunction": "ArtifactBuildError: the artifact is not published",
    "CheckRuntimeFunction": NO_RUNTIME,
    "DeliverTelemetryFunction": r'"observability": null',
    "RunSmokeTestFunction": NO_RUNTIME,
    "RunCasesFunction": NO_RUNTIME,
    "JudgeCasesFunction": NO_RUNTIME,
    "EvaluateSessionsFunction": NO_RUNTIME,
    "PromoteVersionFunction": NO_RUNTIME,
    "ShiftTrafficFunction": NO_RUNTIME,
    "JudgeStepFunction": NO_RUNTIME,
    "ClearCanaryFunction": DONE,
    "DeployGatewayFunction": r'"gateway": null',
    "TestGatewayFunction": NO_RUNTIME,
    "RecordFailureFunction": r'"error": "SmokeTestError", "cause": "the answer is wrong"',
    "PrepareRollbackFunction": r'"refused": "the failure does not say that the version itself is bad',
    "DeleteGatewayFunction": rf'{DONE}.*"lookedFor": \["gateway named',
    "DeleteRuntimeFunction": rf'{DONE}.*"lookedFor": \["runtime named',
    "DeleteCredentialsFunction": rf'{DONE}.*"lookedFor": \["credential providers that begin',
    "DeleteTelemetryFunction": rf'{DONE}.*"lookedFor": \["delivery source',
    "DeleteIdentityFunction": rf'{DONE}.*"removed": \[\].*"wouldRemove": \["app client',
    "DeleteArtifactFunction": rf"{DONE}.*\"removed\": \[\]",
    "PublishArtifactFunction": r'"done": false, "look": \{"kind": "build"',
    "ReportOutcomeFunction": r'"output": \{"environment": "dev", "action": "provision"',
    "SelectEnvironmentsFunction": r'"action": "verify".*"selected": 0',
    "ReportFleetFunction": r'"action": "verify".*"started": 0',
    "StartExecutionFunction": r'"execution": "event-[0-9a-f-]{36}", "started": true',
}

Local = Callable[..., int]


def client(service: str, up: Up) -> Any:
    return session_of(up.environment).client(service, endpoint_url=up.url)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    options = ("--host-name", HOST, "--parameter", "Architecture=x86_64")
    with Up(tmp_path_factory.mktemp("up"), *options) as started:
        yield started
        assert started.end() == 128 + signal.SIGTERM


@pytest.fixture
def local(up: Up, monkeypatch: pytest.MonkeyPatch) -> Local:
    """Calls `lifecycle local …` for this local AWS, and returns its exit status."""

    def call(*arguments: str) -> int:
        where = ("--state-dir", str(up.state_dir))
        monkeypatch.setattr("sys.argv", ["lifecycle", "local", *arguments, *where])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return call


def test_every_function_has_an_expected_answer() -> None:
    assert set(ANSWERS) == set(HANDLERS)
    assert functions_that_begin_with("Delete") == sorted(
        name for name in ANSWERS if name.startswith("Delete")
    )


@pytest.mark.parametrize("function", ANSWERS)
def test_the_event_of_each_function(
    local: Local, capsys: pytest.CaptureFixture[str], function: str
) -> None:
    expected = ANSWERS[function]
    fails = re.match(r"[A-Z]\w+Error: ", expected) is not None
    assert local("invoke", function, "--json") == (1 if fails else 0)
    said = capsys.readouterr()
    printed: dict[str, Any] = json.loads(said.out)
    assert (printed["function"], printed["succeeded"]) == (function, not fails)
    if fails:
        assert re.search(f"{function} failed with {expected}", said.err)
        assert printed["error"]["errorType"] == expected.partition(":")[0]
    else:
        assert re.search(expected, json.dumps(printed["answer"], ensure_ascii=False))
        assert said.err == ""


def test_an_event_of_ones_own_and_the_log(
    local: Local, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"execution": "e", "input": {"colour": 1}}')
    assert local("invoke", "PrepareRequestFunction", "-e", str(event), "--log") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "PrepareRequestFunction failed with InvalidRequestError: colour: " in said.err
    assert '"message":"stage failed"' in said.err
    assert local("invoke", "ReportFleetFunction") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["action"] == "verify"
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("invoke", "PrepareRequest"), "has no function PrepareRequest; functions: CheckRuntime"),
        (("invoke", "CheckRuntimeFunction", "-e", "none.json"), "none.json: cannot be read"),
        (("env", "--sam", "--host", "other"), "up --host-name other --state-dir"),
        (("env", "--output", "x.json"), "--output is only for --sam"),
        (("env", "--sam", "--output", "no/x.json"), "--output no/x.json: cannot be written"),
    ],
)
def test_what_cannot_be_is_bad_usage(
    local: Local, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert local(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err


def test_the_variables_of_every_function_for_sam_local(
    local: Local, capsys: pytest.CaptureFixture[str], up: Up, tmp_path: Path
) -> None:
    assert local("env", "--sam") == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == set(HANDLERS)
    deployed = client("lambda", up).list_functions()["Functions"]
    assert {tuple(one["Architectures"]) for one in deployed} == {("x86_64",)}
    assert not any("AWS_ENDPOINT_URL" in one["Environment"]["Variables"] for one in deployed)
    endpoint = f"http://{HOST}:{up.port}"
    for variables in printed.values():
        assert variables["AWS_ENDPOINT_URL"] == endpoint
        assert variables["TABLE_NAME"].startswith("agentcore-lifecycle-EnvironmentsTable-")
    role = printed["DeployRuntimeFunction"]["EXECUTION_ROLE_ARN"]
    assert re.fullmatch(r"arn:aws:iam::123456789012:role/agentcore-lifecycle-\S+", role)
    file = tmp_path / "env.json"
    assert local("env", "--sam", "--output", str(file)) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(file.read_text()) == printed
    assert f"--env-vars {file} --add-host {HOST}:host-gateway" in said.err
    for secret in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert up.environment.get(secret, "x" * 9) not in file.read_text() + said.err
