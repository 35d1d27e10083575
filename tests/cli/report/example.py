"""A report with every part, for tests; `write_example` writes its page for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli.cost.estimate import estimate
from cli.report.html import html

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:cli-20261123-020000-4f2a9c"


def example(*, fleet: bool = False, **changes: Any) -> dict[str, Any]:
    """Return a report of a provision whose smoke test failed, or of a fleet of which one environment failed."""
    failure = {"error": "SmokeTestError", "cause": "check 'cases': <b>2 of 4</b> passed & no more"}
    report: dict[str, Any] = {
        "format": 1,
        "kind": "fleet" if fleet else "lifecycle",
        "place": "stack mine in us-east-1",
        "madeAt": "2026-11-23T02:05:00Z",
        "execution": EXECUTION,
        "name": "cli-20261123-020000-4f2a9c",
        "status": "FAILED",
        "environment": None if fleet else "shop",
        "action": "verify" if fleet else "provision",
        "startedAt": "2026-11-23T02:00:00Z",
        "endedAt": "2026-11-23T02:02:00Z",
        "seconds": 120.0,
        "stages": [
            _stage("Prepare the request", "done", 2.0, [("work", 0.0, 2.0)]),
            _stage(
                "Publish the artifact",
                "done",
                70.0,
                [("work", 2.0, 4.0), ("wait", 4.0, 70.0), ("work", 70.0, 72.0)],
                retries=[3.0],
            ),
            _stage("Run the smoke test", "failed", 40.0, [("work", 72.0, 112.0)], failure=failure),
        ],
        "output": None if fleet else _output(),
        "failure": failure,
        "asked": {"environment": "shop", "smokeTest.prompt": "(not shown)"},
        "versions": None
        if fleet
        else {
            "tested": "2",
            "testedOn": "DEFAULT",
            "passed": False,
            "liveBefore": "1",
            "liveAfter": None,
        },
        "cost": estimate({"transitions": 40, "lambda": 31.5, "build": 3}, "Of an example."),
        "now": None
        if fleet
        else {
            "exists": True,
            "note": None,
            "environment": {},
            "facts": {"environment": "shop", "state": "FAILED", "live": "version 1"},
        },
        "fleet": _fleet() if fleet else None,
        "next": [{"what": "To see the environment", "command": "lifecycle show --stack mine shop"}],
    }
    return report | changes


def write_example(file: Path, *, fleet: bool = False) -> Path:
    """Write the page of the example, for a test in a browser; returns the file."""
    file.write_text(html(example(fleet=fleet)), encoding="utf-8")
    return file


def _stage(
    state: str,
    outcome: str,
    seconds: float,
    spans: list[tuple[str, float, float]],
    *,
    retries: list[float] | None = None,
    failure: dict[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "state": state,
        "outcome": outcome,
        "startedAt": "2026-11-23T02:00:00Z",
        "seconds": seconds,
        "rounds": sum(kind == "work" for kind, _, _ in spans),
        "retries": len(retries or []),
        "failure": failure,
        "spans": [{"kind": kind, "from": begin, "to": end} for kind, begin, end in spans],
        "retriesAt": retries or [],
        "omittedSpans": 0,
    }


def _output() -> dict[str, Any]:
    check = {"name": "A garbage token is refused", "expected": "401 or 403", "milliseconds": 90}
    case = {"asked": 2, "seconds": 1.5}
    return {
        "environment": "shop",
        "action": "provision",
        "change": "updated",
        "repaired": ["the description was changed by hand"],
        "gateway": {
            "id": "shop-abcdefghij",
            "endpoint": "https://shop.example.com/live/invocations",
            "checks": [{**check, "name": "SigV4 is refused", "seen": "200 OK", "passed": False}],
        },
        "canary": {
            "version": "2",
            "liveVersion": "1",
            "direct": None,
            "steps": [
                {
                    "weight": 5,
                    "seconds": 312,
                    "calls": 1240,
                    "errors": 3,
                    "judged": False,
                    "told": "3 of 1240 calls failed; about 62 calls reached the version, too <b>few</b>",
                    "cases": 4,
                },
                {
                    "weight": 25,
                    "seconds": 304,
                    "calls": 1312,
                    "errors": 4,
                    "judged": True,
                    "told": "4 of 1312 calls failed, 0.2 % before the canary",
                    "cases": 4,
                },
            ],
        },
        "smokeTest": {
            "passed": False,
            "endpoint": "DEFAULT",
            "version": "2",
            "answer": '{"answer": "<script>sunny</script>"}',
            "checks": [
                {**check, "seen": "401", "passed": True},
                {**check, "name": "The cases pass", "seen": "2 of 4", "passed": False},
            ],
            "cases": {
                "total": 4,
                "passed": 2,
                "passRate": 0.5,
                "p95Seconds": 1.5,
                "omitted": 7,
                "results": [
                    {**case, "case": 2, "name": "fails", "passed": 0, "reason": "no\x07 match"},
                    {**case, "case": 1, "name": "greets", "passed": 2, "reason": None},
                ],
            },
            "evaluations": [
                {
                    "evaluator": "Builtin.Correctness",
                    "level": "TRACE",
                    "minScore": 0.8,
                    "passed": False,
                    "score": 0.5,
                    "label": "Wrong",
                    "explanation": "it rained",
                    "error": None,
                }
            ],
        },
    }


def _fleet() -> dict[str, Any]:
    row = {"execution": EXECUTION, "link": "https://example.com/x", "error": None, "cause": None}
    failed = {"error": "SmokeTestError", "cause": "it was silent"}
    return {
        "total": 1203,
        "succeeded": 1202,
        "failed": 1,
        "rows": [
            {**row, "environment": "bad", "status": "FAILED", **failed},
            {**row, "environment": "good", "status": "SUCCEEDED", "link": None},
        ],
        "leftOut": 1201,
        "note": None,
    }
