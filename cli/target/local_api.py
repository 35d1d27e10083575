"""A client for the local AWS's own API (its endpoints are in `local.edge.local_api`)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from cli.errors import CommandError, LocalApiError, NotFoundError, UsageError

_SECONDS = 10.0
_DEPLOY_SECONDS = 120.0
_REFUSALS: dict[int, type[CommandError]] = {
    HTTPStatus.BAD_REQUEST: UsageError,
    HTTPStatus.NOT_FOUND: NotFoundError,
}


class LocalApi:
    """A client for `/_local/`. A request that the API refuses raises `UsageError`.

    Args:
        endpoint_url: The local AWS's endpoint.
        client: An httpx client, for tests without sockets.
    """

    def __init__(self, endpoint_url: str, client: httpx.Client | None = None) -> None:
        self._url = endpoint_url.rstrip("/") + "/_local/"
        # The machine's proxy settings do not apply to localhost.
        self._client = client or httpx.Client(timeout=_SECONDS, trust_env=False)

    def health(self) -> dict[str, Any]:
        """Return its process id, endpoint, stack and state folder."""
        return self._ask("GET", "health")

    def calls(self, **filters: str | None) -> list[dict[str, Any]]:
        """Return the logged calls, filtered by `service`, `operation` and `caller`."""
        given = {name: value for name, value in filters.items() if value is not None}
        calls: list[dict[str, Any]] = self._ask("GET", "calls", params=given)["calls"]
        return calls

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are planned."""
        faults: list[dict[str, Any]] = self._ask("GET", "faults")["faults"]
        return faults

    def add_fault(self, fault: dict[str, Any]) -> dict[str, Any]:
        """Plan a fault and return it with its id."""
        # httpx refuses NaN with a message of its own; the API's message is better.
        return self._ask("POST", "faults", content=json.dumps(fault))

    def clear_faults(self, fault_id: str | None = None) -> None:
        """Remove one planned fault, or all."""
        self._ask("DELETE", "faults" if fault_id is None else f"faults/{quote(fault_id, safe='')}")

    def delays(self, changes: dict[str, float] | None = None) -> dict[str, float]:
        """Change some of AgentCore's delays, and return all of them, in seconds by name."""
        return self._ask("PUT", "delays", json=changes) if changes else self._ask("GET", "delays")

    def update_stack(self) -> dict[str, Any]:
        """Deploy the stack again where its files have changed.

        Returns:
            `files` that differed, by their path from the template's folder; `updated` and `left`, the logical ids of
            what was made or updated, and of what only a new start can update; `seconds`.

        Raises:
            NotFoundError: An older version started the local AWS.
            UsageError: It cannot be deployed as it is now.
        """
        return self._ask("POST", "stack", timeout=_DEPLOY_SECONDS)

    def _ask(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, self._url + path, **arguments)
        except httpx.HTTPError as error:
            raise LocalApiError(f"the local AWS does not answer: {error}") from error
        body: dict[str, Any] = answer.json() if answer.content else {}
        if answer.is_error:
            message = str(body.get("message") or f"HTTP {answer.status_code} to {method} {path}")
            raise _REFUSALS.get(answer.status_code, LocalApiError)(message)
        return body
