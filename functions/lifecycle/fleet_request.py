"""The input of a fleet execution, as a model."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from lifecycle.errors import InvalidRequestError
from lifecycle.request import ENVIRONMENT_PATTERN, unwrap


def _text(allowed: str) -> dict[str, Any]:
    return {"allowed": allowed}


class _Input(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


class ChangedSource(_Input):
    """A source zip that was uploaded anew."""

    bucket: str = Field(min_length=3, max_length=63)
    key: str = Field(min_length=1, max_length=1024)


class FleetRequest(_Input):
    """What a fleet execution is asked to do, with every default filled in."""

    action: Literal["rebuild", "sweep", "verify"] = Field(
        description="`rebuild` provisions again what was provisioned before, `sweep` tears down what has expired and "
        "looks for orphans, `verify` runs the smoke test of what is live.",
        json_schema_extra=_text("rebuild, sweep or verify"),
    )
    environments: list[Annotated[str, Field(pattern=ENVIRONMENT_PATTERN)]] | None = Field(
        default=None,
        min_length=1,
        description="Only these environments; all when left out.",
        json_schema_extra=_text("a list of one or more environment names"),
    )
    pattern: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        pattern=r"^[a-z0-9*?\[\]!-]+$",
        description="Only environments whose name matches, `*` and `?` as in file names.",
        json_schema_extra=_text("a name with the wildcards * and ?"),
    )
    source: ChangedSource | None = Field(
        default=None,
        description="For `rebuild`: only environments that are built from this source zip.",
        json_schema_extra=_text("{bucket, key}, only with action rebuild"),
    )
    remove_orphans: bool = Field(
        default=False,
        description="For `sweep`: also tear down what carries our tags and no record knows.",
        json_schema_extra=_text("true or false, true only with action sweep"),
    )
    max_concurrency: int = Field(
        default=5,
        ge=1,
        le=20,
        description="How many environments are worked on at the same time.",
        json_schema_extra=_text("1 to 20"),
    )
    dry_run: bool = Field(
        default=False,
        description="Say what would be started, start nothing.",
        json_schema_extra=_text("true or false"),
    )

    @model_validator(mode="after")
    def _fields_fit_the_action(self) -> Self:
        if self.source is not None and self.action != "rebuild":
            raise ValueError("source")
        if self.remove_orphans and self.action != "sweep":
            raise ValueError("removeOrphans")
        return self


def parse_fleet_request(event: Any) -> FleetRequest:
    """Validate a fleet execution's input.

    Args:
        event: The input: an object of the fields of `FleetRequest`, or an EventBridge envelope around one.

    Returns:
        The request, with defaults filled in.

    Raises:
        InvalidRequestError: With each wrong field, what was given and what is allowed.
    """
    value = unwrap(event)
    if not isinstance(value, dict):
        raise InvalidRequestError(f"input: given {value!r}, allowed: a JSON object")
    try:
        return FleetRequest.model_validate(value)
    except ValidationError as error:
        sentences = dict.fromkeys(_sentence(problem, value) for problem in error.errors())
        raise InvalidRequestError("; ".join(sentences)) from None


def _sentence(problem: Any, value: dict[str, Any]) -> str:
    allowed = {
        str(field.alias): (field.json_schema_extra or {})["allowed"]  # type: ignore[index]
        for field in FleetRequest.model_fields.values()
    }
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "value_error":
        path = [str(problem["ctx"]["error"])]
    name = path[0]
    if name not in allowed:
        return f"{name}: unknown field, allowed: {', '.join(allowed)}"
    given = f"given {value[name]!r}" if name in value else "required"
    return f"{'.'.join(path)}: {given}, allowed: {allowed[name]}"
