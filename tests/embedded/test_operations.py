"""What an operator works with: alarms, the dashboard, and one correlation id through logs and metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.embedded


def test_each_alarm_notifies_and_says_what_to_do(lifecycle: Any) -> None:
    alarms = lifecycle.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    names = {alarm["AlarmName"].removeprefix("agentcore-lifecycle-") for alarm in alarms}
    assert names == {
        "FailedExecutions",
        "FailedFleets",
        "VerifyFailed",
        "LocksHeldTooLong",
        "ExpiredNotSwept",
        "EventsLost",
    }
    for alarm in alarms:
        assert alarm["AlarmActions"] == [lifecycle.aws.outputs["NotificationTopicArn"]]
        assert "docs/operations.md" in alarm["AlarmDescription"]


def test_the_dashboard_shows_this_stack(lifecycle: Any) -> None:
    cloudwatch = lifecycle.aws.client("cloudwatch")
    (entry,) = cloudwatch.list_dashboards()["DashboardEntries"]
    text = cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"]
    assert "${" not in text
    assert len(json.loads(text)["widgets"]) == 9
    for output in ("StateMachineArn", "FleetStateMachineArn", "FunctionLogGroupName"):
        assert lifecycle.aws.outputs[output] in text


def test_the_execution_is_in_every_log_line_and_metric_of_its_stages(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    run = lifecycle.run({"environment": environment(), "action": "smokeTest"})
    assert (run.status, run.error) == ("FAILED", "EnvironmentNotFoundError")
    # Lines reach CloudWatch Logs a moment after the function has answered.
    lifecycle.aws.function_logs.flush()
    logs = lifecycle.aws.client("logs")
    group = lifecycle.aws.outputs["FunctionLogGroupName"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    found = [
        line
        for page in pages
        for event in page["events"]
        if (line := structured(event["message"])).get("execution") == run.arn
    ]
    stages = {"prepare_request", "report_outcome"}
    assert stages <= {line["stage"] for line in found if "message" in line}
    assert stages <= {line["stage"] for line in found if "_aws" in line}
    (failed,) = [line for line in found if line.get("message") == "stage failed"]
    assert failed["error"] == "EnvironmentNotFoundError"


def structured(message: str) -> dict[str, Any]:
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
