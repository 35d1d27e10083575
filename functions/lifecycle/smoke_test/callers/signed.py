"""Call a gateway with the function's own AWS credentials: plain HTTPS, because boto3 has no operation for it.

Source: service authorization reference, "Amazon Bedrock AgentCore": `InvokeGateway` is signed for `bedrock-agentcore`.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lifecycle.clients import Clients
from lifecycle.smoke_test.callers.plain import Call, headers_of, send, way_of, with_session
from lifecycle.smoke_test.callers.sigv4 import SigV4Caller
from lifecycle.smoke_test.invocation import Answer, Message, Target


class SignedCaller(SigV4Caller):
    """Calls a gateway with the function's own AWS credentials; stops sessions at the runtime itself."""

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """See `Caller`."""
        method, path = way_of(message)
        url = target.url(str(self._clients.agentcore.meta.endpoint_url), path)
        headers = with_session(headers_of(message), target)
        headers |= _signature(self._clients, method, url, headers, message.body)
        return send(self._clients, Call(method, url, headers, message.body), seconds)


def _signature(
    clients: Clients, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    meta = clients.agentcore.meta
    request = AWSRequest(method, url, headers=dict(headers), data=body)
    credentials = clients.credentials.get_frozen_credentials()
    SigV4Auth(credentials, meta.service_model.signing_name, meta.region_name).add_auth(request)
    return {name: value for name, value in request.headers.items() if name not in headers}
