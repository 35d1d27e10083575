"""What a report says of an execution of the lifecycle or of a fleet: one object, from which each format is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from cli.cost.estimate import estimate
from cli.cost.functions import function_time
from cli.cost.usage import build_minutes, used
from cli.environments.moments import iso_of
from cli.execution.follow import RUNNING, result_of
from cli.execution.history import Event, HistoryReader
from cli.execution.timeline import Timeline
from cli.invocation import hint
from cli.perform.account import account, asked
from cli.perform.naming import name_of
from cli.report import asked as input_of
from cli.report import fleet
from cli.report.present import present
from cli.report.spans import of_stage, spans
from cli.target.denied import DeniedError
from cli.target.target import Place

FORMAT = 1
"""Changes when a field of the report changes its meaning or goes."""


def content(place: Place, arn: str, *, of_fleet: bool = False) -> dict[str, Any]:
    """Read everything that a report says.

    Args:
        place: The stack.
        arn: ARN of the execution, which may still run.
        of_fleet: Whether it is of the fleet's state machine.

    Returns:
        What `cli.perform.account.account` returns, its `stages` with `spans` and `retriesAt`; and `format`, `kind`,
        `place`, `madeAt`, `asked`, `versions`, `cost`, `now`, `fleet` and `next`; null where there is nothing.

    Raises:
        DeniedError: The caller may not read the execution.
    """
    client = place.client("stepfunctions")
    description = client.describe_execution(executionArn=arn)
    events = HistoryReader(client, arn).read()
    timeline = Timeline()
    moments = timeline.add(events)
    runs = description["status"] in RUNNING
    result = None if runs else result_of(description, timeline)
    now = datetime.now(UTC)
    began, ended = description["startDate"], description.get("stopDate") or now
    told = account(description, timeline, result, of_fleet=of_fleet)
    found = spans(moments, began, ended)
    for stage, line in zip(timeline.stages, told["stages"], strict=True):
        line |= of_stage(found, stage)
    output = told["output"] or {}
    return {
        "format": FORMAT,
        "kind": "fleet" if of_fleet else "lifecycle",
        "place": place.label,
        "madeAt": iso_of(now),
        **told,
        "asked": input_of.shown(asked(description)),
        "versions": None if of_fleet else _versions(output),
        "cost": _cost(place, arn, events, output, (began, ended), of_fleet=of_fleet),
        "now": None if of_fleet else present(place, told["environment"]),
        "fleet": fleet.rows(place, client, arn, output) if of_fleet else None,
        "next": _next(place, told, of_fleet=of_fleet),
    }


def _versions(output: dict[str, Any]) -> dict[str, Any] | None:
    """Return which version was tested, and what `live` served before and serves after; null if nothing is known."""
    promotion, tested = output.get("promotion") or {}, output.get("smokeTest") or {}
    back = output.get("autoRollback") or {}
    found = {
        "tested": tested.get("version"),
        "testedOn": tested.get("endpoint"),
        "passed": tested.get("passed"),
        "liveBefore": promotion.get("previousVersion") or back.get("fromVersion"),
        "liveAfter": promotion.get("version")
        or (back.get("toVersion") if back.get("rolledBack") else None),
    }
    return found if any(value is not None for value in found.values()) else None


def _cost(
    place: Place,
    arn: str,
    events: list[Event],
    output: dict[str, Any],
    moments: tuple[datetime, datetime],
    *,
    of_fleet: bool,
) -> dict[str, Any]:
    spent = used(events)
    functions = function_time(place, arn, spent.runs, *moments)
    artifact = output.get("artifact") or {}
    minutes, note = 0, ""
    if artifact.get("built"):
        try:
            minutes = build_minutes(place.client("codebuild"), artifact.get("buildId"))
        except (ClientError, DeniedError) as error:
            note = f"The build is not counted, because it cannot be read: {error}."
    if of_fleet:
        note = "The executions that a fleet starts are not counted, either: each has a report of its own."
    quantities = {
        "transitions": spent.transitions,
        "requests": functions.requests,
        "lambda": functions.gb_seconds,
        "build": minutes,
    }
    return estimate(quantities, functions.basis, more=note)


def _next(place: Place, told: dict[str, Any], *, of_fleet: bool) -> list[dict[str, str]]:
    """Return what can be done after it: each with `what` and `command`."""
    name, environment = name_of(told["execution"]), told["environment"]
    steps: list[tuple[str, str]] = []
    if told["endedAt"] is None:
        steps.append(("To follow it", hint("follow", place.options, name)))
    elif told["failure"] and not of_fleet and environment is None:
        steps.append(("To read its history", hint("history", place.options, name)))
    elif told["failure"] and not of_fleet:
        failed = next((one for one in told["stages"] if one["outcome"] == "failed"), None)
        stage = (
            ["--stage", "_".join(w for w in failed["state"].lower().split() if w != "the")]
            if failed
            else []
        )
        steps += [
            ("To read what its functions logged", hint("logs", place.options, environment, *stage)),
            ("To see the environment", hint("show", place.options, environment)),
        ]
    elif told["failure"]:
        steps.append(("To list the executions", hint("executions", place.options)))
    return [{"what": what, "command": command} for what, command in steps]
