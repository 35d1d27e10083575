"""A local AWS that lives for one command only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from cli.target import state_folder
from cli.target.start import FIRST_NEEDED, agentcore_delays, log_to, starting
from cli.target.target import MACHINE_OUTPUT, Target

if TYPE_CHECKING:
    from local.embedded import EmbeddedAws

_LABEL = "a local AWS for this run only"
_MOST_RUNS = 20
"""How many commands can have a local AWS of their own at the same time."""


@dataclass(frozen=True)
class _TemporaryPlace:
    """The stack of a local AWS that lives for one command only."""

    aws: EmbeddedAws
    label: str = _LABEL
    options: str = "--local"

    @property
    def outputs(self) -> Mapping[str, str]:
        return self.aws.outputs

    @property
    def endpoint_url(self) -> str:
        return self.aws.environment()["AWS_ENDPOINT_URL"]

    def client(self, service: str) -> Any:
        return self.aws.client(service)


@contextmanager
def temporary_target(
    delays: Mapping[str, float],
    parameters: Mapping[str, str] | None,
    *,
    keep: bool,
    console: Console,
    readings: Mapping[str, str] | None = None,
) -> Iterator[Target]:
    """Start a local AWS, and stop it at the end of the `with` block.

    Args:
        delays: Seconds that AgentCore takes, by operation.
        parameters: The template's parameters, by name.
        keep: Keep the state folder after the end.
        console: Where to say that it starts, and what is kept.
        readings: What to play where AWS's behaviour is not known, by name.

    Raises:
        UsageError: There is no such delay or parameter, or the template does not allow a parameter's value.
        StartError: It cannot start.
    """
    with temporary_aws(
        delays, parameters, keep=keep, console=console, readings=readings
    ) as local_aws:
        yield Target(
            label=_LABEL,
            stepfunctions=local_aws.client("stepfunctions"),
            machine_arn=local_aws.outputs[MACHINE_OUTPUT],
            lasting=False,
            place=_TemporaryPlace(local_aws),
        )


@contextmanager
def temporary_aws(
    delays: Mapping[str, float],
    parameters: Mapping[str, str] | None,
    *,
    keep: bool,
    console: Console,
    stack_name: str | None = None,
    readings: Mapping[str, str] | None = None,
) -> Iterator[EmbeddedAws]:
    """Start a local AWS as `temporary_target` does, and return it itself.

    Args:
        delays: Seconds that AgentCore takes, by operation.
        parameters: The template's parameters, by name.
        keep: Keep the state folder after the end.
        console: Where to say that it starts, and what is kept.
        stack_name: Another name for the stack than the usual one.
        readings: What to play where AWS's behaviour is not known, by name.

    Raises:
        UsageError: There is no such delay or parameter, or the template does not allow a parameter's value.
        StartError: It cannot start.
    """
    settings: dict[str, Any] = {
        "delays": agentcore_delays(delays),
        "parameters": dict(parameters or {}),
        "warm": FIRST_NEEDED,
    }
    if readings:
        settings["readings"] = readings
    if stack_name:
        settings["stack_name"] = stack_name
    with starting(console):
        state_folder.remove_dead()
        local_aws = _start(settings, keep=keep)
    log_to(local_aws.state_dir)
    try:
        with local_aws:
            yield local_aws
    finally:
        if keep:
            state_folder.keep(local_aws.state_dir)
            console.print(f"kept: {local_aws.state_dir}", style="dim", soft_wrap=True)
        else:
            state_folder.remove(local_aws.state_dir)


def _start(settings: Mapping[str, Any], *, keep: bool) -> EmbeddedAws:
    """Start one in the first state folder that no other run uses. After a failed start, remove it unless `keep`.

    The folders have a few fixed names, so that the next run finds and clears what a killed run left behind.
    """
    from local.embedded import AlreadyRunningError, EmbeddedAws

    def start(number: int) -> EmbeddedAws:
        folder = state_folder.STATE_ROOT / f"run-{number}"
        try:
            return EmbeddedAws.start(state_dir=folder, **settings)
        except AlreadyRunningError:
            raise
        except BaseException:
            if not keep:
                state_folder.remove(folder)
            raise

    for number in range(1, _MOST_RUNS):
        try:
            return start(number)
        except AlreadyRunningError:
            continue
    return start(_MOST_RUNS)
