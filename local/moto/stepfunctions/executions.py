"""Step Functions: the API for executions."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import UTC, datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidExecutionInput, InvalidName
from moto.stepfunctions.parser.api import (
    ExecutionAbortedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import (
    EventHistoryContext,
    EventManager,
)
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.responses import StepFunctionResponse

_start_lock = threading.Lock()
_BAD_IN_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


def start_executions() -> None:
    """Name executions, validate their names and inputs, and start them one at a time.

    moto leaves an omitted name `None`: `$states.context.Execution.Name` is null, all ARNs are equal,
    and a second start is refused. It accepts any name, gives an invalid input an error without a
    code, and looks up the name and adds the execution without a lock.
    Upstream: upstream/unnamed-executions.md, upstream/concurrent-starts.md,
    upstream/execution-name-validation.md (related: getmoto/moto#6438), upstream/error-codes.md.
    """
    start = StepFunctionsParserBackend.start_execution

    @wraps(start)
    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str = "{}",
        *args: Any,
    ) -> Any:
        if name is not None and (_BAD_IN_NAME.search(name) or not 1 <= len(name) <= 80):
            raise InvalidName(f"Invalid Name: '{name}'")
        try:
            json.loads(execution_input)
        except ValueError as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: {error}") from None
        with _start_lock:
            return start(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *args)

    StepFunctionsParserBackend.start_execution = start_execution  # type: ignore[method-assign, assignment]


def begin_executions() -> None:
    """Answer StartExecution once the execution has begun: it can be stopped and has a history.

    moto answers when the thread has started; until the thread has got as far as to make its
    environment, StopExecution and ListMapRuns fail with an AttributeError and the history is empty.
    Upstream: upstream/early-calls.md.
    """
    start = ExecutionWorker.start

    @wraps(start)
    def start_worker(self: Any) -> None:
        begun = threading.Event()
        run, enter = self._execution_logic, self._get_evaluation_entrypoint

        def run_program() -> None:
            try:
                run()
            finally:
                begun.set()

        def entrypoint() -> Any:
            program = enter()

            # moto evaluates the program right after the event ExecutionStarted.
            def evaluate(env: Environment) -> None:
                begun.set()
                program.eval(env)

            return SimpleNamespace(eval=evaluate)

        self._execution_logic, self._get_evaluation_entrypoint = run_program, entrypoint
        start(self)  # type: ignore[no-untyped-call]
        begun.wait()

    ExecutionWorker.start = start_worker  # type: ignore[method-assign]


def keep_stop_reasons() -> None:
    """Keep `error` and `cause` of StopExecution, which moto drops, and stop at once.

    Upstream: upstream/stop-reason.md.
    """
    stop = StepFunctionResponse.stop_execution

    @wraps(stop)
    def stop_execution(self: StepFunctionResponse) -> Any:
        execution: Any = self.stepfunction_backend.describe_execution(
            self._get_param("executionArn")
        )
        execution.said = (self._get_param("error"), self._get_param("cause"))
        return stop(self)

    StepFunctionResponse.stop_execution = stop_execution  # type: ignore[method-assign]
    _stop_at_once()


def _stop_at_once() -> None:
    """End an execution as soon as it is stopped, for DescribeExecution and in its history, as AWS does.

    moto answers RUNNING until the task that runs has ended. That task is not interrupted, in AWS neither.
    Upstream: upstream/stop-reason.md.
    """
    stop, add = Execution.stop, EventManager.add_event
    reflect = BaseExecutionWorkerCommunication._reflect_execution_status

    @wraps(stop)
    def stop_execution(
        self: Execution, stop_date: datetime, error: str | None, cause: str | None
    ) -> None:
        worker = self.exec_worker
        if self.exec_status != ExecutionStatus.RUNNING or worker is None or worker.env is None:
            stop(self, stop_date, error, cause)
            return
        error, cause = getattr(self, "said", (error, cause))
        self.exec_status, self.stop_date = ExecutionStatus.ABORTED, stop_date
        self.error, self.cause = error, cause
        _end_history(worker.env, error, cause)
        stop(self, stop_date, error, cause)

    def _end_history(env: Environment, error: str | None, cause: str | None) -> None:
        manager = env.event_manager
        # The task that still runs adds nothing after the end.
        manager.ended = True  # type: ignore[attr-defined]
        details = ExecutionAbortedEventDetails(error=error, cause=cause)
        add(
            manager,
            context=EventHistoryContext.of_program_start(),
            event_type=HistoryEventType.ExecutionAborted,
            event_details=EventDetails(executionAbortedEventDetails=details),  # type: ignore[typeddict-item]
        )

    @wraps(add)
    def add_event(self: EventManager, *arguments: Any, **named: Any) -> int:
        return 0 if getattr(self, "ended", False) else add(self, *arguments, **named)

    @wraps(reflect)
    def reflect_status(self: BaseExecutionWorkerCommunication) -> None:
        if self.execution.exec_status != ExecutionStatus.ABORTED:
            reflect(self)  # type: ignore[no-untyped-call]

    EventManager.add_event = add_event  # type: ignore[method-assign]
    Execution.stop = stop_execution  # type: ignore[method-assign]
    BaseExecutionWorkerCommunication._reflect_execution_status = (  # type: ignore[method-assign]
        reflect_status
    )


def quote_text_outputs() -> None:
    """Return an output that is a string as JSON; moto omits its quotes.

    Upstream: upstream/string-output.md.
    """
    describe = StepFunctionResponse.describe_execution

    @wraps(describe)
    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describe(self)
        arn = self._get_param("executionArn")
        output = self.stepfunction_backend.describe_execution(arn).output
        if isinstance(output, str):
            described: Any = answer.result
            described["output"] = json.dumps(output)
        return answer

    StepFunctionResponse.describe_execution = describe_execution  # type: ignore[method-assign]


def page_histories() -> None:
    """Serve `maxResults`, `nextToken` and `reverseOrder` of GetExecutionHistory.

    moto always returns the whole history, oldest event first.
    Upstream: upstream/execution-history.md; the order: localstack/localstack#10106.
    """

    def get_execution_history(self: StepFunctionResponse) -> ActionResult:
        history = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
        events = [*history["events"]]
        if self._get_param("reverseOrder"):
            events.reverse()
        begin = int(self._get_param("nextToken") or 0)
        end = begin + (int(self._get_param("maxResults") or 0) or 100)
        more = {"nextToken": str(end)} if end < len(events) else {}
        return ActionResult({"events": events[begin:end], **more})

    StepFunctionResponse.get_execution_history = (  # type: ignore[method-assign]
        get_execution_history
    )


def stop_executions(account_id: str, region: str) -> None:
    """Stop every running execution, whose thread would otherwise call a server that has stopped.

    Args:
        account_id: Account of the executions.
        region: Region of the executions.
    """
    backend = stepfunctions_parser_backends[account_id][region]
    for machine in [*backend.state_machines]:
        for execution in [*machine.executions]:
            if execution.status == "RUNNING":
                execution.stop(datetime.now(UTC), None, None)
