"""Remove the role of an MCP gateway, once nothing uses it any more."""

from __future__ import annotations

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.roles.calls import get_role
from lifecycle.roles.converge import is_owned, remove_role

PURPOSE = "gateway"
"""What the name of the role ends with."""


def own_role(stack: str, environment: str) -> str:
    """The name of the role of an environment's MCP gateway."""
    return names.role_name(stack, environment, PURPOSE)


def role_label(stack: str, environment: str) -> str:
    """What the role is called in the output."""
    return f"role {own_role(stack, environment)}"


def has_own_role(clients: Clients, stack: str, environment: str) -> bool:
    """Whether there is such a role, with the tags of stack and environment."""
    role = get_role(clients.iam, own_role(stack, environment))
    return role is not None and is_owned(role, names.tags(stack, environment))


def remove_own_role(clients: Clients, stack: str, environment: str) -> bool:
    """Remove the role; one without the tags of stack and environment is left alone.

    Returns:
        Whether there was one to remove.
    """
    owner = names.tags(stack, environment)
    return remove_role(clients.iam, own_role(stack, environment), owner)


def leave_role(clients: Clients, ledger: GatewayLedger, stack: str, environment: str) -> None:
    """Remove what an MCP gateway had that a gateway in front of the runtime took the place of."""
    if ledger.section.mcp is not None:
        remove_own_role(clients, stack, environment)
        ledger.section.mcp = None
        ledger.save(last=True)
