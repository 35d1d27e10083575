"""The input of an execution, as a model: validation, defaults and documentation all come from it.

`parse_request` takes the input that Step Functions was started with and returns a `Request` in which every default is
filled in. Each section of the input has a module of its own. Fields have the names of the JSON input as aliases
(camelCase). The limits of values that are passed on to AgentCore are those of botocore's service model.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifecycle.names import TAG_PREFIX
from lifecycle.request.artifact import Artifact
from lifecycle.request.auth import Auth
from lifecycle.request.credentials.section import MOST as MOST_CREDENTIALS
from lifecycle.request.credentials.section import Credential
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.inputs import InputModel, allowed, parse_input, problem
from lifecycle.request.limits.environment import ENVIRONMENT_PATTERN, SHORTEST_LIFETIME
from lifecycle.request.promotion.section import Promotion
from lifecycle.request.runtime import Runtime
from lifecycle.request.smoke_test import SmokeTest
from lifecycle.request.together.fields import refuse_disagreement
from lifecycle.request.wait import Wait

# The record holds the request twice, and a DynamoDB item holds at most 400 KB; a state's input at most 256 KiB.
LARGEST = 100_000
"""How many bytes a request has at most, as JSON with its defaults."""
_RESERVED_TAGS = ("aws:", f"{TAG_PREFIX}:")


class Request(InputModel):
    """What one execution is asked to do, with every default filled in."""

    action: Literal["provision", "teardown", "smokeTest", "rollback"] = Field(
        default="provision",
        description="`provision` creates what is missing and updates what exists, so you can run it again. `teardown` "
        "removes the environment. `smokeTest` only tests it. `rollback` tests an earlier version and, if it passes, "
        "switches `live` back to it.",
        json_schema_extra=allowed("provision, teardown, smokeTest or rollback"),
    )
    environment: str = Field(
        default="dev",
        pattern=ENVIRONMENT_PATTERN,
        description="Name of the environment.",
        json_schema_extra=allowed(
            "a lower-case letter, then up to 23 lower-case letters, digits or hyphens"
        ),
    )
    version: str | None = Field(
        default=None,
        # AgentCore's own form of a version (botocore's model: AgentRuntimeVersion).
        pattern=r"^[1-9][0-9]{0,4}$",
        description="For `rollback`: the version that `live` is to serve again. Default: the version that was live "
        "before.",
        json_schema_extra=allowed('a version such as "4", as a string, only with action rollback'),
    )
    artifact: Artifact = Field(default_factory=Artifact, json_schema_extra=allowed("an object"))
    auth: Auth = Field(default_factory=Auth, json_schema_extra=allowed("an object"))
    runtime: Runtime = Field(default_factory=Runtime, json_schema_extra=allowed("an object"))
    observability: bool = Field(
        default=False,
        description="Delivers the runtime's application logs, which have requests and answers in full, its usage logs "
        "and its traces to CloudWatch. Needs CloudWatch Transaction Search in the account.",
        json_schema_extra=allowed("true or false, true only with action provision"),
    )
    gateway: Gateway | None = Field(
        default=None,
        description="An AgentCore Gateway in front of the runtime, or of tools. With `only: true` the runtime answers "
        "nobody else. A provision without it removes one that is there.",
        json_schema_extra=allowed("an object, only with action provision"),
    )
    promotion: Promotion | None = Field(
        default=None, json_schema_extra=allowed("an object, only with action provision")
    )
    credentials: list[Credential] = Field(
        default_factory=list,
        max_length=MOST_CREDENTIALS,
        description="What the agent's own calls to other services sign in with: AgentCore Identity credential "
        "providers. A provision without one removes the provider that is there.",
        json_schema_extra=allowed(
            f"a list of at most {MOST_CREDENTIALS} credentials, only with action provision"
        ),
    )
    tags: dict[
        Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9 ._:/=+@-]*$")],
        Annotated[str, Field(max_length=256, pattern=r"^[a-zA-Z0-9 ._:/=+@-]*$")],
    ] = Field(
        default_factory=dict,
        max_length=40,
        description="Tags for every resource that the lifecycle creates.",
        json_schema_extra=allowed(
            "an object of at most 40 tag keys to values; not aws: and not agentcore-lifecycle:"
        ),
    )
    smoke_test: SmokeTest = Field(default_factory=SmokeTest, json_schema_extra=allowed("an object"))
    wait: Wait = Field(default_factory=Wait, json_schema_extra=allowed("an object"))
    teardown: Literal["never", "onFailure", "always"] = Field(
        default="never",
        description="Whether `provision` removes the whole environment at the end, even one that was live before. "
        "`onFailure`: only if the execution fails. `always`: in any case (a round trip: build, test, remove).",
        json_schema_extra=allowed("never, onFailure or always"),
    )
    ttl_hours: float | None = Field(
        default=None,
        # DynamoDB, which keeps it, takes no number below 1E-130.
        ge=SHORTEST_LIFETIME,
        le=8760,
        description="Lifetime of the environment. When it has expired, the sweep tears it down.",
        json_schema_extra=allowed(f"{SHORTEST_LIFETIME} to 8760"),
    )
    dry_run: bool = Field(
        default=False,
        description="Changes nothing. For `provision`: says in `plan` what would be built, created, updated and "
        "repaired. For `rollback`: says which version would be restored, what would differ, and how it would be "
        "tested. "
        "For `teardown`: lists what would be removed.",
        json_schema_extra=allowed(
            "true or false, true only with action provision, rollback or teardown"
        ),
    )
    auto_rollback: bool = Field(
        default=False,
        description="For `smokeTest`: if the version of `live` itself is bad, rolls back to the version before, as "
        "`rollback` does. The execution fails all the same, and its cause says what was done.",
        json_schema_extra=allowed("true or false, true only with action smokeTest"),
    )

    @field_validator("tags")
    @classmethod
    def _tags_are_the_callers(cls, value: dict[str, str]) -> dict[str, str]:
        for key in value:
            if key.lower().startswith(_RESERVED_TAGS):
                raise problem(
                    "", key, "a tag key that is not reserved (aws:, agentcore-lifecycle:)"
                )
        return value

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        refuse_disagreement(self)
        return self

    @model_validator(mode="after")
    def _fits_into_the_record(self) -> Self:
        size = self.size
        if size > LARGEST:
            raise problem("", f"{size} bytes as JSON with its defaults", f"at most {LARGEST} bytes")
        return self

    @property
    def size(self) -> int:
        """Its size as JSON, in bytes."""
        return len(json.dumps(self.to_json(), ensure_ascii=False).encode())

    def changed_if_it_fits(self, **changes: Any) -> Self:
        """A copy with other fields; the request itself if the copy would be too long for the record."""
        copy = self.model_copy(update=changes)
        return copy if copy.size <= LARGEST else self

    def to_json(self) -> dict[str, Any]:
        """The request as the JSON object that the state machine passes from state to state."""
        return self.model_dump(mode="json", by_alias=True)


def parse_request(event: Any) -> Request:
    """Validate an execution's input.

    Args:
        event: The input: an object of the fields of `Request`, or an EventBridge envelope around one.

    Returns:
        The request, with defaults filled in.

    Raises:
        InvalidRequestError: The input is wrong; the message names each wrong field, its value and what is allowed.
    """
    return parse_input(Request, event)
