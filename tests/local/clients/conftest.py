"""`lifecycle local up` in a process of its own, and clients that know nothing but the variables it prints."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import pytest

PROJECT = Path(__file__).parents[3]
AGENTS = PROJECT / "tests/embedded/agents"
DELAYS = ("create=0.3", "update=0.3", "delete=0.3", "endpoint=0.2", "gateway=0.2")
END_SECONDS = 30


class Up:
    """The command, from its start to its end.

    Attributes:
        process: It.
        environment: The variables that it printed.
        state_dir: Its state folder.
    """

    def __init__(
        self, folder: Path, *options: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it in a folder, where it is to leave nothing but `state`; wait until it says that it is up."""
        self.state_dir = folder / "state"
        delays = [part for delay in DELAYS for part in ("--delay", delay)]
        chosen = ["--port", "0", "--state-dir", str(self.state_dir), *delays, *options]
        with tempfile.TemporaryFile("w+") as out:
            with interruptible():
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "cli.main", "local", "up", *chosen],
                    cwd=folder,
                    env=environment,
                    stdout=out,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            self._wait()
            out.seek(0)
            self.environment = exported(out.read())

    def _wait(self) -> None:
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if line.startswith("up at "):
                break
        else:
            pytest.fail(f"it ended with {self.process.wait()}: {''.join(said)}")

    @property
    def url(self) -> str:
        return self.environment["AWS_ENDPOINT_URL"]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(END_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.returncode is None:
            self.end(signal.SIGKILL)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a process that is started here be interrupted, even if these tests run as a shell's background job.

    Such a job ignores SIGINT, and what is ignored stays so across exec; what has a handler does not.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def exported(script: str) -> dict[str, str]:
    """Read `export NAME=VALUE` lines as a shell does."""
    pairs = [shlex.split(line)[1].partition("=") for line in script.splitlines()]
    return {name: value for name, _, value in pairs}


def client_environment(up: Up, home: Path) -> dict[str, str]:
    """The printed variables, and as little else as a program needs: no configuration of this machine's user."""
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "NO_PROXY": "localhost,127.0.0.1", **up.environment}


class AwsCli:
    """The AWS CLI as it is; pointed here by its environment alone."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def run(self, *words: str, **parameters: Any) -> subprocess.CompletedProcess[str]:
        """Run a command; keywords go in as `--cli-input-json`."""
        given = ["--cli-input-json", json.dumps(parameters)] if parameters else []
        program = str(Path(sys.executable).with_name("aws"))
        return subprocess.run(
            [program, *words, *given, "--output", "json"],
            cwd=PROJECT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *words: str, **parameters: Any) -> Any:
        """Run a command that must succeed, and return what it printed."""
        ended = self.run(*words, **parameters)
        assert ended.returncode == 0, (words, ended.stderr)
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    def refused(self, *words: str, **parameters: Any) -> str:
        """Run a command that must fail as a refused call does, and return what it said."""
        ended = self.run(*words, **parameters)
        # 254 in version 2, 255 in version 1: "the service returned an error".
        assert ended.returncode in (254, 255), ended.stdout
        return ended.stderr

    def until(self, wanted: str, member: str, *words: str, seconds: float = 90) -> Any:
        """Repeat a command until a member of its answer has a value."""
        deadline = time.monotonic() + seconds
        while (answer := self(*words))[member] != wanted:
            assert time.monotonic() < deadline, answer
            time.sleep(0.5)  # each look is a process that takes a CPU from what it waits for
        return answer


# One `up` for a worker's share of this folder.
@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up"), "--parameter", "RebuildEvents=ENABLED") as started:
        yield started
        assert started.end() == 128 + signal.SIGTERM


@pytest.fixture(scope="package")
def environment(up: Up, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return client_environment(up, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="package")
def aws(environment: dict[str, str]) -> AwsCli:
    return AwsCli(environment)


@pytest.fixture(scope="package")
def outputs(aws: AwsCli) -> dict[str, str]:
    (stack,) = aws("cloudformation", "describe-stacks", "--stack-name", "agentcore-lifecycle")[
        "Stacks"
    ]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="package")
def code(
    aws: AwsCli, outputs: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """Uploads an agent of `tests/embedded/agents` as a zip; gives where it is in S3."""
    folder = tmp_path_factory.mktemp("zips")

    def upload(agent: str) -> dict[str, Any]:
        zipped = folder / f"{agent}.zip"
        with zipfile.ZipFile(zipped, "w") as archive:
            for file in (AGENTS / agent).iterdir():
                archive.writestr(file.name, file.read_bytes())
        bucket, key = outputs["ArtifactBucketName"], f"sources/{zipped.name}"
        put = ("put-object", "--bucket", bucket, "--key", key, "--body", str(zipped))
        return {"bucket": bucket, "key": key, "versionId": aws("s3api", *put)["VersionId"]}

    return upload


@pytest.fixture(scope="package")
def request_of(
    code: Callable[[str], dict[str, Any]], outputs: dict[str, str]
) -> Callable[..., dict[str, Any]]:
    """Gives the parameters of CreateAgentRuntime for an agent that is run from its zip."""

    def request(agent: str, **more: Any) -> dict[str, Any]:
        at = code(agent)
        where = {"bucket": at["bucket"], "prefix": at["key"], "versionId": at["versionId"]}
        configuration = {
            "code": {"s3": where},
            "runtime": "PYTHON_3_13",
            "entryPoint": ["main.py"],
        }
        return {
            "agentRuntimeName": f"{agent}_{uuid.uuid4().hex[:8]}",
            "agentRuntimeArtifact": {"codeConfiguration": configuration},
            "roleArn": outputs["AgentExecutionRoleArn"],
            "networkConfiguration": {"networkMode": "PUBLIC"},
            **more,
        }

    return request


@dataclass(frozen=True)
class Caller:
    """A user of a pool, and what an authorizer has to know of it."""

    pool_id: str
    client_id: str
    name: str
    password: str
    region: str

    @property
    def authorizer(self) -> dict[str, Any]:
        issuer = f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool_id}"
        discovery = f"{issuer}/.well-known/openid-configuration"
        return {
            "customJWTAuthorizer": {
                "discoveryUrl": discovery,
                "allowedClients": [self.client_id],
            }
        }


@pytest.fixture(scope="package")
def caller(aws: AwsCli, up: Up) -> Caller:
    """A pool, a client and a user, made as a person makes them with the AWS CLI."""
    pool_id = aws("cognito-idp", "create-user-pool", "--pool-name", "clients")["UserPool"]["Id"]
    client = aws(
        "cognito-idp",
        "create-user-pool-client",
        UserPoolId=pool_id,
        ClientName="cli",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )
    password = f"Aa1!{uuid.uuid4().hex}"
    made = Caller(
        pool_id, client["UserPoolClient"]["ClientId"], "ann", password, up.environment["AWS_REGION"]
    )
    user = {"UserPoolId": pool_id, "Username": made.name}
    aws("cognito-idp", "admin-create-user", MessageAction="SUPPRESS", **user)
    aws("cognito-idp", "admin-set-user-password", Password=password, Permanent=True, **user)
    return made


@pytest.fixture(scope="package")
def token(aws: AwsCli, caller: Caller) -> str:
    """An access token, by a call that needs no signature."""
    signed_in = aws(
        "cognito-idp",
        "initiate-auth",
        "--no-sign-request",
        ClientId=caller.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": caller.name, "PASSWORD": caller.password},
    )
    return str(signed_in["AuthenticationResult"]["AccessToken"])


@pytest.fixture(scope="package")
def invocations(
    aws: AwsCli, up: Up, caller: Caller, request_of: Callable[..., dict[str, Any]]
) -> Callable[..., str]:
    """Deploys an agent behind the caller's pool; gives the URL of its invocations."""

    def deploy(agent: str, **more: Any) -> str:
        request = request_of(agent, authorizerConfiguration=caller.authorizer, **more)
        made = aws("bedrock-agentcore-control", "create-agent-runtime", **request)
        get = ("get-agent-runtime", "--agent-runtime-id", made["agentRuntimeId"])
        aws.until("READY", "status", "bedrock-agentcore-control", *get)
        arn = quote(made["agentRuntimeArn"], safe="")
        return f"{up.url}/runtimes/{arn}/invocations?qualifier=DEFAULT"

    return deploy


@pytest.fixture
def start_up() -> Callable[..., Up]:
    """The class that starts the command, for tests that start it themselves."""
    return Up
