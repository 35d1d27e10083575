"""What a list says of an environment, for programs and for people."""

from __future__ import annotations

from typing import Any

from cli.environments.moments import in_words, iso


def summary(item: dict[str, Any]) -> dict[str, Any]:
    """Return what `lifecycle list --json` has of an environment.

    Args:
        item: The attributes of the record, from `EnvironmentsTable.summaries`.

    Returns:
        `environment`, `state`, `liveVersion`, `smokeTest` (`version` and whether it `passed`; null if none has ended),
        `lockedBy` (the ARN of the execution that holds the lock; null if none does) and `expiresAt` (null for never).
    """
    runtime = item.get("runtime") or {}
    return {
        "environment": item["environment"],
        "state": item["state"],
        "liveVersion": runtime.get("liveVersion"),
        "smokeTest": last_smoke_test(runtime.get("provenVersion"), runtime.get("failedVersion")),
        "lockedBy": (item.get("lock") or {}).get("execution"),
        "expiresAt": iso(item.get("expiresAt")),
    }


def last_smoke_test(passed: str | None, failed: str | None) -> dict[str, Any] | None:
    """Return the version that was tested last, and whether it passed; `None` if no smoke test has ended.

    Args:
        passed: The version that last passed its smoke test (`provenVersion` of the record).
        failed: The version that failed since (`failedVersion`); a later pass clears it.
    """
    if failed is not None:
        return {"version": failed, "passed": False}
    return None if passed is None else {"version": passed, "passed": True}


def smoke_test_in_words(found: dict[str, Any] | None) -> str:
    """Return such as `version 3 passed`."""
    if found is None:
        return "none"
    return f"version {found['version']} {'passed' if found['passed'] else 'failed'}"


def row(found: dict[str, Any], now: float) -> tuple[str, ...]:
    """Return what a table for people says: name, state, live version, smoke test, lock holder, expiry.

    Args:
        found: What `summary` returns.
        now: Seconds since the epoch.
    """
    return (
        found["environment"],
        found["state"],
        found["liveVersion"] or "",
        smoke_test_in_words(found["smokeTest"]),
        (found["lockedBy"] or "").rpartition(":")[2],
        in_words(found["expiresAt"], now),
    )
