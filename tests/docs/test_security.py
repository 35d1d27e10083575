"""The page of security: what a reader pastes is valid, and allows what the page says and no more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from lifecycle.provider.secret_tags import ENVIRONMENTS_TAG, HOST_TAG
from lifecycle.request.model import parse_request
from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Permission, Place
from tests.docs.pages import text_of

PAGES = ("docs/security.md", "docs/ja/security.md")
ACCOUNT = "eu-west-1:123456789012"
LIFECYCLE = f"arn:aws:states:{ACCOUNT}:stateMachine:LifecycleStateMachine-EXAMPLE"
VERIFY = f"arn:aws:states:{ACCOUNT}:stateMachine:VerifyAgents"
FLEET = f"arn:aws:states:{ACCOUNT}:stateMachine:FleetStateMachine-EXAMPLE"
MAP_RUN = f"arn:aws:states:{ACCOUNT}:mapRun:FleetStateMachine-EXAMPLE/Label:x"
STACK = f"arn:aws:cloudformation:{ACCOUNT}:stack/agentcore-lifecycle/1"
TABLE = f"arn:aws:dynamodb:{ACCOUNT}:table/agentcore-lifecycle-EnvironmentsTable-EXAMPLE"
BUS = f"arn:aws:events:{ACCOUNT}:event-bus/default"
EVENT = {
    "events:source": "agentcore.lifecycle",
    "events:detail-type": "Environment Rebuild Requested",
}


def execution(machine: str) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:x"


def blocks(page: str) -> list[dict[str, Any]]:
    found = re.findall(r"^```json\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
    return [json.loads(text) for text in found]


def policies() -> list[dict[str, Any]]:
    return [block for block in blocks(PAGES[0]) if "Statement" in block]


def test_both_pages_have_the_same_to_paste() -> None:
    english, japanese = map(blocks, PAGES)
    assert english == japanese
    assert len(english) == 5


@pytest.mark.parametrize(
    ("number", "action", "resource", "context", "allowed"),
    [
        (0, "states:StartExecution", LIFECYCLE, {}, True),
        (0, "states:StartExecution", FLEET, {}, False),
        (0, "states:UpdateStateMachine", LIFECYCLE, {}, False),
        (1, "events:PutEvents", BUS, EVENT, True),
        (1, "events:PutEvents", BUS, {**EVENT, "events:source": "aws.s3"}, False),
        (1, "events:PutEvents", BUS, {**EVENT, "events:detail-type": "Teardown"}, False),
        (1, "events:PutEvents", BUS, {}, False),
        (1, "states:StartExecution", LIFECYCLE, {}, False),
        (2, "states:StartExecution", VERIFY, {}, True),
        (2, "states:StartExecution", LIFECYCLE, {}, False),
        (2, "states:StartExecution", FLEET, {}, False),
        (3, "cloudformation:DescribeStacks", STACK, {}, True),
        (3, "cloudformation:DescribeStacks", STACK.replace("/agent", "/other-agent"), {}, False),
        (3, "dynamodb:GetItem", TABLE, {}, True),
        (3, "dynamodb:Scan", TABLE, {}, True),
        (3, "dynamodb:UpdateItem", TABLE, {}, False),
        (3, "states:ListExecutions", LIFECYCLE, {}, True),
        (3, "states:ListExecutions", FLEET, {}, True),
        (3, "states:DescribeStateMachineForExecution", execution(LIFECYCLE), {}, True),
        (3, "states:ListMapRuns", execution(FLEET), {}, True),
        (3, "states:DescribeMapRun", MAP_RUN, {}, True),
        (3, "states:UpdateMapRun", MAP_RUN, {}, False),
        (3, "states:DescribeExecution", execution(LIFECYCLE), {}, True),
        (3, "states:GetExecutionHistory", execution(FLEET), {}, True),
        (3, "states:StopExecution", execution(LIFECYCLE), {}, False),
        (3, "states:StartExecution", LIFECYCLE, {}, False),
    ],
)
def test_a_policy_allows_what_the_page_says(
    number: int, action: str, resource: str, context: dict[str, str], allowed: bool
) -> None:
    policy = policies()[number]
    place = Place("eu-west-1", "123456789012")
    iam = Authorization(place, lambda _: [policy], lambda _: {})
    role = "arn:aws:iam::123456789012:role/starter"
    assert (iam.lacks(role, [Permission(action, resource, context)]) is None) is allowed


def test_the_state_machine_before_the_lifecycle_decides_the_action() -> None:
    (definition,) = [block for block in blocks(PAGES[0]) if "States" in block]
    (task,) = definition["States"].values()
    assert task["Parameters"]["StateMachineArn"] == LIFECYCLE
    given = dict(task["Parameters"]["Input"])
    assert given.pop("environment.$") == "$.environment"
    assert parse_request({**given, "environment": "dev"}).action == "smokeTest"


def test_the_names_of_the_page_are_those_of_the_stack() -> None:
    parameters = re.search(
        r"^Parameters:\n((?:^[ #].*\n|^\n)+)", text_of("template.yaml"), re.MULTILINE
    )
    assert parameters is not None
    declared = yaml.safe_load(parameters[1])
    for page in PAGES:
        assert HOST_TAG in text_of(page)
        assert ENVIRONMENTS_TAG in text_of(page)
        for name in ("ProviderHosts", "ProviderNetworks"):
            assert name in declared
            assert f"`{name}" in text_of(page)
