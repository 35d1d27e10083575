"""Call a runtime with a bearer token, or without any authorization: plain HTTPS, because boto3 always signs."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.provider.bounded import TooLateError, read, within
from lifecycle.smoke_test.invocation import (
    JSON_TYPE,
    Answer,
    Message,
    Target,
    code_of,
    media_type,
    no_answer,
    text_of,
)
from lifecycle.smoke_test.untrusted import UNREADABLE

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_CARD = "invocations/.well-known/agent-card.json"


def way_of(message: Message) -> tuple[str, str]:
    """The method of a message, and its path below the runtime's."""
    return ("GET", _CARD) if message.card else ("POST", "invocations")


def headers_of(message: Message) -> dict[str, str | None]:
    """The headers that say what a message is; None for those that it does not have."""
    return {
        "Content-Type": None if message.card else JSON_TYPE,
        "Accept": message.accept,
        "A2A-Version": message.a2a_version,
        "Mcp-Session-Id": message.mcp_session_id,
        "Mcp-Protocol-Version": message.mcp_version,
        "Mcp-Method": message.mcp_method,
        "Mcp-Name": message.mcp_name,
    }


class BearerCaller:
    """Calls with a bearer token, or without any authorization when the token is None."""

    def __init__(self, clients: Clients, token: SecretStr | None) -> None:
        self._clients = clients
        self._token = token

    @property
    def signs(self) -> bool:
        """See `Caller`."""
        return False

    def authorization(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """See `Caller`. A token is for every URL of the runtime."""
        if self._token is None:
            return {}
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """See `Caller`."""
        method, path = way_of(message)
        return self._send(method, target, path, headers_of(message), message.body, seconds)

    def stop(self, target: Target, seconds: float) -> Answer:
        """See `Caller`."""
        headers = {"Content-Type": JSON_TYPE}
        return self._send("POST", target, "stopruntimesession", headers, b"{}", seconds)

    def _send(
        self,
        method: str,
        target: Target,
        path: str,
        headers: Mapping[str, str | None],
        body: bytes,
        seconds: float,
    ) -> Answer:
        base = str(self._clients.agentcore.meta.endpoint_url).rstrip("/")
        sent = {key: value for key, value in headers.items() if value is not None}
        # A small compressed body could become a huge one.
        sent["Accept-Encoding"] = "identity"
        sent[SESSION_HEADER] = target.session_id
        url = f"{base}/runtimes/{quote(target.arn, safe='')}/{path}"
        sent |= self.authorization(url, sent)

        def send() -> Answer:
            with (
                self._clients.http(seconds) as http,
                http.stream(
                    method,
                    url,
                    params={"qualifier": target.qualifier},
                    headers=sent,
                    content=body or None,
                ) as response,
            ):
                text = text_of(read(response.iter_raw(), seconds))
            return Answer(
                status=response.status_code,
                code=code_of(response.status_code, response.headers, text),
                body=text,
                content_type=media_type(response.headers.get("content-type")),
                mcp_session_id=response.headers.get("mcp-session-id"),
            )

        try:
            return within(seconds, send)
        except (*UNREADABLE, TooLateError) as error:
            return no_answer(error, seconds)
