"""What an execution was asked, without what may be confidential."""

from __future__ import annotations

from typing import Any

HIDDEN = "(not shown)"
"""Stands for a value that may be confidential."""

SHOWN = frozenset(
    (
        "action",
        "environment",
        "version",
        "artifact.type",
        "artifact.source",
        "artifact.package",
        "artifact.runtime",
        "artifact.entryPoint",
        "artifact.containerUri",
        "auth.type",
        "auth.flow",
        "auth.discoveryUrl",
        "auth.allowedClients",
        "auth.allowedAudience",
        "auth.allowedScopes",
        "auth.tokenSecretArn",
        "runtime.protocol",
        "runtime.network",
        "runtime.idleTimeoutSeconds",
        "runtime.maxLifetimeSeconds",
        "runtime.requestHeaders",
        "observability",
        "gateway.type",
        "gateway.only",
        "gateway.test.tool",
        "credentials",
        "promotion.strategy",
        "promotion.steps",
        "promotion.bakeSeconds",
        "promotion.checks.minCalls",
        "promotion.checks.maxErrorPercent",
        "smokeTest.casesFrom",
        "smokeTest.repeat",
        "smokeTest.minPassRate",
        "smokeTest.maxP95Seconds",
        "smokeTest.webSocket",
        "smokeTest.timeoutSeconds",
        "smokeTest.evaluators",
        "smokeTest.evaluationSeconds",
        "wait",
        "teardown",
        "ttlHours",
        "dryRun",
        "autoRollback",
        # Of a fleet.
        "environments",
        "pattern",
        "source",
        "maxConcurrency",
        "findOrphans",
        "removeOrphans",
    )
)
"""The fields whose values are shown; of every other field, only the name is. A test compares them with the models."""
_MOST_TEXT = 300
_MOST_FIELDS = 100


def shown(value: dict[str, Any]) -> dict[str, str]:
    """Return the fields of an input, by names such as `artifact.type`, with what may be told of each.

    Args:
        value: The input, out of its envelope.

    Returns:
        At most 100 fields, each with at most 300 characters.
    """
    fields = list(_fields(value, ""))
    told = dict(fields[:_MOST_FIELDS])
    if len(fields) > _MOST_FIELDS:
        told["…"] = f"{len(fields) - _MOST_FIELDS} more fields"
    return told


def _fields(value: dict[str, Any], above: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, item in value.items():
        path = f"{above}{name}"
        if path in SHOWN:
            found.append((path, _text(item)))
        elif isinstance(item, dict) and item:
            found += _fields(item, f"{path}.")
        elif isinstance(item, list):
            found.append((_cut(path), f"{len(item)} {HIDDEN}"))
        else:
            found.append((_cut(path), HIDDEN))
    return found


def _text(item: Any) -> str:
    if isinstance(item, dict):
        return _cut(", ".join(f"{name}: {_text(inner)}" for name, inner in item.items()))
    if isinstance(item, list):
        return _cut("; ".join(_text(inner) for inner in item))
    if isinstance(item, bool):
        return "true" if item else "false"
    return _cut(str(item))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
