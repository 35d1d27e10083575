"""The A2A Python SDK's client and AG-UI's own types, against runtimes of the local AWS.

A program for the environment of requirements/clients.txt. It reads JSON from standard input, `a2a` and `agui` (the URLs
of invocations), `token` and `wrongToken`, and prints what each client saw as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from typing import Any
from urllib.parse import parse_qs

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientError, AgentCardResolutionError
from a2a.types import Message, Part, Role, SendMessageRequest
from ag_ui.core import Event, RunAgentInput, UserMessage
from pydantic import TypeAdapter


def http(token: str | None) -> httpx.AsyncClient:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(headers=headers, timeout=30.0, trust_env=False)


async def a2a(url: str, *tokens: str | None) -> dict[str, Any]:
    """Discover the agent by its card, and send it one message; with the last token, if there are two."""
    base, _, query = url.partition("?")
    async with http(tokens[0]) as client, http(tokens[-1]) as sender:
        resolver = A2ACardResolver(client, base)
        card = await resolver.get_agent_card(http_kwargs={"params": parse_qs(query)})
        # The agent does not know the URL that it is called by.
        card.supported_interfaces[0].url = url
        agent = ClientFactory(ClientConfig(httpx_client=sender)).create(card)
        said = Message(
            message_id=str(uuid.uuid4()), role=Role.ROLE_USER, parts=[Part(text="straße")]
        )
        answers = [answer async for answer in agent.send_message(SendMessageRequest(message=said))]
    (answer,) = answers
    return {
        "name": card.name,
        "skills": [skill.id for skill in card.skills],
        "texts": [part.text for artifact in answer.task.artifacts for part in artifact.parts],
    }


async def refused(given: dict[str, Any], token: str | None) -> dict[str, Any]:
    """What the clients say without a good token: of the card, of a message, and of a run."""
    seen: dict[str, Any] = {"run": await agui(given["agui"], token)}
    try:
        await a2a(given["a2a"], token)
    except AgentCardResolutionError as error:
        seen["card"] = error.status_code
    # The card of somebody who may read it, and a message without a good token.
    try:
        await a2a(given["a2a"], given["token"], token)
    except A2AClientError as error:
        cause = error.__cause__
        if not isinstance(cause, httpx.HTTPStatusError):
            raise
        seen["message"] = cause.response.status_code
    return seen


async def agui(url: str, token: str | None) -> dict[str, Any]:
    """Start a run with the SDK's input, and read its events with the SDK's types."""
    run = RunAgentInput(
        thread_id="thread",
        run_id="run",
        state={},
        messages=[UserMessage(id="one", role="user", content="straße")],
        tools=[],
        context=[],
        forwarded_props={},
    )
    event = TypeAdapter(Event)
    async with http(token) as client:
        answer = await client.post(
            url,
            content=run.model_dump_json(by_alias=True),
            headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
        )
    lines = [line[6:] for line in answer.text.split("\n\n") if line]
    events = [event.validate_json(line) for line in lines]
    deltas = [one.delta for one in events if one.type == "TEXT_MESSAGE_CONTENT"]
    return {
        "status": answer.status_code,
        "types": [one.type.value for one in events],
        "text": "".join(deltas),
    }


async def main() -> None:
    given = json.load(sys.stdin)
    seen = {
        "a2a": await a2a(given["a2a"], given["token"]),
        "agui": await agui(given["agui"], given["token"]),
    }
    seen["without"] = await refused(given, None)
    seen["wrong"] = await refused(given, given["wrongToken"])
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main())
