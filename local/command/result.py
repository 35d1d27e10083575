"""Shows the output of an execution (DESIGN section 4) as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_output(console: Console, output: dict[str, Any]) -> None:
    """Print the parts of an output that are there, as tables.

    Args:
        console: Where to.
        output: The output object.
    """
    facts = _facts(output)
    if facts:
        console.print()
        _lines(console, [(name, "dim", value) for name, value in facts])
    for part in (_smoke_test(output), _timings(output)):
        if part is not None:
            console.print()
            console.print(part)
    teardown = output.get("teardown")
    if teardown:
        dry = " (dry run: nothing was touched)" if teardown.get("dryRun") else ""
        console.print(f"\nTeardown{dry}", style="bold")
        _lines(console, _teardown(teardown))


def _lines(console: Console, lines: list[tuple[str, str, str]]) -> None:
    """Print a name, its style and a value a line, never folded: people copy ARNs and URLs."""
    width = max((len(name) for name, _, _ in lines), default=0)
    for name, style, value in lines:
        text = Text.assemble((name.ljust(width), style), "  ", value)
        console.print(text, soft_wrap=True)


def _facts(output: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [(name, str(output[name])) for name in ("environment", "action") if output.get(name)]
    if output.get("change"):
        facts.append(("change", str(output["change"])))
    smoke_test = output.get("smokeTest") or {}
    if smoke_test.get("endpoint"):
        facts.append(("asked", f"{smoke_test['endpoint']} on version {smoke_test.get('version')}"))
    facts += [("answer", str(answer)) for answer in [smoke_test.get("answer")] if answer]
    for section in ("runtime", "auth", "artifact", "promotion"):
        for name, value in (output.get(section) or {}).items():
            if value not in (None, [], {}):
                facts.append((f"{section}.{name}", _text(value)))
    return facts + [("repaired", _text(item)) for item in output.get("repaired") or []]


def _smoke_test(output: dict[str, Any]) -> Table | None:
    checks = (output.get("smokeTest") or {}).get("checks")
    if not checks:
        return None
    table = _table("Smoke test")
    table.add_column("")
    for name in ("check", "expected", "seen"):
        table.add_column(name, overflow="fold")
    table.add_column("ms", justify="right")
    for check in checks:
        passed = check.get("passed", True)
        table.add_row(
            Text("✓", "green") if passed else Text("✗", "bold red"),
            Text(_text(check.get("name"))),
            Text(_text(check.get("expected"))),
            Text(_text(check.get("seen"))),
            Text(_text(check.get("milliseconds"))),
        )
    return table


def _timings(output: dict[str, Any]) -> Table | None:
    timings = output.get("timings")
    if not timings:
        return None
    table = _table("Timings")
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    for stage, seconds in timings.items():
        table.add_row(stage, f"{seconds:.1f}")
    return table


def _teardown(teardown: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (label, style, _text(item))
        for label, style, name in (
            ("removed", "green", "removed"),
            ("would remove", "yellow", "wouldRemove"),
            ("kept", "yellow", "kept"),
            ("left", "bold red", "failed"),
            ("looked for", "dim", "lookedFor"),
        )
        for item in _items(teardown.get(name))
    ]


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    """Write a JSON value as a person would."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and set(value) == {"resource", "reason"}:
        return f"{value['resource']}: {value['reason']}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)
