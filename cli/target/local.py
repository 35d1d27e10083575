"""Where an execution runs: a stack in AWS, the embedded AWS that is up, or one that lives for this run only."""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import typer
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
)
from rich.console import Console

from cli.execution.history import StepFunctions
from cli.inputs import UsageError
from cli.streams import INTERRUPTED
from lifecycle.stages import STAGES, Machine

if TYPE_CHECKING:
    from local.agentcore.settings import Delays
    from local.embedded import EmbeddedAws, RunningAws

STATE_ROOT = Path(__file__).resolve().parents[2] / ".local"
"""Everything that the embedded AWS writes lies below this folder of the project."""

MACHINE_OUTPUT = "StateMachineArn"
_MOST_RUNS = 20
"""Runs with an embedded AWS of their own, side by side."""

FIRST_NEEDED = tuple(
    stage.function
    for stage in STAGES
    if stage.machine is Machine.LIFECYCLE and stage.handler != "record_failure"
)
"""Functions that get a process ahead: those of an execution without a failure, in its order."""

_RETRIES = Config(retries={"mode": "standard", "max_attempts": 5})


_HINTS: dict[type[BotoCoreError], str] = {
    NoRegionError: " Set AWS_REGION, or let AWS_PROFILE name a profile that has a region.",
    NoCredentialsError: ". Let AWS_PROFILE name a profile that is signed in, or set "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
}
"""What to do about what is missing, after botocore's own words."""


class NotUpError(UsageError):
    """No embedded AWS is up."""


@dataclass(frozen=True)
class Target:
    """A state machine that can be started.

    Attributes:
        label: What a person calls the place.
        stepfunctions: boto3's client for it.
        machine_arn: ARN of the lifecycle's state machine.
        lasting: Whether what an execution made is still there after the command has ended.
        options: What `lifecycle run` is given to reach it again.
        aws: What a shell calls to reach it with the AWS CLI.
    """

    label: str
    stepfunctions: StepFunctions
    machine_arn: str
    lasting: bool = True
    options: str = "--local"
    aws: str = "aws"


def session_of(environment: Mapping[str, str]) -> boto3.Session:
    """Return a boto3 session with the credentials and region of such variables as `environment()` returns."""
    return boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_REGION"],
    )


def stack_target(
    stack: str,
    session: boto3.Session | None = None,
    *,
    endpoint_url: str | None = None,
    label: str | None = None,
    options: str | None = None,
    aws: str | None = None,
) -> Target:
    """Find the state machine of a deployed stack by the stack's outputs.

    Args:
        stack: The CloudFormation stack's name.
        session: Whose credentials and region; the caller's own configuration by default.
        endpoint_url: Another endpoint than AWS's own.
        label: What a person calls the place; the stack and its region by default.
        options: What `lifecycle run` is given to reach it again; `--stack` by default.
        aws: What a shell calls to reach it with the AWS CLI; `aws` in the client's region by default.

    Raises:
        UsageError: No credentials, no region, no such stack, or a stack without that output.
        botocore.exceptions.ClientError: AWS refused the call for another reason.
    """
    try:
        # Most SDKs read AWS_REGION first; boto3 does not read it at all.
        session = session or boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        client = session.client("cloudformation", endpoint_url=endpoint_url, config=_RETRIES)
        stacks = client.describe_stacks(StackName=stack)["Stacks"]
        stepfunctions = session.client("stepfunctions", endpoint_url=endpoint_url, config=_RETRIES)
    except BotoCoreError as error:
        hint = _HINTS.get(type(error), "")
        raise UsageError(f"AWS cannot be asked for stack {stack}: {error}{hint}") from error
    except ClientError as error:
        # CloudFormation's answer for a stack that does not exist.
        if error.response["Error"]["Code"] == "ValidationError":
            raise UsageError(
                f"there is no stack {stack} in {client.meta.region_name}: deploy it, or name another with --stack"
            ) from error
        raise
    outputs: dict[str, Any] = {
        o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", [])
    }
    if MACHINE_OUTPUT not in outputs:
        raise UsageError(
            f"stack {stack} has no output {MACHINE_OUTPUT}: it is not one of this template, or not deployed yet"
        )
    return Target(
        label=label or f"stack {stack} in {client.meta.region_name}",
        stepfunctions=stepfunctions,
        machine_arn=outputs[MACHINE_OUTPUT],
        options=options or f"--stack {shlex.quote(stack)}",
        aws=aws or f"aws --region {client.meta.region_name}",
    )


def running_aws(state_dir: Path | None = None) -> RunningAws:
    """Return the embedded AWS that is up in a state folder, by default in the one of `local up`.

    Raises:
        NotUpError: None is.
    """
    # Imported late: a run against AWS needs none of the embedded one.
    with without_collections():
        from local.embedded import find_running

    running = find_running(state_dir or STATE_ROOT)
    if running is None:
        where, option = (f" in {state_dir}", state_dir_option(state_dir)) if state_dir else ("", "")
        raise NotUpError(
            f"no embedded AWS is up{where}: start one with `lifecycle local up{option}`"
        )
    return running


def state_dir_option(state_dir: Path | None) -> str:
    """Return the option for a state folder as a shell takes it, a blank before it; empty for the usual one."""
    return f" --state-dir {shlex.quote(str(state_dir))}" if state_dir else ""


@contextmanager
def local_target(
    delays: Mapping[str, float],
    *,
    parameters: Mapping[str, str] | None = None,
    keep: bool = False,
    state_dir: Path | None = None,
    console: Console,
) -> Iterator[Target]:
    """Use the embedded AWS that is up, or start one and end it with the `with` block.

    Args:
        delays: Seconds that AgentCore takes, by operation; only for one that is started here.
        parameters: The template's parameters, by name; only for one that is started here.
        keep: Leave the state folder of one that was started here.
        state_dir: Use the one that is up there, and start none; by default the one that `local up` keeps.
        console: Tells that it starts, and what is kept.

    Raises:
        UsageError: Delays, parameters or `keep` were given, but one is up already; none is up in `state_dir`; or
            there is no such delay or parameter, or a parameter's value is not one that the template allows.
    """
    try:
        running = running_aws(state_dir)
    except NotUpError:
        if state_dir is not None:
            raise
    else:
        _refuse_what_is_decided(delays, parameters, keep=keep)
        option = state_dir_option(state_dir)
        yield stack_target(
            running.stack_name,
            session_of(running.environment()),
            endpoint_url=running.endpoint_url,
            label=f"the embedded AWS at {running.endpoint_url}",
            options=f"--local{option}",
            aws=f'eval "$(lifecycle local env{option})"; aws',
        )
        return
    settings = agentcore_delays(delays)
    with starting(console):
        embedded = _start_for_this_run(settings, dict(parameters or {}), keep=keep)
    log_to(embedded.state_dir)
    try:
        with embedded:
            yield Target(
                label="an embedded AWS of its own",
                stepfunctions=embedded.client("stepfunctions"),
                machine_arn=embedded.outputs[MACHINE_OUTPUT],
                lasting=False,
            )
    finally:
        if keep:
            console.print(f"kept: {embedded.state_dir}", style="dim", soft_wrap=True)
        else:
            _remove(embedded.state_dir)


def _refuse_what_is_decided(
    delays: Mapping[str, float], parameters: Mapping[str, str] | None, *, keep: bool
) -> None:
    if delays:
        raise UsageError("one is up already: `lifecycle local delays` changes its delays")
    if parameters:
        raise UsageError("one is up already: end it to start one with other parameters")
    if keep:
        raise UsageError("one is up already, and keeps what it writes: leave out --keep")


class StartError(Exception):
    """The embedded AWS cannot be started here. Exit status 1."""


@contextmanager
def without_collections() -> Iterator[None]:
    """Keep Python's garbage collector from searching what is only being built.

    A start imports and makes a million objects that all stay: to look through them again and again took a third
    of its time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def starting(console: Console) -> Iterator[None]:
    """Stand around the start of an embedded AWS: say so, and keep log records off the terminal until `log_to`.

    Raises:
        StartError: The state folder or the port is taken, or the template cannot be deployed.
        UsageError: The template does not allow a parameter.
        typer.Exit: It was interrupted, which is said.
    """
    from local.edge.server import PortError
    from local.embedded import AlreadyRunningError
    from local.stack.errors import ParameterError, StackError

    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        with console.status("starting an embedded AWS from template.yaml"), without_collections():
            yield
    except ParameterError as error:
        raise UsageError(f"--parameter: {error}") from error
    except PortError as error:
        raise StartError(f"{error}: choose another with --port, or 0 for any") from error
    except KeyboardInterrupt:
        console.print("Interrupted: the embedded AWS was not started.", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except (AlreadyRunningError, StackError, OSError) as error:
        raise StartError(f"the embedded AWS cannot be started: {error}") from error
    finally:
        logging.getLogger().removeHandler(silent)


def log_to(state_dir: Path) -> None:
    """Let what the embedded AWS and its libraries log in this process go to a file of the state folder."""
    file = state_dir / "logs" / "embedded.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=file, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _start_for_this_run(delays: Delays, parameters: dict[str, str], *, keep: bool) -> EmbeddedAws:
    """Start one in the first folder that no other run holds; if it does not start, nothing is left unless kept.

    The names are few and fixed, so that what a killed run left is found, and cleared, by the next.
    """
    from local.embedded import AlreadyRunningError, EmbeddedAws

    def start(number: int) -> EmbeddedAws:
        folder = STATE_ROOT / f"run-{number}"
        try:
            return EmbeddedAws.start(
                state_dir=folder, parameters=parameters, delays=delays, warm=FIRST_NEEDED
            )
        except AlreadyRunningError:
            raise
        except BaseException:
            if not keep:
                _remove(folder)
            raise

    for number in range(1, _MOST_RUNS):
        try:
            return start(number)
        except AlreadyRunningError:
            continue
    return start(_MOST_RUNS)


def _remove(state_dir: Path) -> None:
    """Remove a state folder, unless another embedded AWS has taken it: whoever has one holds its lock."""
    with suppress(FileNotFoundError, BlockingIOError), (state_dir / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(state_dir)


def agentcore_delays(seconds: Mapping[str, float]) -> Delays:
    """Make the local AgentCore's delays from names and seconds.

    Raises:
        UsageError: There is no delay of that name.
    """
    from local.agentcore.settings import Delays

    known = {field.name for field in fields(Delays)}
    if unknown := sorted(set(seconds) - known):
        raise UsageError(
            f"no such delay: {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    return Delays(**seconds)
