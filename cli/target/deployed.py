"""A deployed stack with its AWS clients: a stack in AWS, or that of the local AWS that is running."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from cli.errors import NotUpError, UsageError
from cli.invocation import aws_command, this_command
from cli.target.denied import name_denials
from cli.target.running import running_aws
from cli.target.stack import RETRIES, describe_stack, label_of, options_of, session_of
from cli.target.state_folder import state_dir_option
from cli.target.target import FLEET_OUTPUT, MACHINE_OUTPUT, Target

if TYPE_CHECKING:
    from local.emulator.running import RunningAws


@dataclass(frozen=True)
class Deployed:
    """A deployed stack.

    Attributes:
        name: The stack's name.
        region: Its Region.
        label: Name of the place, for messages.
        options: The options of a command that select the same stack again.
        aws: What to type in a shell to call the AWS CLI on it.
        outputs: The stack's outputs, by name.
        parameters: The stack's parameters, by name.
        session: The caller's own credentials.
        endpoint_url: The endpoint, if it is not AWS's own.
    """

    name: str
    region: str
    label: str
    options: str
    aws: str
    outputs: dict[str, str]
    parameters: dict[str, str]
    session: boto3.Session
    endpoint_url: str | None = None

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return a boto3 client with the caller's credentials.

        A call that AWS denies raises `cli.target.denied.DeniedError`.
        """
        made = self.session.client(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            config=config or RETRIES,
        )
        name_denials(made)
        return made

    def output(self, name: str) -> str:
        """Return an output of the stack.

        Raises:
            UsageError: The stack has no such output.
        """
        if name not in self.outputs:
            raise UsageError(
                f"{self.label} has no output {name}: an older template made it; deploy the stack again"
            )
        return self.outputs[name]


def deployed(stack: str | None, *, local: bool, state_dir: Path | None) -> Deployed:
    """Find the stack that a command works on.

    Args:
        stack: The option `--stack`; without it, the local AWS that is running.
        local: The option `--local`.
        state_dir: The option `--state-dir`.

    Raises:
        UsageError: Options that exclude each other, no local AWS is running, or there is no such stack.
    """
    if stack is not None:
        if local:
            raise UsageError("use either --local or --stack, not both")
        if state_dir is not None:
            raise UsageError("--state-dir is for the local AWS, not for --stack")
        return _in_aws(stack)
    try:
        running = running_aws(state_dir)
    except NotUpError as error:
        hint = "" if local or state_dir else ", or select a stack in AWS with --stack"
        raise NotUpError(f"{error}{hint}") from None
    return of_running(running, state_dir)


def of_running(running: RunningAws, state_dir: Path | None) -> Deployed:
    """Return the stack of the local AWS that is running.

    Args:
        running: The local AWS.
        state_dir: The option `--state-dir` that it was found with.

    Raises:
        UsageError: Its stack is not deployed.
    """
    found = describe_stack(
        running.stack_name, session_of(running.environment()), endpoint_url=running.endpoint_url
    )
    option = state_dir_option(state_dir)
    return Deployed(
        name=running.stack_name,
        region=found.region,
        label=f"the local AWS at {running.endpoint_url}",
        options=f"--local{option}",
        aws=f'eval "$({this_command()} local env{option})"; {aws_command()}',
        outputs=found.outputs,
        parameters=found.parameters,
        session=found.session,
        endpoint_url=running.endpoint_url,
    )


def lifecycle_of(place: Deployed) -> Target:
    """Return the lifecycle's state machine of a stack. A call that AWS denies raises `DeniedError`."""
    return _target(place, MACHINE_OUTPUT)


def fleet_of(place: Deployed) -> Target:
    """Return the fleet's state machine of a stack. A call that AWS denies raises `DeniedError`."""
    return _target(place, FLEET_OUTPUT)


def _in_aws(stack: str) -> Deployed:
    found = describe_stack(stack)
    return Deployed(
        name=stack,
        region=found.region,
        label=label_of(stack, found.region),
        options=options_of(stack),
        aws=f"{aws_command()} --region {found.region}",
        outputs=found.outputs,
        parameters=found.parameters,
        session=found.session,
    )


def _target(place: Deployed, output: str) -> Target:
    return Target(
        label=place.label,
        stepfunctions=place.client("stepfunctions"),
        machine_arn=place.output(output),
        options=place.options,
        aws=place.aws,
        place=place,
    )
