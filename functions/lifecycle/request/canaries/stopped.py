"""Whether an execution that has ended left a canary behind, which still splits the calls of `live`.

Source: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge": the events, whose
`input` is left out when it is large, so the input is read from the execution.
"""

from __future__ import annotations

import json
from typing import Any

from lifecycle.clients import Clients
from lifecycle.request.limits.environment import environment_of
from lifecycle.table import Records


def what_clears(execution: str, clients: Clients, table_name: str) -> dict[str, Any] | None:
    """The input of an execution that removes the canary of an execution; None when there is nothing to remove.

    A smoke test removes what was left behind before anything else, and then shows that `live` answers. It leaves out
    what takes long, so that the environment is free again soon.

    Args:
        execution: ARN of an execution that has ended.
        clients: Step Functions and DynamoDB.
        table_name: The environments table.
    """
    described = clients.stepfunctions.describe_execution(executionArn=execution)
    try:
        environment = environment_of(json.loads(described.get("input") or "{}"))
    except RecursionError:
        # The first state refuses an input that is nested so deep.
        environment = None
    if environment is None:
        return None
    record = Records(clients.dynamodb, table_name).get(environment)
    # An execution that clears and fails is not the one that the record names, so no execution follows its end.
    if record is None or record.canary is None or record.canary.execution != execution:
        return None
    tested = {"cases": [], "evaluators": [], "webSocket": False}
    return {"action": "smokeTest", "environment": environment, "smokeTest": tested}
