"""`/environments/{name}`: one environment, its versions, its executions and its last smoke test."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console import aws_links
from cli.console.execution.search import Wanted, line, search
from cli.console.rendering import PART, Console, console_of, render
from cli.environments.address import live_url
from cli.environments.gateway import gateway_of
from cli.environments.record import read_record
from cli.environments.view import view
from cli.perform.naming import name_of
from cli.target.target import MACHINE_OUTPUT
from lifecycle.record import Record

_EXECUTIONS = 10
_LOOKED_AT_FOR_CHECKS = 5
_ACTIVITY = "activity"


def _environment(request: Request) -> Response:
    console = console_of(request)
    record = read_record(console.place, request.path_params["name"])
    if request.query_params.get(PART) == _ACTIVITY:
        return render(
            request,
            "environment.html",
            name=record.environment,
            activity=_activity(console, record),
        )
    found = view(record, live_url(console.place, record))
    live = (found["runtime"] or {}).get("liveVersion")
    machine = console.place.output(MACHINE_OUTPUT)
    return render(
        request,
        "environment.html",
        name=record.environment,
        found=found,
        live=live,
        promotions=_promotions(found, live),
        execution_of=name_of,
        repaired=_repaired(record),
        gateway=gateway_of(record),
        links=[] if console.local else aws_links.of_environment(machine, found),
        activity=None,
    )


def _promotions(found: dict[str, Any], live: str | None) -> list[dict[str, Any]]:
    """Return the promotions, the newest first; the newest of the version that is live is marked."""
    told = []
    seen = False
    for one in found["promotions"]:
        is_live = one["version"] == live and not seen
        seen = seen or is_live
        told.append({**one, "live": is_live, "execution": name_of(one["execution"])})
    return told


def _repaired(record: Record) -> list[str]:
    deployment = record.runtime.deployment if record.runtime else None
    repairs = record.telemetry.repairs if record.telemetry else None
    return [*(deployment.repaired if deployment else []), *(repairs.repaired if repairs else [])]


def _activity(console: Console, record: Record) -> dict[str, Any]:
    """Return the newest executions and the checks of the last smoke test. In AWS this takes many calls."""
    client = console.place.client("stepfunctions")
    wanted = Wanted(console.place.output(MACHINE_OUTPUT), environment=record.environment)
    found, more = search(client, wanted, console.subjects)
    shown = found[:_EXECUTIONS]
    return {
        "executions": [
            line(one, console.subjects.of(client, one["executionArn"], fleet=False))
            for one in shown
        ],
        "more": more or len(found) > len(shown),
        "test": _last_test(client, record, found),
        "gateway": _last_gateway_test(client, record, found),
    }


def _last_test(
    client: Any, record: Record, executions: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the last smoke test: `checks`, `version`, and the name of its `execution`."""
    failed, runtime = record.failed_smoke_test, record.runtime
    if failed is not None and runtime is not None and runtime.failed_version is not None:
        return _told(failed.report, failed.execution)
    return _in_outputs(client, executions, "smokeTest")


def _last_gateway_test(
    client: Any, record: Record, executions: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the last test of the gateway, as `_last_test` does; `None` without one since the gateway was changed."""
    found = gateway_of(record)
    if found is None or found["passed"] is None:
        return None
    if not found["passed"]:
        return _told(found, found["execution"])
    return _in_outputs(client, executions, "gateway")


def _in_outputs(
    client: Any, executions: list[dict[str, Any]], section: str
) -> dict[str, Any] | None:
    """Return the newest report with checks in the outputs of the executions that succeeded."""
    succeeded = (one["executionArn"] for one in executions if one["status"] == "SUCCEEDED")
    for arn, _ in zip(succeeded, range(_LOOKED_AT_FOR_CHECKS), strict=False):
        output = json.loads(client.describe_execution(executionArn=arn).get("output") or "null")
        report = output.get(section) if isinstance(output, dict) else None
        if isinstance(report, dict) and report.get("checks"):
            return _told(report, arn)
    return None


def _told(report: dict[str, Any], arn: str) -> dict[str, Any]:
    return {
        "checks": report.get("checks") or [],
        "version": report.get("version"),
        "execution": name_of(arn),
    }


ROUTES = [Route("/environments/{name}", _environment)]
