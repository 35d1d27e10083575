"""Finding the state machine: of a stack, of the embedded AWS that is up, or of one for this run."""

from __future__ import annotations

import fcntl
import gc
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
import typer
from botocore.exceptions import ClientError, NoCredentialsError
from rich.console import Console

from cli.inputs import UsageError
from cli.target import local as target
from cli.target.local import (
    NotUpError,
    StartError,
    local_target,
    stack_target,
    starting,
)
from local.edge.server import PortError
from local.stack.errors import ParameterError

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:lifecycle"
KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


class FakeSession:
    """Answers DescribeStacks with these outputs, or raises."""

    def __init__(self, outputs: dict[str, str] | Exception, region_name: str = "us-east-1") -> None:
        self.outputs = outputs
        self.region_name = region_name
        self.endpoints: list[str | None] = []

    def client(self, service: str, *, endpoint_url: str | None, config: Any) -> Any:
        self.endpoints.append(endpoint_url)
        return SimpleNamespace(
            service=service,
            describe_stacks=self.describe_stacks,
            meta=SimpleNamespace(region_name=self.region_name),
        )

    def describe_stacks(self, **_arguments: str) -> dict[str, Any]:
        if isinstance(self.outputs, Exception):
            raise self.outputs
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStacks")


def test_a_stack_is_found_by_its_outputs() -> None:
    session: Any = FakeSession({"StateMachineArn": MACHINE, "Other": "x"})
    found = stack_target("mine", session)
    assert found.machine_arn == MACHINE
    assert found.lasting
    assert found.label == "stack mine in us-east-1"
    assert (found.options, found.aws) == ("--stack mine", "aws --region us-east-1")


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any AWS configuration."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")


@pytest.mark.usefixtures("unconfigured")
def test_the_region_may_stand_in_aws_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    def session(region_name: str) -> FakeSession:
        return FakeSession({"StateMachineArn": MACHINE}, region_name)

    monkeypatch.setattr(boto3, "Session", session)
    assert stack_target("mine").label == "stack mine in eu-west-1"


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize("empty", [True, False])
def test_without_a_region_it_is_said_what_to_set(
    monkeypatch: pytest.MonkeyPatch, *, empty: bool
) -> None:
    if empty:
        monkeypatch.setenv("AWS_REGION", "")
    with pytest.raises(UsageError, match="Set AWS_REGION, or let AWS_PROFILE name a profile"):
        stack_target("mine")


@pytest.mark.usefixtures("unconfigured")
def test_a_profile_that_is_not_there_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UsageError, match=r"profile \(nobody\) could not be found"):
        stack_target("mine")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (refused("ValidationError"), "there is no stack mine in us-east-1"),
        ({"Other": "x"}, "stack mine has no output StateMachineArn"),
        (NoCredentialsError(), "Let AWS_PROFILE name a profile that is signed in"),
    ],
)
def test_what_is_wrong_with_a_stack_is_said(
    outputs: dict[str, str] | Exception, message: str
) -> None:
    session: Any = FakeSession(outputs)
    with pytest.raises(UsageError, match=message):
        stack_target("mine", session)


def test_a_refusal_by_aws_is_no_bad_usage() -> None:
    session: Any = FakeSession(refused("AccessDenied"))
    with pytest.raises(ClientError):
        stack_target("mine", session)


class AlreadyRunningError(RuntimeError):
    """Stands in for the error of `local.embedded`."""


class FakeEmbedded:
    """Stands in for `EmbeddedAws`: writes into its state folder and remembers that it was ended."""

    started: list[FakeEmbedded]

    def __init__(self, state_dir: Path, parameters: dict[str, str], delays: Any) -> None:
        state_dir.mkdir(parents=True)
        self.state_dir, self.delays, self.ended = state_dir, delays, False
        self.parameters = parameters
        self.outputs = {"StateMachineArn": MACHINE}
        (state_dir / "file").write_text("state")

    @classmethod
    def start(
        cls, *, state_dir: Path, parameters: dict[str, str], delays: Any, warm: Sequence[str]
    ) -> FakeEmbedded:
        assert warm[0] == "PrepareRequestFunction", "a person waits: nothing starts cold"
        if state_dir.exists():
            raise AlreadyRunningError
        cls.started.append(cls(state_dir, parameters, delays))
        return cls.started[-1]

    def client(self, service: str) -> str:
        return service

    def __enter__(self) -> FakeEmbedded:
        return self

    def __exit__(self, *_error: object) -> None:
        self.ended = True


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A stand-in for `local.embedded`; `module.running` is what is up."""
    fake: Any = ModuleType("local.embedded")
    fake.running = None
    fake.asked = []
    fake.find_running = lambda folder: fake.asked.append(folder) or fake.running
    fake.EmbeddedAws = FakeEmbedded
    fake.AlreadyRunningError = AlreadyRunningError
    FakeEmbedded.started = []
    monkeypatch.setitem(sys.modules, "local.embedded", fake)
    monkeypatch.setattr(target, "STATE_ROOT", tmp_path / ".local")
    return fake


def quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.mark.usefixtures("module")
def test_one_for_the_run_ends_and_leaves_nothing(tmp_path: Path) -> None:
    with local_target({"create": 1.0}, console=quiet()) as found:
        assert (found.machine_arn, found.lasting) == (MACHINE, False)
    (embedded,) = FakeEmbedded.started
    assert embedded.ended
    assert embedded.delays.create == 1.0
    assert list((tmp_path / ".local").iterdir()) == []


@pytest.mark.usefixtures("module")
def test_parameters_of_the_template_are_passed_on() -> None:
    with local_target({}, parameters={"RebuildEvents": "ENABLED"}, console=quiet()):
        pass
    assert FakeEmbedded.started[0].parameters == {"RebuildEvents": "ENABLED"}


@pytest.mark.usefixtures("module")
def test_a_parameter_that_the_template_refuses_is_bad_usage() -> None:
    with (
        pytest.raises(UsageError, match="--parameter: the template has no parameter X"),
        starting(quiet()),
    ):
        raise ParameterError("the template has no parameter X")


@pytest.mark.usefixtures("module")
def test_one_for_the_run_ends_when_the_run_breaks(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), local_target({}, console=quiet()):
        raise KeyboardInterrupt
    assert FakeEmbedded.started[0].ended
    assert list((tmp_path / ".local").iterdir()) == []


@pytest.mark.usefixtures("module")
def test_two_runs_side_by_side_do_not_share_a_folder() -> None:
    with local_target({}, console=quiet()), local_target({}, console=quiet()):
        one, other = FakeEmbedded.started
        assert one.state_dir != other.state_dir


@pytest.mark.usefixtures("module")
def test_its_state_is_kept_on_request() -> None:
    console = quiet()
    with local_target({}, keep=True, console=console):
        pass
    state_dir = FakeEmbedded.started[0].state_dir
    assert (state_dir / "file").exists()
    assert isinstance(console.file, io.StringIO)
    assert str(state_dir) in console.file.getvalue().replace("\n", "")


@pytest.mark.usefixtures("module")
def test_an_unknown_delay_is_refused_before_anything_starts() -> None:
    with (
        pytest.raises(UsageError, match="no such delay: created; there are create, "),
        local_target({"created": 1.0}, console=quiet()),
    ):
        pass
    assert FakeEmbedded.started == []


@pytest.mark.usefixtures("module")
def test_garbage_is_collected_again_after_a_start_however_it_ended() -> None:
    with starting(quiet()):
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(StartError), starting(quiet()):
        raise OSError("the port is taken")
    assert gc.isenabled()


@pytest.mark.usefixtures("module")
def test_a_start_that_cannot_be_says_why() -> None:
    with (
        pytest.raises(StartError, match="cannot be started: the port is taken"),
        starting(quiet()),
    ):
        raise OSError("the port is taken")


@pytest.mark.usefixtures("module")
def test_a_port_that_is_taken_says_what_to_choose() -> None:
    with (
        pytest.raises(StartError, match=r"^port 1 .*: choose another with --port, or 0 for any$"),
        starting(quiet()),
    ):
        raise PortError("port 1 of 127.0.0.1 is in use")


def fails_to_start(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let a start leave a folder as `EmbeddedAws.start` does, and raise."""

    def start(*, state_dir: Path, **_options: Any) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        (state_dir / "lock").touch()
        (state_dir / "logs").mkdir(exist_ok=True)
        raise error

    monkeypatch.setattr(FakeEmbedded, "start", start)


@pytest.mark.usefixtures("module")
def test_an_interrupted_start_is_said_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fails_to_start(monkeypatch, KeyboardInterrupt())
    console = quiet()
    with pytest.raises(typer.Exit) as ended, local_target({}, console=console):
        pass
    assert ended.value.exit_code == 130
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "Interrupted: the embedded AWS was not started.\n"
    assert list((tmp_path / ".local").iterdir()) == []


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("keep", [True, False])
def test_a_failed_start_leaves_its_folder_only_on_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, keep: bool
) -> None:
    fails_to_start(monkeypatch, OSError("no"))
    with pytest.raises(StartError), local_target({}, keep=keep, console=quiet()):
        pass
    assert (tmp_path / ".local/run-1/logs").exists() is keep


@pytest.mark.usefixtures("module")
def test_an_interrupted_start_leaves_a_folder_that_another_has_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fails_to_start(monkeypatch, KeyboardInterrupt())
    folder = tmp_path / ".local/run-1"
    folder.mkdir(parents=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(typer.Exit), local_target({}, console=quiet()):
            pass
    assert (folder / "logs").exists()


def up_at(url: str) -> SimpleNamespace:
    return SimpleNamespace(
        stack_name="agentcore-lifecycle", endpoint_url=url, environment=lambda: KEYS
    )


@pytest.mark.parametrize(
    ("state_dir", "option"), [(None, ""), (Path("my state"), " --state-dir 'my state'")]
)
def test_one_that_is_up_is_used(
    module: Any, monkeypatch: pytest.MonkeyPatch, state_dir: Path | None, option: str
) -> None:
    module.running = up_at("http://localhost:4566")
    session = FakeSession({"StateMachineArn": MACHINE})
    monkeypatch.setattr(target, "session_of", lambda _environment: session)
    with local_target({}, state_dir=state_dir, console=quiet()) as found:
        assert (found.machine_arn, found.lasting) == (MACHINE, True)
        # What is printed for a shell leads to the same one.
        assert found.options == f"--local{option}"
        assert found.aws == f'eval "$(lifecycle local env{option})"; aws'
    assert module.asked == [state_dir or target.STATE_ROOT]
    assert set(session.endpoints) == {"http://localhost:4566"}
    assert FakeEmbedded.started == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"delays": {"create": 1.0}}, "`lifecycle local delays` changes its delays"),
        ({"delays": {}, "parameters": {"RebuildEvents": "ENABLED"}}, "end it to start one"),
        ({"delays": {}, "keep": True}, "leave out --keep"),
    ],
)
def test_what_one_that_is_up_has_decided_is_refused(
    module: Any, given: dict[str, Any], message: str
) -> None:
    module.running = up_at("http://localhost:4566")
    with (
        pytest.raises(UsageError, match=f"one is up already.*{message}"),
        local_target(**given, console=quiet()),
    ):
        pass


@pytest.mark.usefixtures("module")
def test_none_is_started_in_place_of_the_one_that_was_named() -> None:
    with (
        pytest.raises(NotUpError, match=r"no embedded AWS is up in d: .* up --state-dir d`"),
        local_target({}, state_dir=Path("d"), console=quiet()),
    ):
        pass
    assert FakeEmbedded.started == []
