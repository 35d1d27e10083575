"""Calls to AgentCore's control plane about a credential provider; for a missing one they return None."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from botocore.exceptions import ClientError

from lifecycle.runtime.agentcore import is_not_found
from lifecycle.sections.credentials import ProviderRecord

Kind = Literal["apiKey", "oauth2"]
API_KEY: Kind = "apiKey"
READY = "READY"
# Statuses that end by themselves, and statuses that do not (botocore's model: Status).
BUSY = frozenset({"CREATING", "UPDATING", "DELETING"})
_IN_USE = "already exists"


def get_provider(control: Any, kind: str, name: str) -> dict[str, Any] | None:
    """Read a provider; None when there is none."""
    return _or_none(lambda: _get(control, kind, name))


def create_provider(control: Any, kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """Create a provider. It takes no client token, so one whose answer was lost is found by its name."""
    if kind == API_KEY:
        answer: dict[str, Any] = control.create_api_key_credential_provider(**members)
    else:
        answer = control.create_oauth2_credential_provider(**members)
    return answer


def update_provider(control: Any, kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """Replace all that a provider is made of."""
    if kind == API_KEY:
        answer: dict[str, Any] = control.update_api_key_credential_provider(**members)
    else:
        answer = control.update_oauth2_credential_provider(**members)
    return answer


def delete_provider(control: Any, kind: str, name: str) -> None:
    """Delete a provider; what is gone counts as deleted."""
    if kind == API_KEY:
        _or_none(lambda: control.delete_api_key_credential_provider(name=name) or {})
    else:
        _or_none(lambda: control.delete_oauth2_credential_provider(name=name) or {})


def providers_that_begin_with(control: Any, prefix: str) -> Iterator[tuple[Kind, str, str]]:
    """Type, name and ARN of the providers whose names begin with a text."""
    kinds: tuple[tuple[Kind, Any], ...] = (
        (API_KEY, control.get_paginator("list_api_key_credential_providers")),
        ("oauth2", control.get_paginator("list_oauth2_credential_providers")),
    )
    for kind, paginator in kinds:
        for page in paginator.paginate():
            for item in page["credentialProviders"]:
                if item["name"].startswith(prefix):
                    yield kind, item["name"], item["credentialProviderArn"]


def is_taken(error: ClientError) -> bool:
    """Tell whether an error says that the name is in use.

    Users report a ValidationException; botocore's model also has a ConflictException.
    """
    told = error.response["Error"]
    in_use = told["Code"] == "ValidationException" and _IN_USE in told.get("Message", "")
    return bool(told["Code"] == "ConflictException" or in_use)


def label(provider: ProviderRecord) -> str:
    """How messages and the output name a provider."""
    return f"credential provider {provider.name}"


def _get(control: Any, kind: str, name: str) -> dict[str, Any]:
    if kind == API_KEY:
        answer: dict[str, Any] = control.get_api_key_credential_provider(name=name)
    else:
        answer = control.get_oauth2_credential_provider(name=name)
    return answer


def _or_none(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return call()
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
