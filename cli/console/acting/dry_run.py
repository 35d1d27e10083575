"""A dry run: what it says would happen, and whether what it was for may be done now."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.console.acting.steps import same
from cli.display.plan import plan_rows
from cli.display.result import text_of
from cli.environments.moments import iso_of
from cli.execution.follow import RUNNING
from cli.execution.timeline import Failure
from cli.perform.account import asked
from cli.perform.naming import describe, name_of
from cli.target.deployed import Deployed
from lifecycle.record import Record


@dataclass(frozen=True)
class DryRun:
    """A dry run.

    Attributes:
        name: The execution's name.
        status: The execution's status.
        does: The input that does what it shows; `None` if it was a dry run of something else than is asked for now.
        old: Whether it is of a rollback, and `live` was switched after it began.
        failure: Why it failed, as the command says it; `None` if it did not.
        plan: What would change: each with its name, the change, and details.
        differences: Members of the runtime that differ: each with its name, the old and the new value.
        removes: What a teardown would remove.
        keeps: What a teardown would keep, with the reasons.
        unknown: What cannot be known before.
    """

    name: str
    status: str
    does: dict[str, Any] | None = field(repr=False)
    old: bool
    failure: str | None = None
    plan: list[tuple[str, str, str]] = field(default_factory=list)
    differences: list[tuple[str, str, str]] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    keeps: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in RUNNING

    @property
    def allows(self) -> bool:
        """Whether what it was for may be done now."""
        return self.status == "SUCCEEDED" and self.does is not None and not self.old


def read_dry_run(place: Deployed, name: str, value: dict[str, Any], record: Record) -> DryRun:
    """Read a dry run.

    Args:
        place: The stack.
        name: The execution's name.
        value: The input that it is to be a dry run of.
        record: The environment's record.

    Raises:
        UsageError: There is no such execution.
        DeniedError: The caller may not describe executions.
    """
    found = describe(place, place.client("stepfunctions"), name)
    given = asked(found)
    output = json.loads(found.get("output") or "null")
    output = output if isinstance(output, dict) else {}
    plan, teardown = output.get("plan") or {}, output.get("teardown") or {}
    return DryRun(
        name=name_of(found["executionArn"]),
        status=found["status"],
        does=_does(value, plan) if given.get("dryRun") is True and same(given, value) else None,
        old=_is_rollback(value) and _is_older(found["startDate"], record),
        failure=_failure(found),
        plan=list(plan_rows(plan)),
        differences=[
            (one["member"], text_of(one.get("from")) or "–", text_of(one.get("to")) or "–")
            for one in (plan.get("runtime") or {}).get("differences") or []
        ],
        removes=[text_of(one) for one in teardown.get("wouldRemove") or []],
        keeps=[text_of(one) for one in teardown.get("kept") or []],
        unknown=[text_of(one) for one in plan.get("notKnown") or []],
    )


def _does(value: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any] | None:
    if not _is_rollback(value) or "version" in value:
        return value
    # Without a version, a rollback takes the one before `live`: another one after each promotion.
    version = (plan.get("version") or {}).get("version")
    return {**value, "version": version} if version else None


def _is_rollback(value: dict[str, Any]) -> bool:
    return value.get("action") == "rollback"


def _is_older(began: datetime, record: Record) -> bool:
    """Whether a dry run began before the environment's newest promotion."""
    # Both in seconds, in UTC and ISO 8601: they sort as texts.
    return bool(record.promotions) and str(iso_of(began)) < record.promotions[-1].promoted_at


def _failure(found: dict[str, Any]) -> str | None:
    if found["status"] in ("SUCCEEDED", *RUNNING):
        return None
    failure = Failure(found.get("error") or found["status"], found.get("cause") or "")
    return f"{failure.error}: {failure.reason}".rstrip(": ")
