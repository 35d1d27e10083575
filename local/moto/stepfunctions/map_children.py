"""Step Functions: the executions that a Distributed Map starts, as the API shows them."""

from __future__ import annotations

from functools import wraps
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.responses import StepFunctionResponse


class Child(Execution):
    """The execution of one item.

    Attributes:
        map_run_arn: The map run that started it.
    """

    map_run_arn: str


def children_of(backend: Any) -> dict[str, Child]:
    """Return the executions of all map runs of a backend, by ARN; a reset of the backend drops them."""
    children: dict[str, Child] = vars(backend).setdefault("map_run_children", {})
    return children


def serve_children() -> None:
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
            for child in children_of(self.stepfunction_backend).values()
            if child.map_run_arn == run and status in (None, child.status)
        ]
        begin = int(self._get_param("nextToken") or 0)
        end = begin + (int(self._get_param("maxResults") or 0) or 100)
        more = {"nextToken": str(end)} if end < len(found) else {}
        return ActionResult({"executions": found[begin:end], **more})

    @wraps(describing)
    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describing(self)
        child = children_of(self.stepfunction_backend).get(self._get_param("executionArn"))
        if child is not None:
            described: Any = answer.result
            described["mapRunArn"] = child.map_run_arn
        return answer

    StepFunctionResponse.list_executions = list_executions  # type: ignore[method-assign]
    StepFunctionResponse.describe_execution = describe_execution  # type: ignore[method-assign]
