"""Shows the plan of a dry run: a table of what would change, then each member of the runtime that differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.display.lines import Cell, print_table
from cli.display.narrow import print_named, print_sentence

_STYLES = {
    "create": "green",
    "build": "green",
    "update": "yellow",
    "repair": "yellow",
    "remove": "yellow",
    "replace": "yellow",
}
_VERBS = {True: "moves", False: "stays"}


def show_plan(console: Console, plan: dict[str, Any]) -> None:
    """Print a plan.

    Args:
        console: Where to print.
        plan: The part `plan` of an output.
    """
    rows = [(name, _change(change), why) for name, change, why in plan_rows(plan)]
    print_table(console, ("what", "change", "details"), rows, fold={"details"})
    differences = (plan.get("runtime") or {}).get("differences") or []
    if differences:
        console.print("\nWhat differs in the runtime", style="bold")
        print_named(console, [_difference(item) for item in differences])
    if unknown := plan.get("notKnown"):
        console.print("\nNot known before", style="bold")
        for sentence in unknown:
            print_sentence(console, f"- {sentence}")


def plan_rows(plan: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return what a plan says of each part: its name, the change, and the details; all as plain text."""
    if version := plan.get("version"):
        how = "restore" if version.get("exists") else "make anew"
        yield f"version {version['version']}", how, version.get("reason") or ""
    for item in plan.get("identity") or []:
        yield item["resource"], item["change"], "; ".join(item.get("details") or [])
    artifact, runtime = plan.get("artifact") or {}, plan.get("runtime") or {}
    if artifact:
        minutes = artifact.get("buildMinutes")
        took = f"; earlier builds took {minutes} minutes" if minutes else ""
        yield "artifact", artifact["change"], f"{artifact.get('reason', '')}{took}"
    if runtime:
        yield "runtime", runtime["change"], "; ".join(runtime.get("repaired") or [])
    if observability := plan.get("observability"):
        details = [*observability.get("repaired", []), *observability.get("removes", [])]
        yield "observability", observability["change"], "; ".join(details)
    if canary := plan.get("canary"):
        steps = ", ".join(f"{weight} %" for weight in canary["steps"])
        yield "canary", "direct" if canary["direct"] else "split", canary["direct"] or steps
    if gateway := plan.get("gateway"):
        details = [*gateway.get("repaired", []), *gateway.get("removes", [])]
        yield "gateway", gateway["change"], "; ".join(details)
    if credentials := plan.get("credentials"):
        details = [*credentials.get("repaired", []), *credentials.get("removes", [])]
        yield "credentials", credentials["change"], "; ".join(details)
    if gate := plan.get("gate"):
        yield "gate", "test", _gate(gate)
    if promotion := plan.get("promotion"):
        yield "live", _VERBS[bool(promotion.get("moves"))], _versions(promotion)
    for one in plan.get("evaluations") or []:
        yield "evaluation", "judges", f"{one['evaluator']}, minScore {one['minScore']:g}"


def _gate(gate: dict[str, Any]) -> str:
    cases = f" and {gate['questions']} questions of cases" if gate.get("questions") else ""
    return f"{len(gate.get('checks') or [])} checks{cases} on {gate['endpoint']}"


def _versions(promotion: dict[str, Any]) -> str:
    came, goes = promotion.get("fromVersion"), promotion.get("toVersion")
    if not promotion.get("moves"):
        return f"on version {came}"
    begins = f"from version {came} " if came else ""
    return f"{begins}to {f'version {goes}' if goes else 'the new version'}"


def _change(change: str) -> Cell:
    return Text(change, _STYLES.get(change, "dim" if change == "unchanged" else ""))


def _difference(item: dict[str, Any]) -> tuple[Cell, str]:
    came, goes = (item.get(name) for name in ("from", "to"))
    if came is None and goes is None:
        return item["member"], ""
    return item["member"], f"{came or '(none)'} → {goes or '(none)'}"
