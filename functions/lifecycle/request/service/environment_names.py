"""Environment variables that a caller must not set: they change which code an agent runs, or whom it talks to.

The execution's input decides what the agent is configured with; the artifact alone decides what it runs, and AgentCore
which credentials it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_CODE = "it changes which code the agent runs"
_CREDENTIALS = "AgentCore gives the agent the credentials of its execution role"
_ENDPOINTS = "it sends the agent's AWS calls to another host"
REFUSED = {
    **dict.fromkeys(
        (
            "BASH_ENV",
            "ENV",
            "LD_AUDIT",
            "LD_LIBRARY_PATH",
            "LD_PRELOAD",
            "NODE_OPTIONS",
            "NODE_PATH",
            "PATH",
            "PYTHONBREAKPOINT",
            "PYTHONHOME",
            "PYTHONINSPECT",
            "PYTHONPATH",
            "PYTHONPLATLIBDIR",
            "PYTHONPYCACHEPREFIX",
            "PYTHONSTARTUP",
            "PYTHONUSERBASE",
        ),
        _CODE,
    ),
    **dict.fromkeys(
        (
            "AWS_ACCESS_KEY_ID",
            "AWS_CONFIG_FILE",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CREDENTIAL_FILE",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "AWS_PROFILE",
            "AWS_ROLE_ARN",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SECURITY_TOKEN",
            "AWS_SESSION_TOKEN",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        _CREDENTIALS,
    ),
    "AWS_CA_BUNDLE": _ENDPOINTS,
    "AWS_ENDPOINT_URL": _ENDPOINTS,
}
"""Each name with the reason."""

_PREFIX = "AWS_ENDPOINT_URL_"


def refused_names(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that must not be set, with the reason."""
    for name in names:
        reason = _ENDPOINTS if name.startswith(_PREFIX) else REFUSED.get(name)
        if reason is not None:
            yield name, reason
