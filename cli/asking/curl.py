"""Makes a curl command that calls an endpoint. The shell asks for the token when it runs the command."""

from __future__ import annotations

import shlex
from urllib.parse import quote, urlencode

from cli.asking.clients import CallerClients
from cli.asking.subject import Asked
from cli.invocation import hint
from cli.target.deployed import Deployed
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS

_QUESTION = "What can you do?"


def curl_command(deployed: Deployed, asked: Asked, clients: CallerClients) -> str:
    """Return the command, on several lines that a shell reads as one.

    Args:
        deployed: The stack.
        asked: The endpoint; its protocol decides what the body is.
        clients: For the URL of AgentCore's data plane.
    """
    base = str(clients.agentcore.meta.endpoint_url).rstrip("/")
    query = urlencode({"qualifier": asked.endpoint})
    url = f"{base}/runtimes/{quote(asked.runtime_arn, safe='')}/invocations?{query}"
    url = asked.gateway_address or url
    token = hint(f"token {asked.environment}", deployed.options, *asked.endpoint_option)
    message = PROTOCOLS[asked.protocol].openings(_QUESTION)[0].message
    return " \\\n  ".join(
        (
            f"curl -sN {shlex.quote(url)}",
            f'-H "Authorization: Bearer $({token})"',
            '-H "Content-Type: application/json"',
            f'-H "Accept: {message.accept}"',
            f"-d {shlex.quote(message.body.decode())}",
        )
    )
