"""What an agent with credentials runs with: a role of its own, and variables that name its providers."""

from __future__ import annotations

from lifecycle.record import Record
from lifecycle.request.credentials.section import Credential
from lifecycle.request.credentials.use import of_agent
from lifecycle.request.model import Request
from lifecycle.request.reach.back import kept_gateway


def role_of(request: Request, record: Record, shared: str) -> str:
    """The role that an environment's agent runs with.

    Args:
        request: Of the provision or rollback.
        record: The environment's.
        shared: The role of all agents that have no credentials of their own.
    """
    section = record.credentials
    if not agents_own(request, record) or section is None or section.role is None:
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
    for one in agents_own(request, record):
        if one.name in providers:
            found |= one.variables(providers[one.name].name)
    return found


def agents_own(request: Request, record: Record) -> list[Credential]:
    """The credentials that are the agent's: what a target of the gateway signs in with is the gateway's alone.

    Args:
        request: Of the provision or rollback.
        record: The environment's, with the gateway that a rollback keeps.
    """
    gateway = kept_gateway(record) if request.action == "rollback" else request.gateway
    return of_agent(request.credentials, gateway)
