"""Step Functions: map runs, the executions that a Distributed Map starts and the files with their results."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionFailedEventDetails,
    ExecutionStartedEventDetails,
    ExecutionStatus,
    ExecutionSucceededEventDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (  # noqa: E501
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import (
    Job,
    JobPool,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import (
    EventHistoryContext,
    EventManager,
)
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
)
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)

from local.moto.stepfunctions.map_children import Child, children_of, serve_children
from local.moto.stepfunctions.map_errors import failure

_MOST_AT_ONCE = 10_000


def run_items_as_executions() -> None:
    """Run each item of a Distributed Map as an execution of its own.

    In AWS each item has an execution with its own ARN, context object and history. Variables of the
    parent are not visible in it, and a map run with too many failures fails (developer guide, "Using
    Map state in Distributed mode"; "Passing data between states with variables"; "Setting failure
    thresholds"). moto runs the items as frames of the parent: no execution and no history, the
    parent's context and variables, every failure tolerated, and a call stack that grows with the
    number of items.
    Upstream: upstream/map-run-executions.md.
    """
    DistributedIterationComponent._map_run = _run_map  # type: ignore[method-assign]
    DistributedItemProcessorWorker._eval_job = _run_item  # type: ignore[method-assign]
    DistributedItemProcessorWorker.eval = _work  # type: ignore[method-assign]
    describe, stop = (
        StepFunctionsParserBackend.describe_execution,
        StepFunctionsParserBackend.stop_execution,
    )

    @wraps(describe)
    def describe_execution(self: StepFunctionsParserBackend, execution_arn: str) -> Any:
        return children_of(self).get(execution_arn) or describe(self, execution_arn)

    @wraps(stop)
    def stop_execution(self: StepFunctionsParserBackend, execution_arn: str) -> Any:
        child = children_of(self).get(execution_arn)
        if child is None:
            return stop(self, execution_arn)
        child.stop(datetime.now(UTC), "", "")
        return child

    StepFunctionsParserBackend.describe_execution = describe_execution  # type: ignore[method-assign, assignment]
    StepFunctionsParserBackend.stop_execution = stop_execution  # type: ignore[method-assign, assignment]
    serve_children()


def _run_map(self: Any, env: Any, eval_input: Any) -> None:
    """Run the items, as many at a time as is allowed."""
    items: list[Any] = env.stack.pop()
    record = eval_input.map_run_record
    record.children = {}
    pool = JobPool(job_program=self._get_iteration_program(), job_inputs=items)
    record.items = items
    for _ in range(min(len(items), record.max_concurrency or _MOST_AT_ONCE)):
        self._launch_worker(env=env, eval_input=eval_input, job_pool=pool)
    pool.await_jobs()
    if (error := pool.get_worker_exception()) is not None:
        for child in [*record.children.values()]:
            child.stop(datetime.now(UTC), None, None)
        raise error
    env.stack.append([job.job_output for job in pool.get_closed_jobs()])


def _work(self: Any) -> None:
    """Take one item after the other."""
    while (job := self._job_pool.next_job()) is not None:
        try:
            self._eval_job(self._env, job)
        except Exception as error:  # noqa: BLE001 - the map run raises it
            job.job_output = error
        self._job_pool.close_job(job)


def _run_item(self: Any, env: Any, job: Job) -> None:
    """Run one item's execution to its end.

    Raises:
        FailureEventException: More items failed than are tolerated.
    """
    record = self._map_run_record
    if not env.is_running():
        return  # the parent was stopped: the item stays pending
    child, frame = _start(env, record, _input_of(self, env, job))
    record.children[job.job_index] = child
    _count(record, "total", "running")
    job.job_program.eval(frame)
    _end(child, frame)
    env.delete_frame(frame)
    kind = {"TIMED_OUT": "timed_out"}.get(child.status, child.status.lower())
    _count(record, kind, "results_written")
    for counter in (record.item_counter, record.execution_counter):
        counter.running.offset(-1)
    job.job_output = child.output
    if child.status != "SUCCEEDED" and _too_many(record):
        raise failure(
            env,
            StatesErrorNameType.StatesExceedToleratedFailureThreshold,
            "The specified tolerated failure threshold was exceeded",
        )


def _input_of(self: Any, env: Any, job: Job) -> Any:
    frame = env.open_inner_frame()
    context = frame.states.context_object.context_object_data
    context["Map"] = MapData(Item=ItemData(Index=job.job_index, Value=job.job_input))
    frame.states.reset(job.job_input)
    frame.stack.append(frame.states.get_input())
    self._eval_input(env_frame=frame)
    env.delete_frame(frame)
    return frame.states.get_input()


def _start(env: Any, record: Any, given: Any) -> tuple[Child, Any]:
    parent = env.states.context_object.context_object_data
    details = env.aws_execution_details
    name, started = str(uuid.uuid4()), datetime.now(UTC)
    machine_arn = record.map_state_machine_arn
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    backend = stepfunctions_parser_backends[details.account][details.region]
    machine = backend.describe_state_machine(parent["StateMachine"]["Id"])
    child = Child(
        name=name,
        sm_type=machine.sm_type,  # type: ignore[arg-type]
        role_arn=details.role_arn,
        exec_arn=arn,
        account_id=details.account,
        region_name=details.region,
        state_machine=machine,  # type: ignore[arg-type]
        start_date=started,
        cloud_watch_logging_session=None,
        activity_store={},
        input_data=json.dumps(given, separators=(",", ":")),
    )
    child.map_run_arn, child.state_machine_arn = record.map_run_arn, machine_arn
    frame = env.open_inner_frame(EventHistoryContext.of_program_start())
    frame.variable_store = VariableStore()  # type: ignore[no-untyped-call]
    frame.event_manager = EventManager()
    context = frame.states.context_object.context_object_data
    context["Execution"] = {
        "Id": arn,
        "Input": given,
        "Name": name,
        "RoleArn": details.role_arn,
        "StartTime": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "RedriveCount": 0,
    }
    context["StateMachine"] = {"Id": machine_arn, "Name": machine_arn.rpartition(":")[2]}
    frame.states.reset(given)
    child.exec_status = ExecutionStatus.RUNNING
    worker: Any = SimpleNamespace(env=frame, stop=frame.set_stop)
    child.exec_worker = worker
    children_of(backend)[arn] = child
    frame.event_manager.add_event(
        context=frame.event_history_context,
        event_type=HistoryEventType.ExecutionStarted,
        event_details=EventDetails(  # type: ignore[typeddict-item]
            executionStartedEventDetails=ExecutionStartedEventDetails(
                input=child.execution_input, roleArn=details.role_arn
            )
        ),
        update_source_event_id=False,
    )
    return child, frame


def _end(child: Child, frame: Any) -> None:
    state = frame.program_state()
    details: dict[str, Any] = {}
    if isinstance(state, ProgramEnded):
        status, kind = ExecutionStatus.SUCCEEDED, HistoryEventType.ExecutionSucceeded
        child.output = frame.states.get_input()
        text = json.dumps(child.output, separators=(",", ":"), default=str)
        details = {"executionSucceededEventDetails": ExecutionSucceededEventDetails(output=text)}
    elif isinstance(state, ProgramError):
        status, kind = ExecutionStatus.FAILED, HistoryEventType.ExecutionFailed
        said: Any = state.error or {}
        child.error, child.cause = said.get("error"), said.get("cause")
        failed = ExecutionFailedEventDetails(error=child.error, cause=child.cause)
        details = {"executionFailedEventDetails": failed}
    elif isinstance(state, ProgramStopped):
        status, kind = ExecutionStatus.ABORTED, HistoryEventType.ExecutionAborted
    else:
        status, kind = ExecutionStatus.TIMED_OUT, HistoryEventType.ExecutionTimedOut
    frame.event_manager.add_event(
        context=frame.event_history_context,
        event_type=kind,
        event_details=EventDetails(**details),  # type: ignore[typeddict-item]
    )
    # What is left of it is its history: frames are large.
    worker: Any = SimpleNamespace(
        env=SimpleNamespace(event_manager=frame.event_manager), stop=lambda **_: None
    )
    child.exec_worker = worker
    child.stop_date, child.exec_status = datetime.now(UTC), status


def _count(record: Any, *names: str) -> None:
    for counter in (record.item_counter, record.execution_counter):
        for name in names:
            getattr(counter, name).count()


def _too_many(record: Any) -> bool:
    """Say whether more items failed than are tolerated. moto has 0 for a threshold that is not given."""
    counter = record.item_counter
    failed = counter.failed.get() + counter.aborted.get() + counter.timed_out.get()
    number, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
    if not number and not percentage:
        return bool(failed)
    return bool(
        (number and failed > number)
        or (percentage and 100 * failed > percentage * len(record.items))
    )
