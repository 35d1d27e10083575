"""Step Functions: map runs, the executions that a Distributed Map starts and the files with their results."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import (
    ExecutionFailedEventDetails,
    ExecutionStartedEventDetails,
    ExecutionStatus,
    ExecutionSucceededEventDetails,
    HistoryEventType,
    MapRunFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import (
    ItemReader,
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
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import (
    ResultWriter,
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
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.responses import StepFunctionResponse

_MOST_AT_ONCE = 10_000
_FILES = {"SUCCEEDED": "SUCCEEDED", "PENDING": "PENDING"}
"""Which result file has an execution of which status; every other status is in `FAILED`."""


class Child(Execution):
    """The execution of one item.

    Attributes:
        map_run_arn: The map run that started it.
    """

    map_run_arn: str


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
        return _children(self).get(execution_arn) or describe(self, execution_arn)

    @wraps(stop)
    def stop_execution(self: StepFunctionsParserBackend, execution_arn: str) -> Any:
        child = _children(self).get(execution_arn)
        if child is None:
            return stop(self, execution_arn)
        child.stop(datetime.now(UTC), "", "")
        return child

    StepFunctionsParserBackend.describe_execution = describe_execution  # type: ignore[method-assign, assignment]
    StepFunctionsParserBackend.stop_execution = stop_execution  # type: ignore[method-assign, assignment]
    _serve_children()


def _serve_children() -> None:
    """Let ListExecutions take `mapRunArn`, and DescribeExecution return it."""
    listing, describing = (
        StepFunctionResponse.list_executions,
        StepFunctionResponse.describe_execution,
    )

    @wraps(listing)
    def list_executions(self: StepFunctionResponse) -> ActionResult:
        run = self._get_param("mapRunArn")
        if not run:
            return listing(self)
        status = self._get_param("statusFilter")
        found = [
            {
                "executionArn": child.exec_arn,
                "name": child.name,
                "startDate": child.start_date,
                "stateMachineArn": child.state_machine_arn,
                "mapRunArn": run,
                "status": child.status,
                **({"stopDate": child.stop_date} if child.stop_date else {}),
            }
            for child in _children(self.stepfunction_backend).values()
            if child.map_run_arn == run and status in (None, child.status)
        ]
        begin = int(self._get_param("nextToken") or 0)
        end = begin + (int(self._get_param("maxResults") or 0) or 100)
        more = {"nextToken": str(end)} if end < len(found) else {}
        return ActionResult({"executions": found[begin:end], **more})

    @wraps(describing)
    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describing(self)
        child = _children(self.stepfunction_backend).get(self._get_param("executionArn"))
        if child is not None:
            described: Any = answer.result
            described["mapRunArn"] = child.map_run_arn
        return answer

    StepFunctionResponse.list_executions = list_executions  # type: ignore[method-assign]
    StepFunctionResponse.describe_execution = describe_execution  # type: ignore[method-assign]


def write_map_results() -> None:
    """Write the result files of a map run and list them in its manifest.

    moto writes a manifest that lists no file. The files and the manifest are described in the
    developer guide, "ResultWriter (Map)".
    Upstream: upstream/map-run-results.md.
    """
    ResourceEvalS3._handle_put_object = staticmethod(_write_results)  # type: ignore[method-assign]


def name_map_errors() -> None:
    """Report a read or write that fails as `States.ItemReaderFailed` or `States.ResultWriterFailed`.

    moto fails the state with States.Runtime, which no Catch can match. The names come from the
    developer guide, "Handling errors in Step Functions workflows".
    Upstream: upstream/map-run-errors.md.
    """
    for part, kind in (
        (ItemReader, StatesErrorNameType.StatesItemReaderFailed),
        (ResultWriter, StatesErrorNameType.StatesResultWriterFailed),
    ):
        part._eval_body = _named(part._eval_body, kind)  # type: ignore[method-assign]


def _named(original: Callable[..., None], kind: StatesErrorNameType) -> Callable[..., None]:
    @wraps(original)
    def _eval_body(self: Any, env: Any) -> None:
        try:
            original(self, env)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise _failure(env, kind, str(error)) from error

    return _eval_body


def _failure(env: Any, kind: StatesErrorNameType, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=kind)
    details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.MapRunFailed,
            event_details=EventDetails(mapRunFailedEventDetails=details),  # type: ignore[typeddict-item]
        )
    )


# --- the executions ---------------------------------------------------------------------------------


def _children(backend: Any) -> dict[str, Child]:
    """Return the executions of all map runs of a backend, by ARN; a reset of the backend drops them."""
    children: dict[str, Child] = vars(backend).setdefault("map_run_children", {})
    return children


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
        raise _failure(
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
    _children(backend)[arn] = child
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


# --- the results ------------------------------------------------------------------------------------


def _write_results(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """Write the files of a map run, and give the state the manifest's location."""
    parameters = env.stack.pop()
    env.stack.pop()  # the outputs
    record = env.map_run_record_pool_manager.get_all()[-1]
    client = ResourceEvalS3._get_s3_client(
        resource_runtime_part=resource_runtime_part, state_credentials=state_credentials
    )
    bucket = parameters["Bucket"]
    prefix = str(parameters.get("Prefix") or "").rstrip("/")
    folder = f"{prefix}/" * bool(prefix) + record.map_run_arn.rpartition(":")[2]
    listed: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for kind, files in listed.items():
        entries = [entry for entry in _entries(record) if _kind_of(entry) == kind]
        if entries:
            key, body = f"{folder}/{kind}_0.json", json.dumps(entries).encode()
            client.put_object(Bucket=bucket, Key=key, Body=body)
            files.append({"Key": key, "Size": len(body)})
    manifest = {
        "DestinationBucket": bucket,
        "MapRunArn": record.map_run_arn,
        "ResultFiles": listed,
    }
    key = f"{folder}/manifest.json"
    client.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())
    env.stack.append(
        {
            "MapRunArn": record.map_run_arn,
            "ResultWriterDetails": {"Bucket": bucket, "Key": key},
        }
    )


def _kind_of(entry: dict[str, Any]) -> str:
    return _FILES.get(entry["Status"], "FAILED")


def _entries(record: Any) -> Iterator[dict[str, Any]]:
    for index, item in enumerate(record.items):
        child: Child | None = record.children.get(index)
        if child is None:
            text = json.dumps(item, separators=(",", ":"))
            yield {"Input": text, "InputDetails": {"Included": True}, "Status": "PENDING"}
        else:
            yield _entry(child)


def _entry(child: Child) -> dict[str, Any]:
    redrive = (
        {
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        }
        if child.status == "SUCCEEDED"
        else {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}
    )
    entry: dict[str, Any] = {
        "ExecutionArn": child.exec_arn,
        "Input": child.execution_input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "RedriveCount": 0,
        **redrive,
        "StartDate": _iso(child.start_date),
        "StateMachineArn": child.state_machine_arn,
        "Status": child.status,
        "StopDate": _iso(child.stop_date),
    }
    if child.status == "SUCCEEDED":
        output = json.dumps(child.output, separators=(",", ":"), default=str)
        return entry | {"Output": output, "OutputDetails": {"Included": True}}
    said = {"Error": child.error, "Cause": child.cause}
    return entry | {name: text for name, text in said.items() if text is not None}


def _iso(moment: Any) -> str:
    return str(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
