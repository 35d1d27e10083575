"""Call a runtime with a bearer token, or without any authorization: plain HTTPS, because boto3 always signs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.smoke_test.callers.plain import Call, headers_of, send, way_of, with_session
from lifecycle.smoke_test.invocation import JSON_TYPE, Answer, Message, Target


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
        url = target.url(str(self._clients.agentcore.meta.endpoint_url), path)
        sent = with_session(headers, target)
        sent |= self.authorization(url, sent)
        return send(self._clients, Call(method, url, sent, body), seconds)
