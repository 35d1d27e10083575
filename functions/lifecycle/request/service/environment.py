"""How much an agent's environment variables may hold together.

Source: AgentCore developer guide, "How it works" (platform versions): the limit is for all names and values together,
4 KB on platform version V1; on V2 2.5 KB for a container and 1.5 KB for code.
"""

from __future__ import annotations

from typing import Literal

_V1_BYTES = 4096
_V2_BYTES = {"container": 2560, "code": 1536}
# What the lifecycle sets itself: AWS_REGION, AWS_DEFAULT_REGION and MODEL_ID, names and values.
_OURS = 256


def most_bytes(artifact_type: Literal["container", "code"], platform_version: str | None) -> int:
    """How many bytes the request's variables may have, names and values together.

    Args:
        artifact_type: What the runtime runs.
        platform_version: `V1`, `V2`, or None where the request leaves it to AgentCore, which then uses V1.
    """
    total = _V1_BYTES if platform_version in (None, "V1") else _V2_BYTES[artifact_type]
    return total - _OURS


def bytes_of(variables: dict[str, str]) -> int:
    """The bytes of all names and values in UTF-8."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
