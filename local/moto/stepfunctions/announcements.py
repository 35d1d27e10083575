"""Step Functions: the events about executions that EventBridge gets."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from moto.events.models import events_backends
from moto.stepfunctions.parser.api import ExecutionStatus, StateMachineType
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)

_LARGEST = 248 * 1024
"""Bytes of escaped input and output together; beyond, both are left out."""


def announce_executions() -> None:
    """Send an event to the default bus each time that the status of a Standard execution changes; moto sends none.

    Source: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge".
    Upstream: upstream/execution-events.md.
    """
    start, stop = Execution.start, Execution.stop
    end = BaseExecutionWorkerCommunication.terminated

    @wraps(start)
    def start_execution(self: Execution) -> None:
        # First, so that the end of a short execution comes after it.
        _announce(self, ExecutionStatus.RUNNING)
        start(self)

    @wraps(stop)
    def stop_execution(
        self: Execution, stop_date: datetime, error: str | None, cause: str | None
    ) -> None:
        was_running = self.exec_status == ExecutionStatus.RUNNING
        stop(self, stop_date, error, cause)
        if was_running and self.exec_status == ExecutionStatus.ABORTED:
            _announce(self, ExecutionStatus.ABORTED)

    @wraps(end)
    def terminated(self: BaseExecutionWorkerCommunication) -> None:
        # The end of the thread of a stopped execution is none of the execution: that was announced.
        was_running = self.execution.exec_status == ExecutionStatus.RUNNING
        end(self)
        if was_running and self.execution.exec_status is not None:
            _announce(self.execution, self.execution.exec_status)

    Execution.start = start_execution  # type: ignore[method-assign]
    Execution.stop = stop_execution  # type: ignore[method-assign]
    BaseExecutionWorkerCommunication.terminated = terminated  # type: ignore[method-assign]


def _announce(execution: Execution, status: ExecutionStatus) -> None:
    if execution.sm_type != StateMachineType.STANDARD:
        return  # "Express Workflows do not emit events to EventBridge."
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": execution.account_id,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": execution.region_name,
        "resources": [execution.exec_arn],
        "detail": _detail(execution, status),
    }
    bus = events_backends[execution.account_id][execution.region_name].event_buses["default"]
    for rule in [*bus.rules.values()]:
        rule.send_to_targets(event, False)


def _detail(execution: Execution, status: ExecutionStatus) -> dict[str, Any]:
    ended = status != ExecutionStatus.RUNNING
    given: str | None = json.dumps(execution.input_data)
    output = json.dumps(execution.output) if status == ExecutionStatus.SUCCEEDED else None
    included = len(json.dumps([given, output])) <= _LARGEST
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status.value,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if ended else None,
        "input": given if included else None,
        "inputDetails": {"included": included},
        "output": output if included else None,
        "outputDetails": None if output is None else {"included": included},
    }


def _milliseconds(moment: Any) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
