"""Every AWS call that a function really made was allowed by that function's own policy."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.stages import STAGES

pytestmark = pytest.mark.embedded
PREFIXES = {"stepfunctions": "states", "bedrock-agentcore-control": "bedrock-agentcore"}
# Operations whose action has another name (service authorization reference, Amazon S3).
RENAMED = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObject",
}


def action(call: Any) -> str:
    name = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    return RENAMED.get(name, name)


def allowed_actions(aws: Any, role_arn: str) -> list[str]:
    iam = aws.client("iam")
    name = role_arn.rpartition("/")[2]
    actions: list[str] = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            given = statement["Action"]
            actions += [given] if isinstance(given, str) else given
    return actions


def test_every_call_was_allowed(lifecycle: Any, environment: Callable[[], str]) -> None:
    name = environment()
    for request in ({}, {"action": "smokeTest"}, {"action": "teardown"}):
        run = lifecycle.run({"environment": name, **request})
        assert run.status == "SUCCEEDED", (run.error, run.cause)
    # The log also has what the tests before this one made the functions do.
    calls = [
        call
        for call in lifecycle.aws.calls.calls()
        if call.caller and call.caller.kind == "function"
    ]
    callers = {call.caller.name: call.caller.role_arn for call in calls}
    assert len(set(callers.values())) == len(callers), "a role of its own for each function"
    assert set(callers) <= {stage.function for stage in STAGES}
    assert len(callers) >= 10
    refused = {
        (call.caller.name, action(call))
        for call in calls
        if not any(
            fnmatch.fnmatchcase(action(call), pattern)
            for pattern in _cached(lifecycle.aws, call.caller.role_arn)
        )
    }
    assert refused == set()


_ACTIONS: dict[str, list[str]] = {}


def _cached(aws: Any, role_arn: str) -> list[str]:
    if role_arn not in _ACTIONS:
        _ACTIONS[role_arn] = allowed_actions(aws, role_arn)
    return _ACTIONS[role_arn]
