"""Tags that count late, over a whole lifecycle: each call that depends on them is refused at first, and heals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.edge.faults import Fault
from tests.embedded.conftest import Lifecycle

pytestmark = pytest.mark.embedded


def test_a_round_trip_comes_through_tags_that_count_late(
    lifecycle: Lifecycle, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    late = [
        ("cognito-idp", "CreateUserPoolClient"),
        ("cognito-idp", "AdminCreateUser"),
        ("secretsmanager", "PutSecretValue"),
        ("secretsmanager", "GetSecretValue"),
    ]
    for service, operation in late:
        lifecycle.aws.faults.add(Fault(service, operation, "accessDenied"))
    run = lifecycle.run({"environment": environment(), "artifact": image, "teardown": "always"})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert lifecycle.aws.faults.list() == []
    assert run.output["repaired"] == []
    refused = [
        event["taskFailedEventDetails"]["error"]
        for event in run.history
        if "taskFailedEventDetails" in event
    ]
    assert refused == ["TagsNotVisibleError"] * len(late)


def test_a_refusal_that_no_tag_explains_is_final_at_once(
    lifecycle: Lifecycle, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    lifecycle.aws.faults.add(Fault("cognito-idp", "CreateUserPool", "accessDenied", times=0))
    run = lifecycle.run({"environment": environment(), "artifact": image})
    assert (run.status, run.error) == ("FAILED", "AwsCallError")
    assert sum("taskFailedEventDetails" in event for event in run.history) == 1
