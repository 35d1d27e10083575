"""A report as one HTML page: it loads nothing, runs no script, and prints well."""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from cli.cost.estimate import dollars
from cli.environments.moments import readable
from cli.report.words.said import said, words
from cli.texts import DEFAULT, Texts

_FOLDER = Path(__file__).parent / "page"
_NOTED_SECONDS = 0.05
_LEAST_WIDTH = 0.4
"""In percent of the timeline: a shorter span would not be seen."""


def html(report: dict[str, Any], language: str = DEFAULT) -> str:
    """Return the page.

    Args:
        report: What `cli.report.content.content` returns.
        language: A language of `cli.texts.LANGUAGES`. Names of states and checks, and what AWS, the agent and the
            execution itself wrote, stay as they are.
    """
    t = words(language)
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
        "seconds": partial(seconds, t=t),
        "quantity": _quantity,
        "said": partial(said, language=language),
    }
    output = report["output"] or {}
    facts = (report["now"] or {}).get("facts") or {}
    return environment.get_template("report.html.j2").render(
        t=t,
        report=report,
        now=[
            (t.known(f"fact.{name}", name), _fact(name, value, t)) for name, value in facts.items()
        ],
        asked=[
            (said(name, language), said(value, language)) for name, value in report["asked"].items()
        ],
        tested=output.get("smokeTest") or {},
        gateway=output.get("gateway") or {},
        output=output,
        bars=[_bar(stage, report["seconds"], t) for stage in report["stages"]],
        headline=_headline(report, t),
        # The file is ours; the policy names its digest.
        style=Markup(style),  # noqa: S704
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )


def seconds(value: float | None, t: Texts) -> str:
    """Return a duration as people read it, such as `4.2 s` or `2 min 5 s`."""
    if value is None:
        return ""
    if value < 60:
        return t("unit.seconds", number=f"{value:.1f}")
    whole = round(value)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return t("unit.hours", hours=hours, minutes=minutes)
    return t("unit.minutes", minutes=minutes, seconds=rest)


def _headline(report: dict[str, Any], t: Texts) -> str:
    end, action = report["status"], report["action"]
    whole = "fleet" if report["kind"] == "fleet" else "nowhere"
    return t(
        "headline.whole" if report["environment"] else f"headline.{whole}",
        action=t.known(f"action.{action}", str(action)) if action else t("headline.unknown"),
        environment=report["environment"],
        end=t.known(f"end.{end}", t("end.RUNNING")),
    )


def _fact(name: str, value: str, t: Texts) -> Any:
    return t.known(f"state.{value}", value) if name == "state" else said(value, t.language)


def _bar(stage: dict[str, Any], whole: float, t: Texts) -> dict[str, Any]:
    """Return where the parts of a stage are in its bar, in percent, and what the bar says in words."""
    waits = [span for span in stage["spans"] if span["kind"] == "wait"]
    waited = sum(span["to"] - span["from"] for span in waits)
    begins = stage["spans"][0]["from"] if stage["spans"] else 0.0
    label = t("bar.said", begins=seconds(begins, t), took=seconds(stage["seconds"], t))
    notes = []
    if waited >= _NOTED_SECONDS:
        key = "bar.wait" if len(waits) == 1 else "bar.waits"
        notes.append(t(key, number=len(waits), waited=seconds(waited, t)))
    if stage["retries"]:
        key = "bar.retry" if stage["retries"] == 1 else "bar.retries"
        notes.append(t(key, number=stage["retries"]))
    if stage["outcome"] != "done":
        notes.append(t.known(f"bar.{stage['outcome']}", t("bar.failed")))
    parts = [_part(span, whole) for span in stage["spans"]]
    return {
        "stage": stage,
        "parts": parts,
        "retries": [_percent(at, whole) for at in stage["retriesAt"]],
        "label": t("bar.and").join([label, *notes]),
        "notes": t("bar.and").join(notes),
    }


def _part(span: dict[str, Any], whole: float) -> dict[str, Any]:
    begin = min(_percent(span["from"], whole), 100 - _LEAST_WIDTH)
    width = max(_percent(span["to"], whole) - begin, _LEAST_WIDTH)
    return {"kind": span["kind"], "x": begin, "width": round(min(width, 100 - begin), 3)}


def _percent(value: float, whole: float) -> float:
    return round(min(value / whole * 100, 100), 3) if whole > 0 else 0.0


def _quantity(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
