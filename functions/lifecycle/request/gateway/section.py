"""The input's section `gateway`: an AgentCore Gateway in front of the environment's runtime."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecycle.request.inputs import InputModel, allowed


class Gateway(InputModel):
    """The gateway that callers reach the runtime through."""

    type: Literal["runtime"] = Field(
        description="`runtime`: an HTTP gateway whose target is the endpoint `live` of the runtime, with the same "
        "sign-in.",
        json_schema_extra=allowed("runtime"),
    )
