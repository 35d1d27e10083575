"""A local AWS as the place of a proof: one of its own, or one that is running in a state folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.prove.place import LOCAL, Place
from cli.target.running import running_aws
from cli.target.stack import session_of
from cli.target.temporary import temporary_aws

_WAIT = {"intervalSeconds": 0, "maxIntervalSeconds": 1, "timeoutSeconds": 378}
"""The local AWS is quick, and polls cost nothing."""


@contextmanager
def local_place(
    stack: str, delays: Mapping[str, float], state_dir: Path | None, console: Console
) -> Iterator[Place]:
    """Use the local AWS that is running in a state folder, or start one for the proof and stop it at the end.

    The local AWS deploys the stack when it starts. If one is running already, its stack is used and removed.

    Args:
        stack: A name for the stack of a local AWS that starts here.
        delays: Seconds that AgentCore takes, by operation; for a local AWS that starts here.
        state_dir: Use the local AWS that is running in this folder.
        console: Where to say that it starts.

    Raises:
        UsageError: None is running in that folder, or there is no such delay.
        StartError: It cannot start.
    """
    if state_dir is not None:
        running = running_aws(state_dir)
        yield _place(running.stack_name, running.endpoint_url, running.environment())
        return
    with temporary_aws(delays, None, keep=False, console=console, stack_name=stack) as aws:
        yield _place(stack, aws.endpoint_url, aws.environment())


def _place(stack: str, endpoint_url: str, environment: Mapping[str, str]) -> Place:
    session = session_of(environment)
    region = environment["AWS_REGION"]
    identity = session.client("sts", endpoint_url=endpoint_url).get_caller_identity()
    return Place(
        name=LOCAL,
        region=region,
        account=str(identity["Account"]),
        stack=stack,
        session=session,
        endpoint_url=endpoint_url,
        deploy=lambda: None,
        wait=dict(_WAIT),
    )
