"""Starts an execution of the lifecycle; the local AWS first deploys what has changed, as for `lifecycle run`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from cli.console.rendering import console_of
from cli.perform.execution import start
from cli.perform.naming import name_of
from cli.target.deployed import lifecycle_of
from cli.target.redeploy import changes_deployed


def start_deployed(request: Request, value: dict[str, Any]) -> str:
    """Start an execution, and return its name. What was deployed is noted for its page.

    Args:
        request: The request.
        value: The input.

    Raises:
        StartError: The local AWS cannot deploy what has changed. Nothing is started.
        LocalApiError: The local AWS does not answer. Nothing is started.
    """
    console = console_of(request)
    place, said = console.place, []
    if place.endpoint_url is not None:
        said = changes_deployed(place.endpoint_url, place.options.removeprefix("--local"))
    name = name_of(start(lifecycle_of(place), value))
    console.notes.add(name, said)
    return name
