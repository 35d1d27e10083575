"""Find the environment's gateway: by the id in the record, or by its name and tags."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NoReturn

from lifecycle.errors import GatewayError, ServiceUnavailableError
from lifecycle.gateway import calls
from lifecycle.runtime import agentcore

_TAGS_COME_SECONDS = 600
_OWN_TAGS = "agentcore-lifecycle:"


def find_gateway(
    control: Any,
    recorded: str | None,
    name: str,
    stack: str,
    environment: str,
    *,
    intended: bool = False,
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Find the gateway that the record names, or else one that has its name and the environment's tags.

    Args:
        control: AgentCore's control plane.
        recorded: The id in the record; None when there is none.
        name: The gateway's name.
        stack: The stack's name.
        environment: Which environment.
        intended: We began to create one, and do not know its id.

    Returns:
        The answer of `GetGateway`, None when there is no such gateway; and the gateways of somebody else that have the
        name, which are only looked for when the recorded one is not there.

    Raises:
        ServiceUnavailableError: A young gateway of the name may be the intended one, whose tags are not visible yet.
    """
    observed = calls.get_gateway(control, recorded) if recorded is not None else None
    if observed is not None:
        return observed, []
    foreign: list[dict[str, Any]] = []
    for found in _named(control, name):
        tags = agentcore.tags_of(control, found["gatewayArn"])
        if agentcore.is_ours(tags, stack, environment):
            return found, foreign
        if intended and _may_get_tags(found, tags):
            raise ServiceUnavailableError(
                f"the gateway {found['gatewayArn']} has the name '{name}' and no tags yet that say who created it; the "
                "lifecycle retries this step"
            )
        foreign.append(found)
    return None, foreign


def refuse_foreign(observed: dict[str, Any], name: str, stack: str, environment: str) -> NoReturn:
    """Leave alone what has our name and is somebody else's.

    Raises:
        GatewayError: Names it.
    """
    raise GatewayError(
        f"the gateway {observed['gatewayArn']} has the name '{name}', and its tags do not say that stack {stack} "
        f"created it for environment '{environment}'; delete it, or use another environment name"
    )


def _may_get_tags(observed: dict[str, Any], tags: dict[str, str]) -> bool:
    """Whether a gateway may be one of ours whose tags are not visible yet; how late they are is not documented."""
    young = time.time() - observed["createdAt"].timestamp() < _TAGS_COME_SECONDS
    return young and not any(key.startswith(_OWN_TAGS) for key in tags)


def _named(control: Any, name: str) -> Iterator[dict[str, Any]]:
    for gateway_id in calls.gateways_named(control, name):
        found = calls.get_gateway(control, gateway_id)
        if found is not None:
            yield found
