"""A report as one HTML page: it loads nothing, runs no script, and prints well."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from cli.cost.estimate import dollars
from cli.environments.moments import readable

_FOLDER = Path(__file__).parent / "page"
_NOTED_SECONDS = 0.05
_LEAST_WIDTH = 0.4
"""In percent of the timeline: a shorter span would not be seen."""


def html(report: dict[str, Any]) -> str:
    """Return the page.

    Args:
        report: What `cli.report.content.content` returns.
    """
    style = (_FOLDER / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # A field that an output does not have is empty: outputs of an older stack have fewer.
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "dollars": dollars,
        "moment": readable,
        "seconds": seconds,
        "quantity": _quantity,
    }
    output = report["output"] or {}
    return environment.get_template("report.html.j2").render(
        report=report,
        tested=output.get("smokeTest") or {},
        gateway=output.get("gateway") or {},
        output=output,
        bars=[_bar(stage, report["seconds"]) for stage in report["stages"]],
        headline=_headline(report),
        # The file is ours; the policy names its digest.
        style=Markup(style),  # noqa: S704
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )


def seconds(value: float | None) -> str:
    """Return a duration as people read it, such as `4.2 s` or `2 min 5 s`."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _headline(report: dict[str, Any]) -> str:
    words = {
        "SUCCEEDED": "succeeded",
        "FAILED": "failed",
        "TIMED_OUT": "timed out",
        "ABORTED": "was stopped",
    }
    end = words.get(report["status"], "still runs")
    other = "a fleet" if report["kind"] == "fleet" else "no valid environment"
    return f"{report['action'] or 'Execution'} of {report['environment'] or other} {end}"


def _bar(stage: dict[str, Any], whole: float) -> dict[str, Any]:
    """Return where the parts of a stage are in its bar, in percent, and what the bar says in words."""
    waits = [span for span in stage["spans"] if span["kind"] == "wait"]
    waited = sum(span["to"] - span["from"] for span in waits)
    begins = stage["spans"][0]["from"] if stage["spans"] else 0.0
    said = f"begins after {seconds(begins)}, takes {seconds(stage['seconds'])}"
    notes = []
    if waited >= _NOTED_SECONDS:
        times = "1 wait" if len(waits) == 1 else f"{len(waits)} waits"
        notes.append(f"{times}, {seconds(waited)} in all")
    if stage["retries"]:
        notes.append("1 retry" if stage["retries"] == 1 else f"{stage['retries']} retries")
    if stage["outcome"] != "done":
        notes.append({"aborted": "stopped", "running": "runs"}.get(stage["outcome"], "failed"))
    parts = [_part(span, whole) for span in stage["spans"]]
    return {
        "stage": stage,
        "parts": parts,
        "retries": [_percent(at, whole) for at in stage["retriesAt"]],
        "label": ", ".join([said, *notes]),
        "notes": ", ".join(notes),
    }


def _part(span: dict[str, Any], whole: float) -> dict[str, Any]:
    begin = min(_percent(span["from"], whole), 100 - _LEAST_WIDTH)
    width = max(_percent(span["to"], whole) - begin, _LEAST_WIDTH)
    return {"kind": span["kind"], "x": begin, "width": round(min(width, 100 - begin), 3)}


def _percent(value: float, whole: float) -> float:
    return round(min(value / whole * 100, 100), 3) if whole > 0 else 0.0


def _quantity(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
