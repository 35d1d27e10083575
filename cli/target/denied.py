"""Says which action on which resource AWS denies to the caller's own credentials."""

from __future__ import annotations

import re
from typing import Any

from cli.errors import CommandError

# The error codes of the services that the commands call: JSON services end theirs in `Exception`.
_DENIALS = frozenset({"AccessDenied", "AccessDeniedException"})
# IAM user guide, "Troubleshoot access denied error messages".
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_RESOURCE = re.compile(r"on resource: (\S+)")


class DeniedError(CommandError):
    """AWS denies a call to the caller's own credentials. The message names the action and the resource."""


def name_denials(client: Any) -> None:
    """Let a boto3 client raise `DeniedError` for a call that AWS denies, instead of boto3's own error."""
    client.meta.events.register("after-call", _raise_if_denied)


def denied(message: str, action: str) -> DeniedError:
    """Make the error.

    Args:
        message: What AWS says.
        action: The IAM action, if the message names none.
    """
    named, resource = _ACTION.search(message), _RESOURCE.search(message)
    where = f" on {resource[1]}" if resource else ""
    return DeniedError(
        f"AWS denies {named[1] if named else action}{where} to your credentials: {message}"
    )


def _raise_if_denied(parsed: dict[str, Any], model: Any, **_: Any) -> None:
    error = parsed.get("Error") or {}
    if error.get("Code") in _DENIALS:
        action = f"{model.service_model.signing_name}:{model.name}"
        raise denied(str(error.get("Message") or "no reason given"), action)
