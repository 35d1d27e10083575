"""Compares the runtime that the request asks for with the one that AgentCore has, and tells drift from a new request.

AgentCore may answer in another form than it was asked in: a default filled in, an empty map left out, a tag in place of
a digest. None of that is a difference. Two things decide: whether everything wanted is there, and whether the answer is
the one that AgentCore gave right after the last deployment (`RuntimeRecord.echoed`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lifecycle import names
from lifecycle.doors.lock import LOCK
from lifecycle.runtime.configuration import (
    ARTIFACT,
    AUTHORIZER,
    IDLE_SECONDS,
    LIFETIME_SECONDS,
    METADATA,
    Configuration,
    Path,
)
from lifecycle.sections.runtime import RuntimeRecord

# How the output names drift in each part.
_DRIFT = {
    ARTIFACT: "the runtime's artifact was changed",
    "roleArn": "the runtime's execution role was changed",
    "networkConfiguration": "the runtime's network was changed",
    "protocolConfiguration": "the runtime's protocol was changed",
    AUTHORIZER: "the runtime's authorizer was changed",
    "environmentVariables": "the runtime's environment variables were changed",
    "requestHeaderConfiguration": "the runtime's request header list was changed",
    "lifecycleConfiguration": "the runtime's session time-outs were changed",
    "description": "the runtime's description was changed",
    METADATA: "the runtime did not require MMDSv2",
}
# More of these than was asked for is a difference: it would let more through, or show the agent more.
_EXACT = ("environmentVariables", "requestHeaderConfiguration")
_EXACT_CLAIMS = ("allowedAudience", "allowedClients", "allowedScopes", "customClaims")


def digests(configuration: Configuration, parts: Iterable[str] | None = None) -> dict[str, str]:
    """A digest of each part, for the record: it tells what a part was without repeating it.

    Args:
        configuration: What is wanted, or the answer of `GetAgentRuntime`.
        parts: Which parts; all when left out.
    """
    chosen = configuration if parts is None else parts
    return {part: names.digest(_normal(part, configuration.get(part))) for part in chosen}


def echoed(observed: Configuration, runtime: RuntimeRecord) -> dict[str, str]:
    """The digests of those parts that AgentCore gives back in another form than they were asked in.

    Args:
        observed: The answer of `GetAgentRuntime`, when the runtime is ready with what was asked.
        runtime: What the record knows of the last deployment.
    """
    seen = digests(observed, runtime.deployed)
    return {part: digest for part, digest in seen.items() if digest != runtime.deployed[part]}


def dropped(runtime: RuntimeRecord, configured: list[Path]) -> list[Path]:
    """The members that the last deployment set by `configuration` and the request no longer names."""
    now = set(configured)
    return [path for path in map(tuple, runtime.configured) if path not in now]


def differences(
    wanted: Configuration,
    observed: Configuration,
    runtime: RuntimeRecord,
    no_longer: Iterable[Path] = (),
) -> list[str]:
    """Name the parts in which AgentCore's configuration is not what is wanted.

    Args:
        wanted: From `configuration.desired`.
        observed: The answer of `GetAgentRuntime`.
        runtime: What the record knows of the last deployment.
        no_longer: From `dropped`.
    """
    asked = digests(wanted)
    left = {path[0] for path in no_longer if _has(observed, path)}
    found = []
    for part, value in wanted.items():
        seen = observed.get(part)
        if part == METADATA and seen is None and part in runtime.deployed:
            continue  # written before, and this service does not tell it
        if part not in left:
            if agrees(part, value, seen):
                continue
            as_written = runtime.deployed.get(part) == asked[part]
            if as_written and runtime.echoed.get(part) == digests(observed, [part])[part]:
                continue  # AgentCore's own form of what was asked
        found.append(part)
    return [*found, *sorted(left.difference(wanted))]


def drift(
    different: list[str], wanted: Configuration, observed: Configuration, deployed: dict[str, str]
) -> list[str]:
    """Say which differences were made by hand: parts that the request asks for as they were last written.

    Returns:
        Sentences for the output's `repaired`; never a value of the configuration.
    """
    asked = digests(wanted)
    by_hand = [part for part in different if part in asked and deployed.get(part) == asked[part]]
    return [_said(part, wanted, observed) for part in by_hand]


def _said(part: str, wanted: Configuration, observed: Configuration) -> str:
    if part == AUTHORIZER and not observed.get(part):
        return "the runtime's authorizer was removed"
    if part == AUTHORIZER and _lock_of(wanted) and _lock_of(wanted) != _lock_of(observed):
        return "the runtime's lock to its gateway was changed"
    return _DRIFT.get(part, f"the runtime's {part} was changed")


def _lock_of(configuration: Configuration) -> Any:
    jwt = (configuration.get(AUTHORIZER) or {}).get("customJWTAuthorizer") or {}
    return jwt.get(LOCK)


def agrees(part: str, wanted: Any, seen: Any) -> bool:
    """Whether a part that AgentCore gave is what is wanted; it may hold more where that changes nothing.

    Args:
        part: The part's name.
        wanted: The part, from `configuration.desired`.
        seen: The part, as AgentCore gave it.
    """
    ours, theirs = _normal(part, wanted), _normal(part, seen)
    if not ours or part in _EXACT:
        return bool(ours == theirs)
    if part == AUTHORIZER:
        claims, seen_claims = ours["customJWTAuthorizer"], theirs.get("customJWTAuthorizer") or {}
        # One more place that calls may come from would open the runtime to it.
        exact = (*_EXACT_CLAIMS, LOCK) if LOCK in claims else _EXACT_CLAIMS
        if any(claims.get(name) != seen_claims.get(name) for name in exact):
            return False
    return covered(ours, theirs)


def covered(ours: Any, theirs: Any) -> bool:
    """Whether everything in one value is in the other, which may hold more: defaults that AgentCore filled in."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(
            name in theirs and covered(item, theirs[name]) for name, item in ours.items()
        )
    if isinstance(ours, list):
        return (
            isinstance(theirs, list)
            and len(ours) == len(theirs)
            and all(covered(one, other) for one, other in zip(ours, theirs, strict=True))
        )
    return bool(ours == theirs)


def compared(part: str, value: Any) -> Any:
    """A part in the form in which it is compared: defaults filled in, sets in one order, nothing empty.

    Args:
        part: The part's name.
        value: As it is wanted, or as AgentCore gave it.
    """
    return _normal(part, value)


def _normal(part: str, value: Any) -> Any:
    """A part in the form in which it is compared: defaults filled in, sets in one order, nothing empty."""
    value = _compact(value)
    if part == AUTHORIZER:
        jwt = value.get("customJWTAuthorizer") if value else None
        lists = ("allowedAudience", "allowedClients", "allowedScopes")
        ordered = {name: sorted(jwt[name]) for name in lists if name in jwt} if jwt else {}
        return {"customJWTAuthorizer": jwt | ordered} if jwt else {}
    if part == "networkConfiguration":
        network = {"networkMode": "PUBLIC"} | (value or {})
        vpc = network.get("networkModeConfig")
        if vpc:
            ordered = {n: sorted(vpc[n]) for n in ("subnets", "securityGroups") if n in vpc}
            network["networkModeConfig"] = vpc | ordered
        return network
    if part == "requestHeaderConfiguration":
        return sorted(name.lower() for name in (value or {}).get("requestHeaderAllowlist", []))
    if part == "protocolConfiguration":
        return {"serverProtocol": "HTTP"} | (value or {})
    if part == "lifecycleConfiguration":
        defaults = {
            "idleRuntimeSessionTimeout": IDLE_SECONDS,
            "maxLifetime": LIFETIME_SECONDS,
        }
        return defaults | (value or {})
    if part == METADATA:
        return {"requireMMDSV2": bool((value or {}).get("requireMMDSV2"))}
    return value


def _compact(value: Any) -> Any:
    """A value without its empty objects, lists and nulls; None when nothing is left."""
    if isinstance(value, dict):
        kept = {name: _compact(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None} or None
    if isinstance(value, list):
        return [_compact(item) for item in value] or None
    return value


def _has(configuration: Configuration, path: Path) -> bool:
    value: Any = configuration
    for name in path:
        if not isinstance(value, dict) or value.get(name) is None:
            return False
        value = value[name]
    return True
