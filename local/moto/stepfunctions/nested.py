"""Step Functions: the executions that a task starts and waits for (`startExecution.sync`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramStopped
from moto.stepfunctions.parser.models import stepfunctions_parser_backends


def stop_nested_executions() -> None:
    """Stop the execution that a task waits for when the task is aborted; moto lets it run on.

    A task is aborted when its execution is stopped, or when another branch of its Parallel state or another iteration
    of its Map state fails. Step Functions then calls StopExecution for it (developer guide, "Discover service
    integration patterns in Step Functions", "Run a Job (.sync)").
    Upstream: upstream/nested-stop.md.
    """
    for name in ("_build_sync_resolver", "_build_sync2_resolver"):
        setattr(StateTaskServiceSfn, name, _noted(getattr(StateTaskServiceSfn, name)))
    wait = StateTaskServiceSfn._eval_sync

    @wraps(wait)
    def _eval_sync(self: StateTaskServiceSfn, env: Any, sync_resolver: Any, **rest: Any) -> Any:
        outcome = wait(self, env=env, sync_resolver=sync_resolver, **rest)
        aborted = isinstance(env.program_state(), ProgramStopped | ProgramError)
        if outcome is None and aborted:
            details = env.aws_execution_details
            backend = stepfunctions_parser_backends[details.account][details.region]
            backend.stop_execution(sync_resolver.execution_arn)
        return outcome

    StateTaskServiceSfn._eval_sync = _eval_sync  # type: ignore[method-assign, assignment]


def _noted(build: Callable[..., Any]) -> Callable[..., Any]:
    """Let what waits for an execution say for which."""

    @wraps(build)
    def build_resolver(self: Any, env: Any, **rest: Any) -> Any:
        arn = env.stack[-1]["ExecutionArn"]
        resolver = build(self, env=env, **rest)
        resolver.execution_arn = arn
        return resolver

    return build_resolver
