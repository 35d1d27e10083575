"""Shows the output of an execution as lines and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.display.lines import Cell, print_table
from cli.display.narrow import print_named
from cli.display.plan import show_plan

_TESTS = {"smokeTest": "Smoke test", "gateway": "Gateway test"}
"""The sections of an output that have checks, and their titles."""


def show_output(console: Console, output: dict[str, Any]) -> None:
    """Print the parts that an output has: facts first, then tables.

    Args:
        console: Where to print.
        output: The output object.
    """
    if facts := _facts(output):
        console.print()
        print_named(console, facts)
    show_checks(console, output)
    if evaluations := (output.get("smokeTest") or {}).get("evaluations"):
        _title(console, "Evaluations")
        _print_evaluations(console, evaluations)
    if plan := output.get("plan"):
        _title(console, "Plan (dry run: nothing was changed)")
        show_plan(console, plan)
    if timings := output.get("timings"):
        _title(console, "Timings")
        rows = [(stage, f"{seconds:.1f}") for stage, seconds in timings.items()]
        print_table(console, ("stage", "seconds"), rows, right={"seconds"})
    if teardown := output.get("teardown"):
        dry = " (dry run: nothing was removed)" if teardown.get("dryRun") else ""
        _title(console, f"Teardown{dry}")
        print_named(console, _torn_down(teardown))


def show_checks(console: Console, output: dict[str, Any]) -> None:
    """Print what each check of the smoke test and of the gateway's test saw, if the output has any."""
    for section, title in _TESTS.items():
        if checks := (output.get(section) or {}).get("checks"):
            _title(console, title)
            _print_checks(console, checks)


def _title(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold")


def _facts(output: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [(name, str(output[name])) for name in ("environment", "action") if output.get(name)]
    if output.get("change"):
        facts.append(("change", str(output["change"])))
    smoke_test = output.get("smokeTest") or {}
    if smoke_test.get("endpoint"):
        version = smoke_test.get("version")
        on = f" on version {version}" if version else ""
        facts.append(("asked", f"{smoke_test['endpoint']}{on}"))
    facts += [("answer", str(answer)) for answer in [smoke_test.get("answer")] if answer]
    for section in (
        "runtime",
        "auth",
        "artifact",
        "observability",
        "gateway",
        "credentials",
        "promotion",
    ):
        for name, value in (output.get(section) or {}).items():
            if value not in (None, [], {}) and name != "checks":
                facts.append((f"{section}.{name}", text_of(value)))
    facts += _canary(output.get("canary") or {})
    return facts + [("repaired", text_of(item)) for item in output.get("repaired") or []]


def _canary(canary: dict[str, Any]) -> list[tuple[str, str]]:
    if canary.get("direct"):
        return [("canary", f"promoted directly: {canary['direct']}")]
    return [
        ("canary", f"version {canary.get('version')} at {step.get('weight')} %: {step.get('told')}")
        for step in canary.get("steps") or []
    ]


def _print_checks(console: Console, checks: list[dict[str, Any]]) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            Text("✓", "green") if check.get("passed", True) else Text("✗", "bold red"),
            *(text_of(check.get(name)) for name in ("name", "milliseconds", "expected", "seen")),
        )
        for check in checks
    ]
    heads = ("", "check", "ms", "expected", "seen")
    print_table(console, heads, rows, right={"ms"}, fold={"check", "expected", "seen"})


def _print_evaluations(console: Console, evaluations: list[dict[str, Any]]) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            Text("✓", "green") if one.get("passed") else Text("✗", "bold red"),
            text_of(one.get("evaluator")),
            text_of(one.get("score")),
            text_of(one.get("minScore")),
            text_of(one.get("error") or one.get("explanation")),
        )
        for one in evaluations
    ]
    heads = ("", "evaluator", "score", "minScore", "lowest result, or error")
    print_table(console, heads, rows, right={"score", "minScore"}, fold={heads[4]})


def _torn_down(teardown: dict[str, Any]) -> list[tuple[Text, str]]:
    return [
        (Text(label, style), text_of(item))
        for label, style, name in (
            ("removed", "green", "removed"),
            ("would remove", "yellow", "wouldRemove"),
            ("kept", "yellow", "kept"),
            ("left", "bold red", "failed"),
            ("looked for", "dim", "lookedFor"),
        )
        for item in _items(teardown.get(name))
    ]


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def text_of(value: Any) -> str:
    """Return a JSON value as readable text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and set(value) == {"resource", "reason"}:
        return f"{value['resource']}: {value['reason']}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text_of(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(text_of(item) for item in value)
    return str(value)
