"""Finding the state machine: of a stack, of the embedded AWS that is up, or of one for this run."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoRegionError
from rich.console import Console

from local.command import target
from local.command.inputs import UsageError
from local.command.target import StartError, local_target, stack_target, starting
from local.stack.errors import ParameterError

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:lifecycle"
KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


class FakeSession:
    """Answers DescribeStacks with these outputs, or raises."""

    def __init__(self, outputs: dict[str, str] | Exception) -> None:
        self.outputs = outputs
        self.endpoints: list[str | None] = []

    def client(self, service: str, *, endpoint_url: str | None, config: Any) -> Any:
        self.endpoints.append(endpoint_url)
        return SimpleNamespace(
            service=service,
            describe_stacks=self.describe_stacks,
            meta=SimpleNamespace(region_name="us-east-1"),
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


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (refused("ValidationError"), "there is no stack mine in us-east-1"),
        ({"Other": "x"}, "stack mine has no output StateMachineArn"),
        (NoRegionError(), "must specify a region"),
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
    fake.find_running = lambda _root: fake.running
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


def test_one_that_is_up_is_used(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module.running = SimpleNamespace(
        stack_name="agentcore-lifecycle",
        endpoint_url="http://localhost:4566",
        environment=lambda: KEYS,
    )
    session = FakeSession({"StateMachineArn": MACHINE})
    monkeypatch.setattr(target, "session_of", lambda _environment: session)
    with local_target({}, console=quiet()) as found:
        assert (found.machine_arn, found.lasting) == (MACHINE, True)
    assert set(session.endpoints) == {"http://localhost:4566"}
    assert FakeEmbedded.started == []
    with (
        pytest.raises(UsageError, match="one is up already"),
        local_target({"create": 1.0}, console=quiet()),
    ):
        pass
    with (
        pytest.raises(UsageError, match="one is up already: end it"),
        local_target({}, parameters={"RebuildEvents": "ENABLED"}, console=quiet()),
    ):
        pass
