"""Calls an endpoint of a runtime, and passes the answer on while it comes.

The product's own callers return an answer when it is complete. A person wants to read it before that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, urlencode

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from pydantic import SecretStr

from cli.asking.clients import CallerClients
from cli.asking.subject import Asked
from cli.errors import CommandError
from cli.target.deployed import Deployed
from lifecycle.provider.bounded import TooLateError
from lifecycle.smoke_test.callers.plain import SESSION_HEADER, UNREADABLE, headers_of, way_of
from lifecycle.smoke_test.invocation import (
    JSON_TYPE,
    Answer,
    Message,
    code_of,
    media_type,
    no_answer,
    text_of,
)

_SERVICE = "bedrock-agentcore"
# AgentCore quotas: the most bytes of an answer.
_MOST_BYTES = 100_000_000
_STOP_SECONDS = 10.0


class Listener(Protocol):
    """Hears an answer while it comes."""

    def begin(self, content_type: str) -> None:
        """An answer with status 200 begins."""

    def hear(self, chunk: bytes) -> None:
        """The next part of it."""


class Connection:
    """The way to an endpoint, in one session.

    Args:
        deployed: The stack; its credentials sign the calls where there is no token.
        asked: The endpoint.
        token: The access token; `None` for SigV4.
        session_id: The session.
        clients: For the URL of AgentCore's data plane, and plain HTTPS.
        seconds: How long an answer may take.
    """

    def __init__(
        self,
        deployed: Deployed,
        asked: Asked,
        token: SecretStr | None,
        session_id: str,
        clients: CallerClients,
        seconds: float,
    ) -> None:
        self._deployed = deployed
        self._token = token
        self._clients = clients
        self._seconds = seconds
        self._qualifier = asked.endpoint
        self.session_id = session_id
        at_gateway = asked.gateway_address
        self._gateway = at_gateway and at_gateway.removesuffix("/invocations")
        base = str(clients.agentcore.meta.endpoint_url).rstrip("/")
        self._runtime = f"{base}/runtimes/{quote(asked.runtime_arn, safe='')}"

    def send(self, message: Message, listener: Listener | None = None) -> Answer:
        """Send a message.

        Args:
            message: What to send.
            listener: Hears the body of an answer with status 200.

        Returns:
            The answer; one without a status if there was none in time.
        """
        headers = {**headers_of(message), SESSION_HEADER: self.session_id}
        method, path = way_of(message)
        return self._send(method, path, headers, message.body, self._seconds, listener)

    def stop(self, session_id: str) -> Answer:
        """Stop a session."""
        headers = {"Content-Type": JSON_TYPE, SESSION_HEADER: session_id}
        return self._send("POST", "stopruntimesession", headers, b"{}", _STOP_SECONDS, None)

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | None],
        body: bytes,
        seconds: float,
        listener: Listener | None,
    ) -> Answer:
        url = f"{self._runtime}/{path}?{urlencode({'qualifier': self._qualifier})}"
        if self._gateway is not None and path != "stopruntimesession":
            url = f"{self._gateway}/{path}"
        sent = {name: value for name, value in headers.items() if value is not None}
        # A compressed stream would come in larger pieces.
        sent["Accept-Encoding"] = "identity"
        sent = self._authorized(method, url, sent, body)
        deadline = time.monotonic() + seconds
        try:
            with (
                self._clients.http(seconds) as http,
                http.stream(method, url, headers=sent, content=body or None) as response,
            ):
                kind = media_type(response.headers.get("content-type"))
                hears = listener if response.status_code == HTTPStatus.OK else None
                if hears is not None:
                    hears.begin(kind)
                text = text_of(b"".join(_heard(response, hears, deadline)))
        except (*UNREADABLE, TooLateError) as error:
            return no_answer(error, seconds)
        return Answer(
            status=response.status_code,
            code=code_of(response.status_code, response.headers, text),
            body=text,
            content_type=kind,
            mcp_session_id=response.headers.get("mcp-session-id"),
        )

    def _authorized(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        if self._token is not None:
            return {**headers, "Authorization": f"Bearer {self._token.get_secret_value()}"}
        credentials = self._deployed.session.get_credentials()
        if credentials is None:
            raise CommandError("there are no AWS credentials to sign the call with")
        request = AWSRequest(method, url, headers=headers, data=body)
        SigV4Auth(credentials, _SERVICE, self._deployed.region).add_auth(request)
        return dict(request.headers.items())


def reason_of(answer: Answer) -> str:
    """Return the message of an error of AgentCore; the body if it has none.

    An error is JSON with a message, or a JSON-RPC error with one (A2A, MCP), or an event with one (AG-UI).
    """
    text = answer.body.strip()
    try:
        value = json.loads(text.removeprefix("data:"))
    except (ValueError, RecursionError):
        return text
    if isinstance(value, dict) and isinstance(value.get("error"), dict):
        value = value["error"]
    named = value.get("message") or value.get("Message") if isinstance(value, dict) else None
    return named if isinstance(named, str) else text


def _heard(response: httpx.Response, listener: Listener | None, deadline: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_raw():
        if listener is not None:
            listener.hear(chunk)
        yield chunk
        size += len(chunk)
        if size >= _MOST_BYTES:
            return
        if time.monotonic() > deadline:
            raise TooLateError
