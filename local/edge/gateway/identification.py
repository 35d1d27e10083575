"""Which service and operation a request is for."""

from __future__ import annotations

import time
import uuid

from werkzeug import Request

from local.edge.calls import Call
from local.edge.operations import DATA_PLANE_PATHS, SERVICES_BY_TARGET, Identity, Operations
from local.edge.signatures.claims import scope_of

COGNITO_DOCUMENTS = ("/.well-known/jwks.json", "/.well-known/openid-configuration")
"""How paths of a user pool's public documents end."""


class Identification:
    """Identifies requests.

    Args:
        operations: botocore's models.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def begin(self, request: Request) -> Call:
        """Return a request's call; the caller is not known before the signature is verified."""
        scope = scope_of(request)
        return Call(
            service=scope.service if scope is not None else "s3",
            operation=None,
            caller=None,
            request_id=str(uuid.uuid4()),
            at=time.time(),
        )

    def name(self, call: Call, request: Request, body: bytes) -> None:
        """Set the service and the operation of a call."""
        signed = scope_of(request) is not None
        identity = (
            self._operations.identify(request, call.service, body)
            if signed
            else self._unsigned(request, body)
        )
        call.service, call.operation = identity.service, identity.operation

    def _unsigned(self, request: Request, body: bytes) -> Identity:
        """Name a request without SigV4: bearer tokens, public keys, public Cognito operations."""
        path = request.path
        target = request.headers.get("X-Amz-Target")
        if target is not None:
            service = SERVICES_BY_TARGET.get(target.partition(".")[0])
            # Without a model the error is written as JSON, which every service with this header speaks.
            return (
                self._operations.identify(request, service, body)
                if service
                else Identity("unknown", None)
            )
        if path.startswith(DATA_PLANE_PATHS):
            return self._operations.identify(request, "bedrock-agentcore", body)
        if path.endswith(COGNITO_DOCUMENTS) or path.startswith("/oauth2/"):
            return Identity("cognito-idp", None)
        if (request.content_type or "").startswith("application/x-www-form-urlencoded"):
            # The query protocol; of it STS alone has operations that nobody signs.
            return self._operations.identify(request, "sts", body)
        return self._operations.identify(request, "s3", body)
