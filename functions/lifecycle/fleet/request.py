"""The input of a fleet execution, as a model."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lifecycle.request.inputs import InputModel, allowed, parse_input, problem
from lifecycle.request.limits.environment import ENVIRONMENT_PATTERN

MOST_AT_ONCE = 10_000
"""The executions that one Distributed Map may run at a time (Step Functions, "Service quotas")."""


class ChangedSource(InputModel):
    """A source zip that was uploaded again."""

    bucket: str = Field(min_length=3, max_length=63, json_schema_extra=allowed("an S3 bucket name"))
    key: str = Field(
        min_length=1,
        max_length=1024,
        json_schema_extra=allowed("an S3 key of 1 to 1024 characters"),
    )


class FleetRequest(InputModel):
    """What a fleet execution is asked to do, with every default filled in."""

    action: Literal["rebuild", "sweep", "verify"] = Field(
        description="`rebuild` provisions environments again as they were last provisioned. `sweep` tears down expired "
        "environments and looks for orphans. `verify` runs the smoke test of each live version.",
        json_schema_extra=allowed("rebuild, sweep or verify"),
    )
    environments: list[Annotated[str, Field(pattern=ENVIRONMENT_PATTERN)]] | None = Field(
        default=None,
        min_length=1,
        description="Only these environments. Default: all.",
        json_schema_extra=allowed("a list of one or more environment names"),
    )
    pattern: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        pattern=r"^[a-z0-9*?\[\]!-]+$",
        description="Only environments whose name matches. `*` and `?` are wildcards, as in file names.",
        json_schema_extra=allowed("a name with the wildcards * and ?"),
    )
    source: ChangedSource | None = Field(
        default=None,
        description="For `rebuild`: only environments that are built from this source zip.",
        json_schema_extra=allowed("{bucket, key}, only with action rebuild"),
    )
    find_orphans: bool = Field(
        default=True,
        description="For `sweep`: also looks for orphans, which reads every record and lists every resource of the "
        "stack. With `false`, a sweep reads only what has expired.",
        json_schema_extra=allowed("true or false, false only with action sweep"),
    )
    remove_orphans: bool = Field(
        default=False,
        description="For `sweep`: also tears down environments that have tagged resources but no record, and, without "
        "`environments` and `pattern`, removes images and objects that no environment owns.",
        json_schema_extra=allowed("true or false, true only with action sweep"),
    )
    auto_rollback: bool = Field(
        default=False,
        description="For `verify`: if a live version itself is bad, rolls its environment back to the version before. "
        "The environment counts as failed all the same.",
        json_schema_extra=allowed("true or false, true only with action verify"),
    )
    max_concurrency: int = Field(
        default=5,
        ge=1,
        le=MOST_AT_ONCE,
        description="How many environments are processed at the same time.",
        json_schema_extra=allowed(f"1 to {MOST_AT_ONCE}"),
    )
    dry_run: bool = Field(
        default=False,
        description="Lists what would be started and starts nothing.",
        json_schema_extra=allowed("true or false"),
    )

    @property
    def is_of_all(self) -> bool:
        """Whether neither names nor a pattern restrict the environments."""
        return self.environments is None and self.pattern is None

    @model_validator(mode="after")
    def _fields_fit_the_action(self) -> Self:
        if self.source is not None and self.action != "rebuild":
            raise problem("source", self.source.model_dump(), "only with action rebuild")
        if self.remove_orphans and self.action != "sweep":
            raise problem("removeOrphans", True, "true only with action sweep")
        if self.auto_rollback and self.action != "verify":
            raise problem("autoRollback", True, "true only with action verify")
        if not self.find_orphans and self.action != "sweep":
            raise problem("findOrphans", False, "false only with action sweep")
        if self.remove_orphans and not self.find_orphans:
            raise problem("removeOrphans", True, "true only if findOrphans is true")
        return self


def parse_fleet_request(event: Any) -> FleetRequest:
    """Validate a fleet execution's input.

    Args:
        event: The input: an object of the fields of `FleetRequest`, or an EventBridge envelope around one.

    Returns:
        The request, with defaults filled in.

    Raises:
        InvalidRequestError: The input is wrong; the message names each wrong field, its value and what is allowed.
    """
    return parse_input(FleetRequest, event)
