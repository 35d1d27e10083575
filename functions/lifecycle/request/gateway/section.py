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
    only: bool = Field(
        default=False,
        description="Closes the runtime to everybody but the gateway: AgentCore then refuses a call that is sent to "
        "the runtime directly, even with a valid token.",
        json_schema_extra=allowed("true or false, true only with auth.type cognito or jwt"),
    )
