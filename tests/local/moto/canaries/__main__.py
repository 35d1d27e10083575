"""Checks moto alone for the behavior that the seams of `local/moto/` change, and prints JSON.

A canary returns true while moto still needs its seam. Canaries run in their own process, because the
seams stay installed for the rest of a process.
"""

from __future__ import annotations

import json
import os

from moto import mock_aws

from tests.local.moto.canaries import (
    cognito,
    deliveries,
    effort,
    events,
    executions,
    interpreter,
    logs,
    map_runs,
    policies,
)

CANARIES = [
    *interpreter.CANARIES,
    *executions.CANARIES,
    *map_runs.CANARIES,
    *events.CANARIES,
    *policies.CANARIES,
    *logs.CANARIES,
    *cognito.CANARIES,
    *deliveries.CANARIES,
    *effort.CANARIES,
]


def main() -> None:
    """Ask every canary and print the answers by name."""
    os.environ.update(
        AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s", AWS_DEFAULT_REGION="us-east-1"
    )
    answers = {}
    for canary in CANARIES:
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            answers[canary.__name__] = canary()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
