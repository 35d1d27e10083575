"""What an agent with credentials runs with: a role of its own, and variables that name its providers."""

from __future__ import annotations

from lifecycle.record import Record
from lifecycle.request.model import Request


def role_of(request: Request, record: Record, shared: str) -> str:
    """The role that an environment's agent runs with.

    Args:
        request: Of the provision or rollback.
        record: The environment's.
        shared: The role of all agents that have no credentials.
    """
    section = record.credentials
    if not request.credentials or section is None or section.role is None:
        return shared
    return section.role.arn or shared


def variables_of(request: Request, record: Record) -> dict[str, str]:
    """The environment variables by which an agent finds its providers.

    Args:
        request: Of the provision or rollback.
        record: The environment's, with the providers that were made.
    """
    providers = record.credentials.providers if record.credentials else {}
    found: dict[str, str] = {}
    for one in request.credentials:
        if one.name in providers:
            found |= one.variables(providers[one.name].name)
    return found
