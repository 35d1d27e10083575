"""Asks the console for a page without a socket, as a browser that was let in does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx

from cli.console.application import application
from cli.console.security import LOOPBACK, Gate
from cli.target.deployed import Deployed

_PORT = 80


@dataclass(frozen=True)
class Answer:
    """What a page answers.

    Attributes:
        status: The HTTP status, such as `200 OK`.
        body: The page.
    """

    status: str
    body: str

    @property
    def succeeded(self) -> bool:
        """Whether it is a page, or leads to one."""
        return self.status[0] in "23"


def get(place: Deployed, path: str) -> Answer:
    """Ask for a page.

    Args:
        place: The stack.
        path: The path of the page, with a query if it has one.
    """
    return asyncio.run(_get(place, path))


async def _get(place: Deployed, path: str) -> Answer:
    gate = Gate(_PORT)
    transport = httpx.ASGITransport(application(place, gate), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url=f"http://{LOOPBACK}",
        cookies={gate.cookie: gate.token},
        # httpx leaves the port out where it is the default one.
        headers={"Host": gate.hosts[0]},
    ) as client:
        answer = await client.get(path)
    return Answer(f"{answer.status_code} {answer.reason_phrase}".strip(), answer.text)
