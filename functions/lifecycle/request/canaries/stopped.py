"""Whether an execution that has ended left a canary behind, which still splits the calls of `live`.

Source: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge": the events, whose
`input` is left out when it is large, so the input is read from the execution.
"""

from __future__ import annotations

import json
from typing import Any

from lifecycle.request.inputs import unwrap
from lifecycle.request.model import environment_of
from lifecycle.table import Records


def what_clears(execution: str, stepfunctions: Any, records: Records) -> dict[str, Any] | None:
    """The input of an execution that removes the canary of an execution; None when there is nothing to remove.

    A smoke test removes what was left behind before anything else, and then shows that `live` answers. It leaves out
    what takes long, so that the environment is free again soon.

    Args:
        execution: ARN of an execution that has ended.
        stepfunctions: A boto3 client.
        records: The environments table.
    """
    described = stepfunctions.describe_execution(executionArn=execution)
    environment = environment_of(unwrap(json.loads(described.get("input") or "{}")))
    record = records.get(environment) if environment is not None else None
    # An execution that clears and fails is not the one that the record names, so no execution follows its end.
    if record is None or record.canary is None or record.canary.execution != execution:
        return None
    tested = {"cases": [], "evaluators": [], "webSocket": False}
    return {"action": "smokeTest", "environment": environment, "smokeTest": tested}
